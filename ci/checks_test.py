#!/usr/bin/env python3
"""What scenarios/checks.json says is so: checks_test.py PATH-TO-ATREST [TARGET].

Every id that it names exists, every cell of its matrix shows on TARGET (inproc if left out, a
model of 0.25.6) what it says, no tampering scenario of the suite `hardening` is left out, and
CHECKS.md is what checks_table.py makes of it.
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import checks_table

ROOT = checks_table.ROOT
SCENARIOS = ROOT / "scenarios"
ATREST = sys.argv.pop(1) if len(sys.argv) > 1 else ""
TARGET = sys.argv.pop(1) if len(sys.argv) > 1 else "inproc"
DATA = json.loads(checks_table.DATA.read_text(encoding="utf-8"))
RANKED = 30
SHIPPED = 10


def properties():
    """The ids of all properties."""
    tables = (ROOT / "harness" / "generate").glob("*.cc")
    return {name for table in tables
            for name in re.findall(r'"(property/[a-z0-9_/]+)"', table.read_text())}


def cells():
    for row in DATA["matrix"]:
        for column in ("repaired", "wrong"):
            if "scenario" in row[column]:
                yield row, row[column]


def outcome_of(verdict):
    """The word of the matrix for what a run showed, None where the target could not be judged."""
    kind, message = verdict["verdict"], verdict.get("message", "")
    if kind == "pass":
        return "detected"
    if kind == "rejected-as-expected":
        return "refused"
    if kind == "finding":
        return "data lost" if "data lost" in message else "accepted silently"
    return None if kind == "skipped" else kind


class ChecksTest(unittest.TestCase):
    maxDiff = None

    def exists(self, name):
        if name.startswith("property/"):
            return name in properties() or not properties()  # a tree without a generator
        if name.endswith("/"):
            return any((SCENARIOS / name).rglob("*.json"))
        return (SCENARIOS / f"{name}.json").is_file()

    def test_every_id_exists(self):
        for table in ("shipped", "ranked", "catalogue"):
            for row in DATA[table]:
                self.assertTrue(row.get("by") or "not_here" in row or row.get("note"), row)
                self.assertEqual([name for name in row["by"] if not self.exists(name)], [], row)
        for row, cell in cells():
            scenario = json.loads((SCENARIOS / f"{cell['scenario']}.json").read_text())
            self.assertIn(row["requirement"], scenario["requirement"])

    def test_nothing_is_left_out(self):
        self.assertEqual([row["rank"] for row in DATA["ranked"]], list(range(1, RANKED + 1)))
        self.assertEqual(len(DATA["shipped"]), SHIPPED)
        shown = {cell["scenario"] for _, cell in cells()}
        for file in (SCENARIOS / "crypto" / "tampering").glob("*.json"):
            if json.loads(file.read_text())["suite"] == "hardening":
                self.assertIn(f"crypto/tampering/{file.stem}", shown)

    def test_the_matrix_is_what_the_target_shows(self):
        expected = {cell["scenario"]: cell["outcome"] for _, cell in cells()}
        with tempfile.TemporaryDirectory() as folder:
            report = pathlib.Path(folder) / "report.json"
            subprocess.run([ATREST, "run", *expected, "--target", TARGET, "--quiet", "--json",
                            str(report)], cwd=ROOT, check=True, timeout=300)
            verdicts = json.loads(report.read_text())["scenarios"]
        shown = {verdict["id"]: outcome_of(verdict) for verdict in verdicts}
        judged = {name: outcome for name, outcome in shown.items() if outcome is not None}
        self.assertEqual(judged, {name: expected[name] for name in judged})
        self.assertGreater(len(judged), len(expected) * 9 // 10)

    def test_the_document_is_made_from_it(self):
        self.assertEqual(checks_table.DOCUMENT.read_text(encoding="utf-8"),
                         checks_table.document(DATA), "run ci/checks_table.py --write")


if __name__ == "__main__":
    unittest.main()
