"""Portico as a case needs it: the same plugins, routes and services as Envoy's."""

import http.client
import json
import pathlib
import re
import subprocess
import tempfile
import time

START_LIMIT = 90
# The cases ask for much in little time, and on purpose: what a limit does is not their subject.
LIMITS = {"log_rate": 100_000, "cpu": "1s", "request_cpu": "10s", "start_cpu": "30s",
          "memory": "256MiB", "tick": "10ms"}


def plugin(settings, module, number):
    made = {"name": settings.get("name", f"plugin{number}" if number else "plugin"),
            "file": str(module), "limits": settings.get("limits", LIMITS)}
    if settings.get("configuration"):
        made["configuration"] = settings["configuration"]
    if settings.get("root_id"):
        made["root_id"] = settings["root_id"]
    vm = {"id": settings.get("vm_id", str(number) if number else "")}
    if "vm_configuration" in settings:
        vm["configuration"] = settings["vm_configuration"]
    if vm != {"id": ""}:
        made["vm"] = {name: value for name, value in vm.items() if value}
    if "environment" in settings:
        made["environment"] = settings["environment"]
    if settings.get("header_pause"):
        made["header_pause"] = settings["header_pause"]
    if settings.get("isolation"):
        made["isolation"] = settings["isolation"]
    if settings.get("failure_policy") == "FAIL_OPEN":
        made["on_failure"] = "open"
    return made


def configuration(case, modules, ports):
    plugins = [plugin(settings, modules(settings.get("module", "probe")), number)
               for number, settings in enumerate(case.get("plugin", []))]
    local = lambda port: [f"127.0.0.1:{port}"]
    service = lambda name, port: {"name": name, "endpoints": local(port)}
    steps_of = lambda route: [{"plugin": made["name"]} for made, settings in
                              zip(plugins, case.get("plugin", []))
                              if settings.get("route", route) == route]
    rule = lambda prefix, name: {"matches": [{"path": {"prefix": prefix}}], "backends": [name]}
    return {
        "listeners": [{"name": "listener", "address": "127.0.0.1:0"}],
        "services": [service("backend", ports["backend"]), service("other", ports["backend"]),
                     service("refused", ports["refused"]), service("silent", ports["silent"]),
                     service("grpc", ports["grpc"]),
                     *(service(name, ports["backend"]) for name in case.get("clusters", []))],
        "plugins": plugins,
        "routes": [{"name": "other", "filters": steps_of("other"), "rules": [rule("/other", "other")]},
                   {"name": "main", "filters": steps_of("main"), "rules": [rule("/", "backend")]}]}


class Portico:
    name = "portico"

    def __init__(self, binary, case, modules, ports):
        self.folder = tempfile.TemporaryDirectory()
        folder = pathlib.Path(self.folder.name)
        (folder / "portico.yaml").write_text(json.dumps(configuration(case, modules, ports)))
        (folder / "run").mkdir()
        self.place, self.banner = folder / "log", folder / "banner"
        self.log, banner = open(self.place, "wb"), open(self.banner, "wb")
        environment = {"XDG_RUNTIME_DIR": str(folder / "run"), "HOME": str(folder),
                       "PORTICO_ADMIN_TOKEN": "compat", "PATH": "/usr/bin:/bin"}
        level = case.get("log_level", "debug")
        self.process = subprocess.Popen(
            [binary, "run", "--config", folder / "portico.yaml", "--admin", "127.0.0.1:0",
             "--workers", str(case.get("workers", 1)), "--cache", cache(), "--log-format", "json",
             "--log", f"warn,portico::plugin={level}"],
            stdout=banner, stderr=self.log, env=environment)
        banner.close()
        self.port = self.admin = None
        deadline = time.monotonic() + START_LIMIT
        while self.port is None and self.process.poll() is None and time.monotonic() < deadline:
            self.port = self.listener()
            time.sleep(0.02)

    def listener(self):
        try:
            self.admin = int(re.search(r"admin API.*:(\d+)", self.banner.read_text())[1])
            status = json.loads(self.ask("/api/v1/status"))
            return int(status["listeners"][0]["address"].rsplit(":", 1)[1])
        except (OSError, ValueError, TypeError, LookupError):
            return None

    def ask(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.admin, timeout=5)
        connection.request("GET", path, headers={"authorization": "Bearer compat"})
        return connection.getresponse().read().decode()

    def metrics(self):
        return sorted(line for line in self.ask("/metrics").splitlines() if "guest" in line)

    def size(self):
        return self.place.stat().st_size

    def lines(self, start=0):
        """(level, which plugin, what it said), and the gateway's own words about a plugin."""
        with open(self.place, "rb") as log:
            log.seek(start)
            records = log.read().decode(errors="replace").splitlines()
        for record in records:
            try:
                record = json.loads(record)
            except ValueError:
                yield "error", "(host)", record
                continue
            fields, level = record["fields"], record["level"].lower()
            level = "warning" if level == "warn" else level
            if record["target"] == "portico::plugin" and fields.keys() <= {"message", "plugin"}:
                yield level, fields.get("plugin", ""), fields["message"]
            else:
                yield level, "(host)", " ".join(f"{k}={v}" for k, v in fields.items())

    def alive(self):
        return self.process.poll() is None

    def close(self):
        if self.alive():
            self.process.terminate()
        try:
            self.process.wait(timeout=40)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
        self.folder.cleanup()


def cache():
    """One folder for all cases of a run, so that a module is compiled once."""
    place = pathlib.Path(__file__).resolve().parents[2] / "target/compat-cache"
    place.mkdir(parents=True, exist_ok=True)
    return place
