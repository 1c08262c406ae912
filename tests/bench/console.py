#!/usr/bin/env python3
"""What an open console costs: CPU time per request with a page's stream open, against without.

    console.py [--bin DIR] [--rounds N] [--pages N]

One gateway, interleaved rounds; the page is a client of `GET /api/v1/stream`. Prints the ratio of
medians and of minima. Nothing of it decides a test.
"""

import argparse
import http.client
import pathlib
import signal
import statistics
import tempfile
import threading

import run


class Page:
    """Reads the stream, as an open console does, while it is open."""

    def __init__(self, port):
        self.port = port
        self.connection = None

    def open(self):
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port)
        self.connection.request("GET", "/api/v1/stream", headers={"host": "127.0.0.1"})
        answer = self.connection.getresponse()
        assert answer.status == 200, answer.read()
        threading.Thread(target=self.drain, args=(answer,), daemon=True).start()

    @staticmethod
    def drain(answer):
        try:
            while answer.read1(65536):
                pass
        except (OSError, ValueError, AttributeError, http.client.HTTPException):
            pass

    def close(self):
        self.connection.sock.shutdown(2)
        self.connection.close()


def measure(options, folder, processes):
    backend, port, admin = run.free_port(), run.free_port(), run.free_port()
    body = f'return 200 "{run.BODY}";'
    run.start(processes, folder, "backend", run.nginx(folder, "backend", backend, 1, body))
    command = run.portico(options, folder, "portico", port, backend, "", "")
    command[command.index("off")] = f"127.0.0.1:{admin}"
    gateway = run.start(processes, folder, "portico", command)
    run.wait_for(port, gateway, folder / "portico.log")
    run.load(port, "/", 2, 32)
    costs = {"closed": [], "open": []}
    pages = [Page(admin) for _ in range(options.pages)]
    for number in range(options.rounds):
        for state in ("closed", "open") if number % 2 else ("open", "closed"):
            if state == "open":
                for page in pages:
                    page.open()
            before = run.cpu(gateway.pid)
            answered = run.load(port, "/", 3, 32)
            costs[state].append((run.cpu(gateway.pid) - before) * 1e6 / answered)
            if state == "open":
                for page in pages:
                    page.close()
    return costs


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", type=pathlib.Path, default=pathlib.Path("target/release"))
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--pages", type=int, default=1)
    options = parser.parse_args()
    processes = []
    with tempfile.TemporaryDirectory() as folder:
        try:
            costs = measure(options, pathlib.Path(folder), processes)
        finally:
            for process in processes:
                process.send_signal(signal.SIGTERM)
            for process in processes:
                process.wait(10)
    for name, pick in (("median", statistics.median), ("minimum", min)):
        closed, opened = pick(costs["closed"]), pick(costs["open"])
        print(f"{name}: closed {closed:.2f} us, open {opened:.2f} us, ratio {opened / closed:.3f}")


if __name__ == "__main__":
    main()
