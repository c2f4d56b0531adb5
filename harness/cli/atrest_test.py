#!/usr/bin/env python3
"""The program as its users meet it: atrest_test.py PATH-TO-ATREST.

Exit codes, reports, secrecy of keys, and the two canaries: targets that must fail, each for the
stated reason, or the harness sees nothing.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
ATREST = sys.argv.pop(1) if len(sys.argv) > 1 else ""
TIMEOUT_S = 60


def atrest(*arguments, **environment):
    """Runs the program in the root of the checkout; returns what subprocess.run does."""
    return subprocess.run([ATREST, *map(str, arguments)], cwd=ROOT, capture_output=True, text=True,
                          timeout=TIMEOUT_S, env={**os.environ, **environment}, check=False)


def report(*arguments):
    """A run's exit code and its JSON report."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "report.json")
        done = atrest("run", *arguments, "--quiet", "--json", path)
        return done.returncode, json.loads(path.read_text())


def by_id(document):
    return {verdict["id"]: verdict for verdict in document["scenarios"]}


class ReferenceTest(unittest.TestCase):
    def test_every_scenario_is_as_expected(self):
        code, document = report("--target", "inproc")
        self.assertEqual(code, 0)
        counts = document["counts"]
        self.assertGreaterEqual(counts["scenarios"], 190)
        unexpected = {"failed", "differs", "undecided", "errors"}
        self.assertEqual({name: counts[name] for name in unexpected}, dict.fromkeys(unexpected, 0))
        # Only what needs a server program is left for reference_test.py, or a cluster for others.
        skipped = [each for each in document["scenarios"] if each["verdict"] == "skipped"]
        self.assertGreaterEqual(counts["scenarios"] - len(skipped), 190)
        self.assertEqual({each["message"] for each in skipped} - {
            f'the target lacks the capability "{name}"'
            for name in ("client", "raw", "program", "cluster", "nodes")}, set())

    def test_the_seed_changes_nothing_but_nonces(self):
        verdicts = [by_id(report("--target", "inproc", "--seed", seed)[1]) for seed in (1, 2)]
        self.assertEqual(*({name: each["verdict"] for name, each in run.items()}
                           for run in verdicts))

    def test_hardening_findings_count_when_strict(self):
        strict = ("--target", "inproc", "--strict", "--known-failures", "none")
        self.assertEqual(report(*strict)[0], 5)
        self.assertEqual(report("crypto/round_trip", *strict)[0], 0)


class CanaryTest(unittest.TestCase):
    def check(self, verdict, oracle, requirement, message):
        self.assertEqual((verdict["verdict"], verdict["oracle"], verdict["requirement"]),
                         ("fail", oracle, requirement))
        self.assertIn(message, verdict["message"])

    def test_a_target_that_never_encrypts_fails_for_that(self):
        code, document = report("--target", "canary:plain")
        self.assertEqual(code, 1)
        verdicts = by_id(document)
        self.check(verdicts["crypto/round_trip/aes_restart"], "disk", "D-01",
                   "published with encryption on, but is not stored sealed")
        self.check(verdicts["crypto/wrong_key/aes_not_delivered"], "model", "D-14",
                   "must not be delivered")

    def test_a_target_that_keeps_nothing_passes_nothing(self):
        code, document = report("--target", "canary:nothing")
        self.assertEqual(code, 1)
        verdicts = by_id(document)
        self.check(verdicts["crypto/round_trip/golden_aes"], "model", "D-01", "must be delivered")
        self.check(verdicts["crypto/round_trip/after_kill"], "disk", "D-01",
                   "was acked, but is not on disk")
        passed = [name for name, each in verdicts.items() if each["verdict"] == "pass"]
        self.assertEqual(passed, [])


class ExitCodeTest(unittest.TestCase):
    def test_nothing_run_is_3(self):
        done = atrest("run", "no/such/*", "--target", "inproc")
        self.assertEqual(done.returncode, 3)
        self.assertIn("no scenario matches no/such/*\n", done.stderr)
        done = atrest("run", "no/such/*", "crypto/*", "--target", "inproc")
        self.assertEqual(done.returncode, 64)
        self.assertIn("no scenario matches no/such/*\n", done.stderr)
        self.assertEqual(atrest("run", "no/such/*", "--target", "inproc", "--seed", -1).returncode,
                         64)
        self.assertEqual(atrest("list", "no/such/*").returncode, 3)

    def test_usage_is_64(self):
        for arguments in ([], ["run"], ["run", "--target", "nobody"], ["dance"],
                          ["run", "--target", "inproc", "--root", "/nonexistent"],
                          ["run", "--target", "inproc", "--json", "/nonexistent/report"],
                          ["inspect", "/nonexistent"],
                          ["inspect", "fixtures", "--key-env", "ATREST_TEST_UNSET"],
                          ["inspect", "fixtures", "--key-file", "/nonexistent"]):
            done = atrest(*arguments)
            self.assertEqual(done.returncode, 64, (arguments, done.stdout, done.stderr))
            self.assertNotEqual(done.stderr, "", arguments)

    def test_a_malformed_scenario_is_70_and_named(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "fixtures").mkdir()
            (root / "scenarios").mkdir()
            (root / "scenarios/requirements.json").write_text("[]")
            (root / "scenarios/bad.json").write_text('{"title": 3}')
            done = atrest("run", "--target", "inproc", "--root", root)
            self.assertEqual(done.returncode, 70)
            self.assertIn("scenarios/bad.json: /title: a string is expected", done.stderr)

    def test_help_and_version_are_0(self):
        self.assertEqual(atrest("--help").returncode, 0)
        self.assertRegex(atrest("--version").stdout, r"^atrest \d+\.\d+\.\d+\n$")


class ReportTest(unittest.TestCase):
    def test_all_three_reports_agree(self):
        with tempfile.TemporaryDirectory() as folder:
            junit = pathlib.Path(folder, "junit.xml")
            done = atrest("run", "crypto/round_trip", "--target", "inproc", "--junit", junit)
            suites = ElementTree.parse(junit).getroot()
            cases = suites.findall("testsuite/testcase")
            self.assertEqual(len(cases), int(suites.get("tests")))
            self.assertIn(f"{len(cases)} scenarios: {len(cases)} passed", done.stdout)

    def test_no_key_is_in_any_output(self):
        documents = [json.loads(path.read_text()) for path in (ROOT / "scenarios").rglob("*.json")]
        scenarios = [document for document in documents if "steps" in document]
        titles = " ".join(scenario["title"] for scenario in scenarios)
        keys = {value for scenario in scenarios for value in scenario.get("keys", {}).values()
                if isinstance(value, str) and len(value) >= 8 and value not in titles}
        self.assertGreater(len(keys), 3)
        with tempfile.TemporaryDirectory() as folder:
            junit, other = pathlib.Path(folder, "j"), pathlib.Path(folder, "o")
            done = atrest("run", "--target", "canary:plain", "--junit", junit, "--json", other)
            printed = done.stdout + done.stderr + junit.read_text() + other.read_text()
        self.assertEqual([key for key in keys if key in printed], [])

    def test_a_kept_store_is_there(self):
        with tempfile.TemporaryDirectory() as folder:
            atrest("run", "crypto/round_trip/aes_restart", "--target", "inproc", "--keep", folder)
            kept = pathlib.Path(folder, "crypto/round_trip/aes_restart/store/server.dat")
            self.assertEqual(kept.stat().st_size, 208)


class InspectTest(unittest.TestCase):
    def test_keys_are_numbered_in_the_order_given_and_never_shown(self):
        right = "correct horse battery staple"
        done = atrest("inspect", "fixtures/stores/aes/store", "--key", "wrong one", "--key-env",
                      "ATREST_TEST_KEY", "--key", "another", "--json", ATREST_TEST_KEY=right)
        self.assertEqual(done.returncode, 0)
        messages = json.loads(done.stdout)["channels"][0]["messages"]
        self.assertEqual(messages[0]["opened_by"], [2])
        self.assertNotIn("horse", done.stdout + done.stderr)

    def test_a_mistyped_option_does_not_print_the_key_behind_it(self):
        done = atrest("inspect", "fixtures/stores/aes/store", "--kye", "correct horse")
        self.assertEqual(done.returncode, 64)
        self.assertNotIn("horse", done.stdout + done.stderr)


class ListTest(unittest.TestCase):
    def test_requirements_name_their_scenarios(self):
        listed = json.loads(atrest("list", "--json", "--requirements").stdout)
        scenarios = {each["id"]: each for each in json.loads(atrest("list", "--json").stdout)}
        self.assertEqual(len({each["id"] for each in listed}), len(listed))
        for requirement in listed:
            for name in requirement["scenarios"]:
                self.assertIn(requirement["id"], scenarios[name]["requirements"])


if __name__ == "__main__":
    unittest.main()
