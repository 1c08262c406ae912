"""What two gateways may differ in without anybody calling them different, put out of sight.

Times, ports and the gateway's own headers are gone; Envoy's three instances at the start are
one; `critical` is `error`. Everything else stays as it was seen.
"""

import re

VOLATILE = re.compile(
    r"^(\w+ +property (request\.(id|time|duration)|(source|destination|upstream)\.(port|address)|"
    r"upstream\.(local_address|cx_pool_ready_duration)|connection\.id|x_request_id|response\.backend_latency|"
    r"\w+\.total_size|(request|response)\.headers|xds\.node\S*) -> 0) .*")
REPLACED = [
    (re.compile(r"(x-envoy-upstream-service-time\W+)\d+"), r"\1N"),
    (re.compile(r"(date\W+)\w\w\w, \d\d \w\w\w \d{4} \d\d:\d\d:\d\d GMT"), r"\1D"),
    (re.compile(r"(server\W+)(envoy|portico)"), r"\1S"),
    (re.compile(r"(x-request-id\W+)[0-9a-f]{8}-[0-9a-f-]{27}"), r"\1ID"),
    (re.compile(r"^critical"), "error   "),
    (re.compile(r"\\u\{([0-9a-f]{1,2})\}"), lambda m: f"\\x{int(m[1], 16):02x}"),
]
LEVELS = ("trace", "debug", "info", "warning", "error", "critical")


def of(transcript, loose=False):
    """The comparable lines of a transcript; with `loose`, a request's log lines as a sorted set,
    for cases whose callbacks come when they come."""
    lines = [line(text) for text in transcript]
    lines = [text for text in lines if text is not None]
    start = lines.index("") if "" in lines else len(lines)
    if "does not start" in lines:
        return ["does not start"]
    lines = by_arrival(without_begun(lines[start:]), loose)
    return by_set(lines) if loose else lines


def without_begun(lines):
    """Without the requests that the service saw the head of and nothing else: when a gateway
    connects is its own affair, if the request then never goes there."""
    out, begin = [], None
    for text in lines:
        if text.startswith("backend: "):
            begin = len(out)
        out.append(text)
        if text == '  "" incomplete' and begin is not None:
            del out[begin:]
    return out


def by_arrival(lines, once):
    """What the service saw of one request in the order of the text: call-outs and the request
    itself run side by side. With `once`, equal ones count as one."""
    out, blocks = [], []
    for text in lines + [""]:
        if text.startswith("backend: "):
            blocks.append([text])
        elif blocks and text.startswith("  "):
            blocks[-1].append(text)
        else:
            blocks.sort()
            out += sum((block for place, block in enumerate(blocks)
                        if not (once and block in blocks[:place])), [])
            blocks = []
            out.append(text)
    return out[:-1]


def line(text):
    level, _, rest = text.partition(" ")
    if level not in LEVELS:
        name, colon, value = text.partition(":")
        return name.lower() + colon + value if text.startswith("  ") and colon else text
    rest = rest.lstrip()
    if rest.startswith("(host)"):
        return None
    text = f"{level:8} {rest}"
    for pattern, new in REPLACED:
        text = pattern.sub(new, text)
    return VOLATILE.sub(r"\1 V", text)


def by_set(lines):
    out, said = [], set()
    for text in lines + [""]:
        if text.partition(" ")[0] in LEVELS:
            said.add(text)
            continue
        out += sorted(said)
        said = set()
        out.append(text)
    return out[:-1]
