#!/usr/bin/env python3
"""The suite again and again while the machine is busy: every verdict must be the one of the first,
quiet run.

    ci/bench/flake.py --atrest build/release/bin/atrest --target inproc --runs 1000 [--jobs N]
                      [--cpus 4] [-- ARGUMENT...]

Under stress-ng on --cpus processors (0: without). What follows -- goes to each `atrest run`. The
first verdict that is another one is printed with its message; exit code 1 if there was any.

Only Python's standard library is used.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import time


class Failed(Exception):
    """A run that says nothing of the target: no report, or another suite."""


def judge(atrest, target, arguments, folder):
    """The verdicts of one run: {scenario: (verdict, requirement, message)}."""
    report = pathlib.Path(folder, "report.json")
    report.unlink(missing_ok=True)
    done = subprocess.run([atrest, "run", "--target", target, "--quiet", "--json", report,
                           *arguments], check=False, capture_output=True, text=True)
    if not report.exists():
        raise Failed(f"no report (exit {done.returncode}): {done.stderr.strip()[-500:]}")
    scenarios = json.loads(report.read_text())["scenarios"]
    return {one["id"]: (one["verdict"], one["requirement"], one["message"]) for one in scenarios}


def differences(quiet, busy):
    """What BUSY judged otherwise than QUIET: [(scenario, was, is)]. Messages of what failed in both
    may differ: they tell of nonces and times."""
    if quiet.keys() != busy.keys():
        raise Failed("the scenarios of two runs differ")
    return [(name, quiet[name], busy[name]) for name in quiet if quiet[name][:2] != busy[name][:2]]


def load(cpus):
    if cpus == 0:
        return None
    return subprocess.Popen(["stress-ng", "--cpu", str(cpus), "--quiet"],
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def watch(options, folder):
    """Runs them all; how many verdicts were other ones."""
    quiet = judge(options.atrest, options.target, options.arguments, folder)
    if not quiet:
        raise Failed("nothing was run")
    stress = load(options.cpus)
    flaky = 0
    began = time.monotonic()
    try:
        for number in range(1, options.runs + 1):
            busy = judge(options.atrest, options.target, options.arguments, folder)
            for name, was, now in differences(quiet, busy):
                flaky += 1
                print(f"run {number}: {name}: {was[0]} became {now[0]} ({now[1]}: {now[2]})",
                      flush=True)
            if stress is not None and stress.poll() is not None:
                raise Failed("stress-ng has ended before the runs")
    finally:
        if stress is not None:
            stress.terminate()
            stress.wait(10)
    print(f"{options.target}: {options.runs} runs of {len(quiet)} scenarios beside "
          f"{options.cpus} busy processors: {flaky} flaky verdicts "
          f"({time.monotonic() - began:.0f} s)", flush=True)
    return flaky


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--atrest", type=pathlib.Path, required=True)
    parser.add_argument("--target", required=True)
    parser.add_argument("--runs", type=int, required=True)
    parser.add_argument("--cpus", type=int, default=4, help="of stress-ng (4)")
    parser.add_argument("arguments", nargs="*", help="behind --: of each atrest run")
    options = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory(prefix="atrest-flake-") as folder:
            return 1 if watch(options, folder) > 0 else 0
    except (Failed, OSError) as failed:
        print(f"flake.py: {failed}", file=sys.stderr)
        return 70


if __name__ == "__main__":
    sys.exit(main())
