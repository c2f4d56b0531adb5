#!/usr/bin/env python3
"""A server under a steady load of many clients, with encryption at rest: nothing may be lost, and
neither its memory nor its descriptors may grow once it is warm.

    ci/bench/soak.py --load build/release/bin/atrest-load --server PROGRAM [--seconds 60]

Exit code 1 if a message was lost, the rate was not reached, the server grew, or did not end with
143 on SIGTERM, alone.

Only Python's standard library is used.
"""
import argparse
import itertools
import json
import pathlib
import statistics
import subprocess
import sys
import threading
import time

from server_process import Server, ServerFailed

KEY = "soak-key"
MIB = 2**20
RATE_SHARE_MIN = 0.95
# How much more is no growth, as a share and beside it. What is under way is in memory as well, and
# memory that a stall has taken is not given back: the longest delay says how much that may be.
GROWTH_MAX = 0.05
SLACK = {"memory": 4 * MIB, "descriptors": 8}
BYTES_UNDER_WAY = 1024  # of a message, on its way through the server's buffers and caches
SAMPLES_MIN = 6


class Watch(threading.Thread):
    """Samples the server once a second while the load lasts."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server = server
        self.samples = {"memory": [], "descriptors": []}
        self.ended = threading.Event()

    def run(self):
        while not self.ended.wait(1):
            try:
                self.samples["memory"].append(self.server.resident_bytes())
                self.samples["descriptors"].append(len(self.server.descriptors()))
            except OSError:
                return

    def end(self):
        self.ended.set()
        if self.is_alive():
            self.join()


def slope(values):
    """Of one value to the next: the median over all pairs, on which a single burst has no hold."""
    return statistics.median((values[j] - values[i]) / (j - i)
                             for i, j in itertools.combinations(range(len(values)), 2))


def growth(values, slack):
    """Why `values` are not flat once warm, or None: by their trend over the second half, and by the
    median of the last third against that of the middle one. No maxima: a burst that waits while the
    machine does something else is no growth."""
    if len(values) < SAMPLES_MIN:
        return f"only {len(values)} samples"
    second = values[len(values) // 2:]
    risen = slope(second) * len(second)
    allowed = GROWTH_MAX * statistics.mean(second) + slack
    if risen > allowed:
        return f"rose by {risen:.0f} over the second half, {allowed:.0f} are allowed"
    third = len(values) // 3
    middle, last = (statistics.median(part) for part in (values[third:2 * third],
                                                         values[2 * third:]))
    if last > middle * (1 + GROWTH_MAX) + slack:
        return f"{last:.0f} in the last third, {middle:.0f} in the middle one (medians)"
    return None


def run_load(options, server):
    """(what atrest-load printed, samples taken while it published)."""
    command = [str(options.load), "--port", str(server.port), "--seconds", str(options.seconds),
               "--rate", str(options.rate), "--connections", str(options.connections),
               "--channels", str(options.channels), "--subscribers", str(options.subscribers),
               "--size", str(options.size)]
    print("$", *command, flush=True)
    watch = Watch(server)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True) as load:
        try:
            for stage in map(str.strip, load.stderr):
                print(f"  {stage}", flush=True)
                if stage == "loading":
                    watch.start()
                elif stage == "draining":
                    watch.end()
            printed = load.stdout.read()
        finally:
            watch.end()
            load.kill()
    return json.loads(printed or '{"ok": false, "trouble": "it printed nothing"}'), watch.samples


def faults_in(options, result, samples):
    if not result["ok"]:
        yield "lost or failed: " + json.dumps(result)
    rate = result.get("published_per_s", 0)
    if rate < RATE_SHARE_MIN * options.rate:
        yield f"{rate:.0f} messages a second, {options.rate} were wanted"
    stall_s = result.get("ack_ms", {}).get("max", 0) / 1000
    slack = SLACK | {"memory": SLACK["memory"] + int(stall_s * rate) * BYTES_UNDER_WAY}
    for name, values in samples.items():
        why = growth(values, slack[name])
        if why:
            yield f"{name} not flat: {why}"


def describe(name, values, unit, scale):
    shown = [f"{value / scale:.0f}" for value in values[::max(1, len(values) // 20)]]
    print(f"  {name} ({unit}): {' '.join(shown)}")


def soak(options):
    flags = ["-st", "FILE", "-dir", "store", "-encrypt", "-encryption_key", KEY, "-mc", 0,
             "-mm", options.max_messages]
    with Server(options.server, flags) as server:
        print("$", *server.command(), flush=True)
        cpu = server.cpu_seconds()
        result, samples = run_load(options, server)
        cpu = server.cpu_seconds() - cpu
        faults = list(faults_in(options, result, samples))
        try:
            server.stop()
        except ServerFailed as failed:
            faults.append(str(failed))
    print("  " + json.dumps(result))
    print(f"  server CPU: {cpu:.1f} s, {cpu * 1e6 / max(1, result.get('published', 0)):.1f} us a "
          "message")
    describe("resident memory", samples["memory"], "MiB", MIB)
    describe("descriptors", samples["descriptors"], "open", 1)
    return faults


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--load", required=True, type=pathlib.Path, help="the program atrest-load")
    parser.add_argument("--server", required=True, type=pathlib.Path)
    for name, default in (("seconds", 60), ("rate", 50000), ("connections", 1000),
                          ("channels", 100), ("subscribers", 100), ("size", 128)):
        parser.add_argument(f"--{name}", type=int, default=default, help=f"({default})")
    parser.add_argument("--max-messages", type=int, help="limit of a channel, -mm (10000, or so "
                        "many that it is reached in a third of the time)")
    options = parser.parse_args(arguments)
    if options.max_messages is None:
        in_a_third = options.rate * options.seconds // options.channels // 3
        options.max_messages = max(100, min(10000, in_a_third))
    options.load, options.server = options.load.resolve(), options.server.resolve()
    return options


def main():
    began = time.monotonic()
    try:
        faults = soak(parse(sys.argv[1:]))
    except ServerFailed as failed:
        faults = [str(failed)]
    for fault in faults:
        print(f"error: {fault}")
    print(f"{'FAILED' if faults else 'passed'} after {time.monotonic() - began:.0f} s")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
