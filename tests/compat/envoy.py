"""Envoy as a case needs it: its filters before the router, the backend behind it."""

import http.client
import json
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import time

# Envoy compiles a filter before it listens; a slow machine takes seconds.
START_LIMIT = 90
LEVELS = ("trace", "debug", "info", "warning", "error", "critical")


def type_of(name):
    return {"@type": f"type.googleapis.com/{name}"}


def address(port):
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def plugin(settings, module, number):
    """The HTTP filter of one plugin of a case."""
    name = settings.get("name", f"plugin{number}" if number else "plugin")
    vm = {"runtime": "envoy.wasm.runtime.v8", "code": {"local": {"filename": str(module)}},
          # Plugins of one VM share memory and count contexts together: not unless it is asked for.
          "vm_id": settings.get("vm_id", str(number) if number else "")}
    if "vm_configuration" in settings:
        vm["configuration"] = text(settings["vm_configuration"])
    if "environment" in settings:
        vm["environment_variables"] = {"key_values": settings["environment"]}
    config = {"name": name, "root_id": settings.get("root_id", ""), "vm_config": vm,
              "configuration": text(settings.get("configuration", ""))}
    if settings.get("header_pause") == "headers":
        config["allow_on_headers_stop_iteration"] = True
    if policy := settings.get("failure_policy"):
        config["failure_policy"] = policy
    kind = type_of("envoy.extensions.filters.http.wasm.v3.Wasm")
    return {"name": name, "typed_config": kind | {"config": config}}


def text(value):
    return type_of("google.protobuf.StringValue") | {"value": value}


def cluster(name, port, **more):
    return {"name": name, "type": "STATIC", "load_assignment": {"cluster_name": name, "endpoints": [
        {"lb_endpoints": [{"endpoint": {"address": address(port)}}]}]}} | more


def configuration(case, modules, ports):
    filters = [plugin(settings, modules(settings.get("module", "probe")), number)
               for number, settings in enumerate(case.get("plugin", []))]
    filters.append({"name": "router", "typed_config": type_of(
        "envoy.extensions.filters.http.router.v3.Router")})
    connection = {
        "stat_prefix": "test",
        "route_config": {"name": "routes", "virtual_hosts": [
            {"name": "all", "domains": ["*"], "routes": [
                {"name": "other", "match": {"prefix": "/other"}, "route": {"cluster": "other"}},
                {"name": "main", "match": {"prefix": "/"}, "route": {"cluster": "backend"}}]}]},
        "http_filters": filters}
    connection |= case.get("connection_manager", {})
    manager = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
    http2 = {"typed_extension_protocol_options": {
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions":
            type_of("envoy.extensions.upstreams.http.v3.HttpProtocolOptions")
            | {"explicit_http_config": {"http2_protocol_options": {}}}}}
    return {
        "admin": {"address": address(0)},
        "node": {"id": "node", "cluster": "cluster"},
        "static_resources": {
            "listeners": [{"name": "listener", "address": address(0), "filter_chains": [
                {"filters": [{"name": "http", "typed_config": type_of(manager) | connection}]}]}],
            "clusters": [cluster(name, ports["backend"]) for name in case.get("clusters", [])] + [
                         cluster("backend", ports["backend"]), cluster("other", ports["backend"]),
                         cluster("refused", ports["refused"]), cluster("silent", ports["silent"]),
                         cluster("grpc", ports["grpc"], **http2)]}}


def find():
    return shutil.which("envoy")


class Envoy:
    name = "envoy"

    def __init__(self, binary, case, modules, ports):
        self.folder = tempfile.TemporaryDirectory()
        folder = pathlib.Path(self.folder.name)
        (folder / "envoy.json").write_text(json.dumps(configuration(case, modules, ports)))
        self.log, self.place = open(folder / "log", "wb"), folder / "log"
        self.process = subprocess.Popen(
            [binary, "-c", folder / "envoy.json", "--admin-address-path", folder / "admin",
             "--use-dynamic-base-id", "--concurrency", "1", "-l", "warning",
             "--component-log-level", "wasm:" + case.get("log_level", "debug"),
             "--log-format", "\x01%t\x02%l\x02%v"],
            stdout=self.log, stderr=self.log)
        self.port = self.admin = None
        deadline = time.monotonic() + START_LIMIT
        while self.port is None and self.process.poll() is None and time.monotonic() < deadline:
            self.port = self.listener(folder / "admin")
            # Envoy offers nothing to wait on but its admin address.
            time.sleep(0.05)

    def listener(self, place):
        try:
            host, port = place.read_text().rsplit(":", 1)
            self.admin = int(port)
            [status] = json.loads(self.ask("GET", "/listeners?format=json"))["listener_statuses"]
            port = status["local_address"]["socket_address"]["port_value"]
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
            return port
        except (OSError, ValueError, KeyError):
            return None

    def ask(self, method, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.admin, timeout=5)
        connection.request(method, path)
        return connection.getresponse().read().decode()

    def metrics(self):
        """The guests' metrics; Envoy prefixes them with `wasmcustom`."""
        lines = self.ask("GET", "/stats").splitlines()
        return sorted(line.removeprefix("wasmcustom.") for line in lines
                      if line.startswith("wasmcustom."))

    def size(self):
        return self.place.stat().st_size

    def lines(self, start=0):
        """(level, what the plugin said) in order, and Envoy's own words about a plugin."""
        with open(self.place, "rb") as log:
            log.seek(start)
            records = log.read().decode(errors="replace").split("\x01")[1:]
        for record in records:
            thread, level, words = record.removesuffix("\n").split("\x02", 2)
            said = re.match(r"wasm log([^:]*): (.*)", words, re.S)
            if said and int(thread) == self.process.pid:
                # The main thread has instances too, which see no request, only ticks.
                continue
            if said:
                yield level, said[1].strip(), said[2]
            elif level in ("warning", "error", "critical") and re.search("wasm|Function:", words, re.I):
                yield level, "(host)", words

    def alive(self):
        return self.process.poll() is None

    def close(self):
        if self.alive():
            self.process.terminate()
        self.process.wait(timeout=30)
        self.log.close()
        self.folder.cleanup()
