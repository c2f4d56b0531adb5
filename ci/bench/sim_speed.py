#!/usr/bin/env python3
"""How fast the cluster simulator is, on one core: three idle nodes, and three nodes under load.

    ci/bench/sim_speed.py PATH-TO-ATREST [--rounds N] [--ops N] [--idle SECONDS]

Idle: virtual seconds that pass in a second of processor time; at least 1,000.
Load: what clients do (publishes, deliveries, acknowledgements of either) a second of processor
time, without the checkers that read files; at least 50,000.
Of each the best of all rounds, so that other work on the machine counts little. Exit code 1 if one
is below its bound.

Only Python's standard library is used.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

IDLE_MIN = 1000
LOAD_MIN = 50_000


def simulate(atrest, *arguments):
    """The report of a run, and its processor time in seconds."""
    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder, "report.json")
        before = os.times()
        subprocess.run([atrest, "simulate", "--faults", "none", "--no-checks", "--json",
                        str(report), *map(str, arguments)],
                       check=True, stdout=subprocess.DEVNULL)
        after = os.times()
        spent = (after.children_user - before.children_user
                 + after.children_system - before.children_system)
        return json.loads(report.read_text())["seeds"][0], spent


def idle_speed(options):
    run, spent = simulate(options.atrest, "--ops", 0, "--idle", options.idle)
    return run["virtual_seconds"] / spent


def load_speed(options):
    run, spent = simulate(options.atrest, "--ops", options.ops, "--op-gap", 10)
    done = run["published"] + run["acknowledged"] + 2 * run["delivered"]
    return done / spent


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("atrest")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--ops", type=int, default=20_000)
    parser.add_argument("--idle", type=int, default=20_000)
    options = parser.parse_args()
    idle = max(idle_speed(options) for _ in range(options.rounds))
    load = max(load_speed(options) for _ in range(options.rounds))
    print(f"three idle nodes: {idle:,.0f} times real time (at least {IDLE_MIN:,})")
    print(f"under load: {load:,.0f} operations a second (at least {LOAD_MIN:,})")
    return 0 if idle >= IDLE_MIN and load >= LOAD_MIN else 1


if __name__ == "__main__":
    sys.exit(main())
