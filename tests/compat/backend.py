"""The service behind both gateways: it answers as the path asks, and keeps what it was sent.

The query of the path says how to answer, or the header `x-answer` where a filter changes the
path; without one it is 200 with the five bytes `hello`.

    status=503          the status
    pieces=abc,def      the body, each piece sent GAP after the one before
    framing=chunked     instead of `length`, `close` (until the connection ends) or `none`
    size=100000         a body of so many bytes, instead of `pieces`
    header=a:b          a header, any number of times
    trailer=a:b         a trailer, with framing=chunked
    delay=0.3           seconds before the answer
    break=1             the connection ends after the first piece
"""

import socket
import threading
import time
import urllib.parse

# Between two pieces that must not arrive as one. Both proxies read a socket as soon as it
# is readable; on a machine with two busy cores a tenth of a second tells them apart.
GAP = 0.1


class Backend:
    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.socket.getsockname()[1]
        self.seen, self.lock, self.open = [], threading.Lock(), 0
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            connection.settimeout(20)
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with connection, connection.makefile("rb") as stream:
            try:
                while self.exchange(connection, stream):
                    pass
            except OSError:
                pass

    def exchange(self, connection, stream):
        """One request and its answer; false when the connection is over."""
        first = stream.readline()
        if not first:
            return False
        head = []
        while (line := stream.readline()).strip():
            head.append(line.rstrip(b"\r\n").decode("latin-1"))
        seen = {"line": first.strip().decode("latin-1"), "head": head, "body": b"", "whole": False,
                "trailers": []}
        with self.lock:
            self.seen.append(seen)
        try:
            self.body(stream, seen)
        except (OSError, ValueError):
            pass
        if not seen["whole"]:
            return False
        wish = [line[10:] for line in head if line.lower().startswith("x-answer: ")]
        return answer(connection, seen["line"], wish[0] if wish else None)

    def body(self, stream, seen):
        fields = dict(line.lower().split(": ", 1) for line in seen["head"] if ": " in line)
        if "chunked" in fields.get("transfer-encoding", ""):
            while size := int(stream.readline().split(b";")[0], 16):
                seen["body"] += stream.read(size)
                stream.readline()
            while (line := stream.readline()).strip():
                seen["trailers"].append(line.strip().decode("latin-1"))
        else:
            left = int(fields.get("content-length", 0))
            while left:
                piece = stream.read1(left)
                if not piece:
                    return
                seen["body"] += piece
                left -= len(piece)
        seen["whole"] = True

    def take(self):
        """What was seen since the last time, in the order of its arrival."""
        with self.lock:
            seen, self.seen = self.seen, []
        return seen

    def close(self):
        self.socket.close()


def answer(connection, line, wish):
    target = line.split(" ")[1] if " " in line else "/"
    query = wish or urllib.parse.urlsplit(target).query
    fields = urllib.parse.parse_qs(query, keep_blank_values=True)
    one = lambda name, default: fields.get(name, [default])[0]
    status = one("status", "")
    status, framing = int(status) if status.isdigit() else 200, one("framing", "length")
    pieces = [piece.encode("latin-1", "replace") for piece in one("pieces", "hello").split(",")]
    if one("size", "").isdigit():
        pieces = [b"x" * int(one("size", ""))]
    if not line.startswith("HEAD") and one("body", "yes") == "no":
        pieces = []
    time.sleep(float(one("delay", "0")))
    head = [f"HTTP/1.1 {status} OK", "content-type: text/plain", "x-backend: yes"]
    for header in fields.get("header", []):
        name, _, value = header.partition(":")
        head = [line for line in head if name.lower() != "content-type" or "content-type" not in line]
        head.append(f"{name}: {value}")
    if framing == "length":
        head.append(f"content-length: {sum(map(len, pieces))}")
    elif framing == "chunked":
        head.append("transfer-encoding: chunked")
    elif framing == "close":
        head.append("connection: close")
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.sendall(("\r\n".join(head) + "\r\n\r\n").encode())
    if line.startswith("HEAD"):
        return True
    for index, piece in enumerate(pieces):
        if index or "late" in fields:
            time.sleep(GAP)
        if index and "break" in fields:
            return False
        connection.sendall(b"%x\r\n%s\r\n" % (len(piece), piece) if framing == "chunked" else piece)
    if framing == "chunked":
        time.sleep(GAP if "lateend" in fields else 0)
        trailers = "".join(t.replace(":", ": ", 1) + "\r\n" for t in fields.get("trailer", []))
        connection.sendall(f"0\r\n{trailers}\r\n".encode())
    return framing != "close"
