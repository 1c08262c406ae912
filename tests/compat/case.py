"""A case: plugins with their settings, and requests. What one gateway makes of it is text."""

import time
import tomllib

import client

# The log is written by other threads than the ones that answer: it counts as complete when
# nothing was added for so long.
QUIET = 0.25
# Who says what a gateway says itself.
HOST = "(host)"
IGNORED = ("date:", "server:", "x-envoy-", "x-request-id:", "x-portico-", "x-forwarded-for:")


def load(path):
    with open(path, "rb") as file:
        return tomllib.load(file)


def guests(case):
    """The modules that a case needs."""
    return {plugin.get("module", "probe") for plugin in case.get("plugin", [])}


def shown(data):
    """Bytes as printable text of one line."""
    # Portico has escaped a guest's control characters before it logs them, Envoy has not.
    return "".join(c if " " <= c <= "~" else {"\n": "\\n", "\r": "\\r"}.get(c, f"\\x{ord(c):02x}")
                   for c in data.decode("latin-1"))


def quote(data):
    if len(data) > 600:
        return f'"{shown(data[:300])}…" ({len(data)} bytes)'
    return f'"{shown(data)}"'


def settle(gateway, since):
    """Waits until the log rests, but not forever: ticks may never let it."""
    size, quiet = gateway.size(), time.monotonic()
    deadline = quiet + 3 * since + 1
    while time.monotonic() - quiet < since and time.monotonic() < deadline:
        time.sleep(0.02)
        if gateway.size() != size:
            size, quiet = gateway.size(), time.monotonic()


def wait_for(gateway, start, words):
    deadline = time.monotonic() + client.PATIENCE
    while time.monotonic() < deadline:
        if any(words in line[2] for line in gateway.lines(start)):
            return
        time.sleep(0.02)


def kept(line):
    return not line.lower().startswith(IGNORED)


def run(case, gateway, backend):
    """The transcript of a case, a list of lines."""
    out = ["# start"] + log_of(gateway, 0)
    if gateway.port is None:
        return out + ["does not start"]
    for request in case.get("request", []):
        start = gateway.size()
        answer = client.send(gateway.port, request)
        if words := request.get("until"):
            wait_for(gateway, start, words)
        settle(gateway, request.get("quiet", QUIET))
        out += ["", f"# {request.get('method', 'GET')} {request.get('path', '/')}"]
        out += answer_of(answer, request.get("method", "GET"))
        for seen in backend.take():
            out += seen_of(seen)
        out += log_of(gateway, start)
        if not gateway.alive():
            return out + ["the gateway is gone"]
    if case.get("metrics"):
        out += ["", "# metrics"] + gateway.metrics()
    return out


def answer_of(answer, method):
    if not answer.data:
        return ["answer: none, " + ("connection closed" if answer.closed else "it hangs")]
    head, _, body = answer.data.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    out = [f"answer: {lines[0]}"] + [f"  {line}" for line in lines[1:] if kept(line)]
    if b"transfer-encoding: chunked" in head.lower():
        body, _ = client.dechunk(body)
    out.append(f"  {quote(body)}")
    if not answer.complete(method):
        out.append("  incomplete, " + ("then closed" if answer.closed else "and hangs"))
    elif answer.closed and b"connection: close" not in head.lower():
        out.append("  then closed")
    return out


def seen_of(seen):
    out = [f"backend: {seen['line']}"] + [f"  {line}" for line in seen["head"] if kept(line)]
    out.append(f"  {quote(seen['body'])}" + ("" if seen["whole"] else " incomplete"))
    return out + [f"  trailer {line}" for line in seen["trailers"]]


def log_of(gateway, start):
    return [f"{level:8} {who + ' ' if who == HOST else ''}{shown(text.encode())}"
            for level, who, text in gateway.lines(start)]
