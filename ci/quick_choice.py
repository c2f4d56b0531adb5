#!/usr/bin/env python3
"""Chooses what `--quick` takes besides covering every requirement: ci/quick_choice.py.

Reads build/reports/kill_matrix.json of `ci/run.py prove` and writes scenarios/quick.txt: again and
again the scenario that kills, for the stated reason, most of the faults that none chosen before
kills. Together they kill all that any scenario kills. What `--quick` takes to cover requirements is
not counted on: it depends on this choice (harness/runner/choose.h) and changes with each scenario
that is added. The choice may only be made anew with a new release of the scenarios.
"""
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
MATRIX = ROOT / "build" / "reports" / "kill_matrix.json"
QUICK = ROOT / "scenarios" / "quick.txt"
HEAD = """# What `--quick` takes besides covering every requirement: few that kill the faults
# of the reference. Made by ci/quick_choice.py of a kill matrix; ids, one a line.
"""


def killers(matrix):
    """{fault: the scenarios that kill it for the stated reason}"""
    return {fault["name"]: {kill["check"] for kill in fault["kills"]
                            if kill["stated"] and not kill["check"].startswith("property/")}
            for fault in matrix["faults"] if fault["kind"] != "variant"}


def choose(by_fault):
    missing = {fault: checks for fault, checks in by_fault.items() if checks}
    chosen = set()
    while missing:
        counts = {}
        for checks in missing.values():
            for check in checks:
                counts[check] = counts.get(check, 0) + 1
        best = min(counts, key=lambda check: (-counts[check], check))
        chosen.add(best)
        missing = {fault: checks for fault, checks in missing.items() if best not in checks}
    return sorted(chosen)


def main():
    matrix = json.loads(MATRIX.read_text())
    if matrix["early_end"]:
        raise SystemExit("the matrix of --quick does not say what the others would have killed")
    chosen = choose(killers(matrix))
    QUICK.write_text(HEAD + "".join(f"{check}\n" for check in chosen))
    print(f"{len(chosen)} scenarios")
    return 0


if __name__ == "__main__":
    sys.exit(main())
