#!/usr/bin/env python3
"""What the faults that can be switched on cost where none is: one program without them, one with.

    ci/bench/fault_cost.py WITHOUT WITH [--rounds N] [--cases N]

Both do the same generated scenarios on the reference's store, without oracles, in turns; what is
compared is processor time, the least of all rounds, so that other work on the machine counts
little.
Prints the ratio; exit code 1 if it is above 1.01.

Only Python's standard library is used.
"""
import argparse
import os
import subprocess
import sys

LIMIT = 1.01


def processor_time(atrest, cases):
    """Seconds of one run, of all its processes."""
    before = os.times()
    subprocess.run([atrest, "fuzz", "--target", "inproc", "--cases", str(cases), "--jobs", "1",
                    "--no-oracles", "--keep", ""], check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    user = after.children_user - before.children_user
    return user + after.children_system - before.children_system


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("without")
    parser.add_argument("with_faults", metavar="with")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--cases", type=int, default=10000)
    options = parser.parse_args()
    programs = (options.without, options.with_faults)
    best = dict.fromkeys(programs, float("inf"))
    for _ in range(options.rounds):
        for program in programs:
            best[program] = min(best[program], processor_time(program, options.cases))
    ratio = best[options.with_faults] / best[options.without]
    print(f"{options.cases} scenarios: {best[options.without]:.3f} s without faults built in, "
          f"{best[options.with_faults]:.3f} s with them; ratio {ratio:.4f}")
    return 0 if ratio <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
