#!/usr/bin/env python3
"""Puts the kill matrix of `ci/run.py prove` into the tree: the page as harness/prove/MATRIX.md, the
figure with its date on the README's front.

    ci/kill_figure.py            write both, from build/reports/kill_matrix.{md,json}
    ci/kill_figure.py --check    are both there, of one run, and of the faults that there are?

The check is one of the tests: a fault that is added, renamed or removed asks for a new matrix.
"""
import argparse
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "harness" / "prove" / "MATRIX.md"
README = ROOT / "README.md"
FAULTS = ROOT / "reference" / "FAULTS.md"
REPORTS = ROOT / "build" / "reports"
BEGIN, END = "<!-- kill matrix -->", "<!-- end of kill matrix -->"
NAME = re.compile(r"^\| `([^`]+)` \|", re.M)
FIGURE = re.compile(r"^(\d+) of (\d+) faults killed for the stated reason, (\d+) of them by "
                    r"scenarios of --quick; (\d+) of (\d+) lawful variants pass", re.M)
DATE = re.compile(r" on (\d{4}-\d{2}-\d{2}) \(")


def front(page):
    """The lines of the README, made of the page alone."""
    figure, date = FIGURE.search(page), DATE.search(page)
    if not figure or not date:
        raise SystemExit(f"{PAGE.name}: no figure or no date in it")
    killed, faults, quick, lawful, variants = figure.groups()
    return (f"Of {faults} servers that were broken on purpose, each by one realistic fault, the "
            f"harness fails {killed},\neach for the stated reason ({quick} of them in `--quick`); "
            f"of {variants} that only differ lawfully it blames {int(variants) - int(lawful)}\n"
            f"([kill matrix](harness/prove/MATRIX.md) of {date.group(1)}).")


def with_front(readme, lines):
    begin, end = readme.find(BEGIN), readme.find(END)
    if begin < 0 or end < begin:
        raise SystemExit(f"README.md: {BEGIN} and {END} are needed")
    return readme[:begin] + BEGIN + "\n" + lines + "\n" + readme[end:]


def text_of(path):
    if not path.exists():
        raise SystemExit(f"{path.name} is missing: ci/run.py prove, then ci/kill_figure.py")
    return path.read_text()


def of_one_run(page, report):
    """Whether the page and the JSON have the same date and figures."""
    figure, date = FIGURE.search(page), DATE.search(page)
    names = ("killed", "faults", "quick", "lawful", "variants")
    there = [str(report["figures"][name]) for name in names]
    return bool(figure and date and list(figure.groups()) == there
                and report["date"].startswith(date.group(1))
                and set(NAME.findall(page)) == {fault["name"] for fault in report["faults"]})


def check():
    """What is wrong with what is in the tree: lines."""
    page, readme = text_of(PAGE), README.read_text()
    wrong = []
    if with_front(readme, front(page)) != readme:
        wrong.append("the README's figure is not that of MATRIX.md: run ci/kill_figure.py")
    tried, there = set(NAME.findall(page)), set(NAME.findall(FAULTS.read_text()))
    for name in sorted(there - tried):
        wrong.append(f"{name} is not in the kill matrix: ci/run.py prove, then ci/kill_figure.py")
    for name in sorted(tried - there):
        wrong.append(f"{name} is in the kill matrix and is no fault: ci/run.py prove, then "
                     "ci/kill_figure.py")
    return wrong


def write():
    report = json.loads(text_of(REPORTS / "kill_matrix.json"))
    if report["early_end"]:
        raise SystemExit("the matrix of --quick is no matrix")
    page = text_of(REPORTS / "kill_matrix.md")
    if not of_one_run(page, report):
        raise SystemExit("kill_matrix.md and kill_matrix.json are not of one run: ci/run.py prove")
    PAGE.write_text(page)
    README.write_text(with_front(README.read_text(), front(page)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--check", action="store_true", help="only look")
    options = parser.parse_args()
    if not options.check:
        write()
    wrong = check()
    for line in wrong:
        print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
