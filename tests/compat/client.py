"""Sends one request of a case over a socket of its own, and reads the answer as bytes."""

import select
import socket
import time

from backend import GAP

# An answer that is not there by then never comes: the cases' slowest waits a second.
PATIENCE = 4.0


def head_of(request):
    method, path = request.get("method", "GET"), request.get("path", "/")
    lines = [f"{method} {path} HTTP/1.1"]
    headers = [tuple(header) for header in request.get("headers", [])]
    if not any(name.lower() == "host" for name, _ in headers):
        headers.insert(0, ("Host", "example.com"))
    pieces = request.get("body")
    if pieces is not None and request.get("framing", "length") == "length":
        headers.append(("Content-Length", str(sum(len(piece) for piece in pieces))))
    elif pieces is not None and request.get("framing") == "chunked":
        headers.append(("Transfer-Encoding", "chunked"))
    return ("\r\n".join(lines + [f"{n}: {v}" for n, v in headers]) + "\r\n\r\n").encode("latin-1")


def payload(request):
    """The pieces to send, the head with the first one unless `late` says otherwise."""
    head, pieces = head_of(request), request.get("body") or []
    pieces = [piece.encode("latin-1") for piece in pieces]
    if request.get("size"):
        pieces = [b"x" * request["size"]]
    if request.get("framing") == "chunked":
        pieces = [b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces]
        trailers = "".join(f"{n}: {v}\r\n" for n, v in request.get("trailers", []))
        pieces.append(f"0\r\n{trailers}\r\n".encode())
    if not pieces:
        return [head]
    if request.get("late", True):
        return [head] + pieces
    return [head + pieces[0]] + pieces[1:]


class Answer:
    def __init__(self):
        self.data, self.closed, self.reset = b"", False, False

    def complete(self, method):
        """Whether the bytes so far are a whole response."""
        head, found, body = self.data.partition(b"\r\n\r\n")
        if not found:
            return False
        fields = self.fields(head)
        status = int(head.split(b" ")[1])
        if method == "HEAD" or status in (204, 304):
            return True
        if b"chunked" in fields.get(b"transfer-encoding", b""):
            return dechunk(body)[1]
        if b"content-length" in fields:
            return len(body) >= int(fields[b"content-length"])
        return self.closed

    @staticmethod
    def fields(head):
        lines = [line.split(b":", 1) for line in head.split(b"\r\n")[1:] if b":" in line]
        return {name.strip().lower(): value.strip() for name, value in lines}


def dechunk(body):
    """The content of the chunks, and whether the last one came."""
    content = b""
    while True:
        line, found, body = body.partition(b"\r\n")
        if not found:
            return content, False
        size = int(line.split(b";")[0] or b"0", 16)
        if size == 0:
            return content, body.endswith(b"\r\n")
        if len(body) < size + 2:
            return content + body[:size], False
        content, body = content + body[:size], body[size + 2:]


def send(port, request):
    answer, method = Answer(), request.get("method", "GET")
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with connection:
        for index, piece in enumerate(payload(request)):
            if index and not read(connection, answer, method, GAP):
                break
            try:
                connection.sendall(piece)
            except OSError:
                answer.reset = True
        if request.get("hang_up"):
            time.sleep(request["hang_up"])
            return answer
        read(connection, answer, method, request.get("patience", PATIENCE))
    return answer


def read(connection, answer, method, limit):
    """Reads until the answer is whole or the time is over; false when nothing more can come."""
    deadline = time.monotonic() + limit
    while not answer.closed and (left := deadline - time.monotonic()) > 0:
        if answer.complete(method):
            # What follows a whole answer at once belongs to what is observed: a close.
            left = min(left, 0.05)
        if not select.select([connection], [], [], left)[0]:
            if answer.complete(method):
                return True
            continue
        try:
            piece = connection.recv(65536)
        except OSError:
            answer.reset, piece = True, b""
        answer.data += piece
        answer.closed = not piece
    return not answer.closed
