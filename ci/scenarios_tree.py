#!/usr/bin/env python3
"""Checks of the scenarios as a whole: prints `file: error: why`.

Every requirement has a scenario, or a checker of simulated clusters that judges it, and every claim
of the documentation a scenario in conformance; every scenario cites a requirement; a claim reads as
when its scenarios were written (clauses.json); what a version of the suite has frozen is unchanged;
lists of known failures name scenarios that exist.
"""
import hashlib
import json
import pathlib
import re
import sys

import freeze_suite

ROOT = pathlib.Path(__file__).resolve().parent.parent
REGISTER = "scenarios/requirements.json"
CLAUSES = "scenarios/clauses.json"
CLAIM_PREFIX = "D-"
# Where the checkers of simulated clusters are, which name what they judge.
CHECKERS = ("harness/simcheck/*.cc", "reference/sim/*.cc")
# Requirements that are in the register before their first scenario. Empty at a release; one that
# has a scenario must not be here.
AWAITED = set()


def load(path):
    return json.loads(path.read_text())


def clause_hash(requirement):
    """Of the sentence that scenarios were written for, and its level."""
    clause = f"{requirement['level']} {requirement['text']}"
    return hashlib.sha256(clause.encode()).hexdigest()


def simulated(root):
    """The requirements that checkers of simulated clusters judge."""
    files = [each for pattern in CHECKERS for each in root.glob(pattern)]
    texts = [each.read_text() for each in files if not each.name.endswith("_test.cc")]
    return {found for text in texts for found in re.findall(r'"([DHK]-[\w-]+)"', text)}


def errors_in(root, awaited=frozenset()):
    """(file, why) of everything that is wrong below `root`."""
    requirements = {each["id"]: each for each in load(root / REGISTER)}
    files = freeze_suite.scenario_files(root)
    scenarios = {name: load(path) for name, path in files.items()}
    judged = simulated(root)
    yield from unknown(requirements, judged)
    yield from uncited(requirements, scenarios, awaited, judged)
    yield from edited_clauses(root, requirements, scenarios)
    yield from thawed(root, requirements, scenarios)
    yield from stale_entries(root, scenarios)


def unknown(requirements, judged):
    for each in sorted(judged - set(requirements)):
        yield REGISTER, f"{each} is what a checker of simulated clusters judges, and is not there"


def uncited(requirements, scenarios, awaited, judged):
    citing = {}
    for name, scenario in scenarios.items():
        known = [each for each in scenario["requirement"] if each in requirements]
        if not known:
            yield f"scenarios/{name}.json", "cites no requirement of the register"
        for each in known:
            citing.setdefault(each, set()).add(scenario["suite"])
    for each in requirements:
        wanted = "conformance" if each.startswith(CLAIM_PREFIX) else requirements[each]["suite"]
        has_one = wanted in citing.get(each, ())
        if has_one and each in awaited:
            yield REGISTER, f"{each} has a scenario and is no longer awaited"
        is_judged = each in judged and not each.startswith(CLAIM_PREFIX)
        if not has_one and each not in awaited and not is_judged:
            yield REGISTER, f"{each} has no scenario in {wanted}"


def edited_clauses(root, requirements, scenarios):
    pinned = load(root / CLAUSES)
    claims = {each for each in requirements if each.startswith(CLAIM_PREFIX)}
    for each in sorted(claims ^ set(pinned)):
        yield CLAUSES, f"{each} is in only one of it and the register"
    for each in sorted(claims & set(pinned)):
        if clause_hash(requirements[each]) == pinned[each]:
            continue
        stale = sorted(name for name, scenario in scenarios.items()
                       if each in scenario["requirement"])
        yield CLAUSES, f"{each} reads otherwise now; look through {', '.join(stale) or 'nothing'}"


def thawed(root, requirements, scenarios):
    for path in sorted((root / "scenarios/suites").glob("*.json")):
        version = load(path)
        where = f"scenarios/suites/{path.name}"
        for name, pinned in version["scenarios"].items():
            if name not in scenarios:
                yield where, f"{name} is frozen there and gone"
            elif freeze_suite.content_hash(scenarios[name]) != pinned:
                yield where, f"{name} is frozen there and was changed"
        for each in version["requirements"]:
            if each not in requirements:
                yield where, f"{each} is frozen there and gone"


def stale_entries(root, scenarios):
    for path in sorted((root / "scenarios/known_failures").glob("*.txt")):
        for line in path.read_text().splitlines():
            name = line.partition(" # ")[0]
            if line and not line.startswith("#") and name not in scenarios:
                yield f"scenarios/known_failures/{path.name}", f"{name} is not a scenario"


def main():
    errors = list(errors_in(ROOT, AWAITED))
    for name, why in errors:
        print(f"{name}: error: {why}")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
