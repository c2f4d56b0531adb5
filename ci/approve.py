#!/usr/bin/env python3
"""Accepts changed output of the tests that compare with approved files: ci/approve.py [NAME...].

A failing comparison leaves fixtures/reports/NAME.received beside the approved file. Look at the
difference first (this prints it); then accept it with --yes, which puts the received file in the
approved one's place.
"""
import argparse
import difflib
import pathlib
import sys

REPORTS = pathlib.Path(__file__).resolve().parent.parent / "fixtures" / "reports"
SUFFIX = ".received"


def difference(approved, received):
    before = approved.read_text(errors="replace").splitlines(True) if approved.exists() else []
    after = received.read_text(errors="replace").splitlines(True)
    return "".join(difflib.unified_diff(before, after, approved.name, received.name))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", help="approved files; none: all that have changed")
    parser.add_argument("--yes", action="store_true", help="accept what is shown")
    options = parser.parse_args()
    found = [path for path in sorted(REPORTS.glob("*" + SUFFIX))
             if not options.names or path.name.removesuffix(SUFFIX) in options.names]
    if not found:
        print("nothing to approve")
        return 1
    for received in found:
        approved = received.with_name(received.name.removesuffix(SUFFIX))
        print(difference(approved, received), end="")
        if options.yes:
            received.replace(approved)
    return 0


if __name__ == "__main__":
    sys.exit(main())
