#!/usr/bin/env python3
"""Runs as their users meet them: run_test.py PATH-TO-ATREST.

Jobs, subsets and orders, known failures, versions, disputes, kept runs (harness/runner/RUNS.md).
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
import xml.etree.ElementTree as ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
ATREST = sys.argv.pop(1) if len(sys.argv) > 1 else ""
TIMEOUT_S = 500


def atrest(*arguments):
    return subprocess.run([ATREST, *map(str, arguments)], cwd=ROOT, capture_output=True, text=True,
                          timeout=TIMEOUT_S, check=False)


def without_times(document):
    """A report without what may differ from run to run."""
    for name in ("seconds", "started_at", "calibration"):
        document.pop(name)
    for each in document["scenarios"]:
        each.pop("seconds")
    return document


class RunTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def report(self, *arguments):
        """A run's exit code and its JSON report."""
        path = self.folder / "report.json"
        done = atrest("run", *arguments, "--quiet", "--json", path)
        self.assertEqual(done.stderr, "")
        return done.returncode, json.loads(path.read_text())

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path


class JobsTest(RunTest):
    def test_jobs_change_nothing_but_times(self):
        for target in ("inproc", "canary:plain"):
            one = self.report("--target", target)
            several = self.report("--target", target, "--jobs", 3)
            self.assertEqual(one[0], several[0])
            self.assertEqual(without_times(one[1]), without_times(several[1]))

    def test_so_it_is_for_a_server_program(self):
        one = self.report("crypto/round_trip", "--target", "reference")
        several = self.report("crypto/round_trip", "--target", "reference", "--jobs", 2)
        self.assertEqual(without_times(one[1]), without_times(several[1]))

    def test_no_job_outlives_atrest(self):
        server = self.write("server", "#!/bin/sh\necho $$ >> \"$PIDS\"\nexec sleep 1000\n")
        server.chmod(0o755)
        pids = self.write("pids", "")
        run = subprocess.Popen(
            [ATREST, "run", "crypto/options/no_key", "crypto/round_trip", "--target", "reference",
             "--server", server, "--jobs", "2"], cwd=ROOT, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, env={**os.environ, "PIDS": str(pids)})
        deadline = time.monotonic() + TIMEOUT_S
        while len(pids.read_text().split()) < 2 and time.monotonic() < deadline:
            time.sleep(0.001)
        run.kill()
        run.wait(timeout=TIMEOUT_S)
        started = [int(pid) for pid in pids.read_text().split()]
        self.assertGreaterEqual(len(started), 2)
        while any(map(is_alive, started)):
            self.assertLess(time.monotonic(), deadline, "a server outlived atrest")
            time.sleep(0.001)


def is_alive(pid):
    try:
        state = pathlib.Path("/proc", str(pid), "stat").read_text().rpartition(")")[2].split()[0]
        return state != "Z"
    except FileNotFoundError:
        return False


class ChoiceTest(RunTest):
    def test_quick_cites_all_that_the_whole_cites(self):
        def cited(*arguments):
            document = self.report("--target", "inproc", *arguments)[1]
            return {name for each in document["scenarios"] for name in each["requirements"]}
        self.assertEqual(cited("--quick"), cited())

    def test_a_shuffled_run_has_the_same_verdicts_in_another_order(self):
        plain = self.report("--target", "inproc")[1]["scenarios"]
        document = self.report("--target", "inproc", "--shuffle", 5)[1]
        shuffled = document["scenarios"]
        self.assertEqual(document["configuration"]["shuffle"], "5")

        def verdicts(scenarios):
            return [(each["id"], each["verdict"], each["message"]) for each in scenarios]
        self.assertNotEqual(verdicts(plain), verdicts(shuffled))
        self.assertEqual(sorted(verdicts(plain)), sorted(verdicts(shuffled)))

    def test_one_suite(self):
        document = self.report("--target", "inproc", "--suite", "hardening")[1]
        self.assertEqual({each["suite"] for each in document["scenarios"]}, {"hardening"})
        self.assertEqual(atrest("run", "--target", "inproc", "--suite", "x").returncode, 64)

    def test_the_calibration_is_told(self):
        self.assertRegex(self.report("crypto/round_trip/aes_restart", "--target", "inproc")[1]
                         ["calibration"], r"^a start or stop takes up to \d+ ms, 10000 ms are")


class KnownFailuresTest(RunTest):
    SWAP = "crypto/tampering/detect_swap"
    MESSAGE = ('step "all": accepted silently: something was delivered that was never published '
               "so")

    def with_list(self, text, *arguments):
        known = self.write("list.txt", text)
        code, document = self.report("--target", "inproc", "--known-failures", known, *arguments)
        return code, document

    def test_what_is_listed_fails_nothing(self):
        code, document = self.with_list(f"# unreviewed\n{self.SWAP} # {self.MESSAGE}\n", self.SWAP,
                                        "--strict")
        self.assertEqual((code, document["departures"], document["counts"]["known"]), (0, [], 1))

    def test_everything_else_fails_the_run(self):
        entry = f"# unreviewed\n{self.SWAP} # {self.MESSAGE}\n"
        for text, runs, departure in (
                ("", self.SWAP, f"{self.SWAP}: finding, but not listed: {self.MESSAGE}"),
                (f"# unreviewed\n{self.SWAP} # other\n", self.SWAP,
                 f"{self.SWAP}: finding otherwise than listed: {self.MESSAGE}"),
                (entry + "crypto/round_trip/aes_restart # m\n", "crypto/round_trip/aes_restart",
                 "crypto/round_trip/aes_restart: listed, but its verdict is pass"),
                (entry + "nats/lines # m\n", "crypto/round_trip",
                 "nats/lines: listed, but there is no such scenario"),
                ("# unreviewed\ncrypto/options/program/spellings # m\n", "crypto/options/program",
                 "crypto/options/program/spellings: listed, but its verdict is skipped")):
            code, document = self.with_list(text, runs)
            self.assertEqual((code, document["departures"]), (1, [departure]))

    def test_departures_are_in_every_report(self):
        junit = self.folder / "junit.xml"
        known = self.write("list.txt", "")
        done = atrest("run", self.SWAP, "--target", "inproc", "--known-failures", known, "--junit",
                      junit)
        self.assertIn(f"not as in {known}: {self.SWAP}: finding, but not listed", done.stdout)
        failures = ElementTree.parse(junit).findall(".//failure")
        self.assertEqual(len(failures), 1)
        self.assertIn(self.SWAP, failures[0].text)

    def test_an_update_makes_the_run_pass(self):
        known = self.write("list.txt", f"# mine: https://example.org/7\n{self.SWAP} # "
                           f"{self.MESSAGE}\ncrypto/x # old\n")
        arguments = ("--target", "inproc", "--known-failures", known)
        done = atrest("run", *arguments, "--update")
        self.assertEqual(done.returncode, 0)
        self.assertIn("\ndropped: crypto/x # old\n", done.stdout)
        self.assertIn("\nadded: ", done.stdout)
        self.assertEqual(self.report(*arguments, "--strict")[0], 0)
        text = known.read_text()
        self.assertTrue(text.startswith(
            f"# mine: https://example.org/7\n{self.SWAP} # {self.MESSAGE}\n\n"), text)
        self.assertIn("# unreviewed\n", text)

    def test_no_update_of_a_target_in_trouble(self):
        known = self.write("list.txt", "# unreviewed\na # b\n")
        done = atrest("run", "--target", "stdio:exit 5", "--known-failures", known, "--update")
        self.assertEqual(done.returncode, 70)
        self.assertIn(f"--update left {known} as it was", done.stderr)
        self.assertEqual(known.read_text(), "# unreviewed\na # b\n")

    def test_an_update_needs_all_scenarios(self):
        known = self.write("list.txt", "")
        for some in (["crypto"], ["--quick"], ["--suite", "hardening"]):
            done = atrest("run", "--target", "inproc", "--known-failures", known, "--update", *some)
            self.assertEqual(done.returncode, 64)
        self.assertEqual(known.read_text(), "")

    def test_a_malformed_list_is_wrong_usage(self):
        known = self.write("list.txt", "a # b\n")
        done = atrest("run", "--target", "inproc", "--known-failures", known)
        self.assertEqual((done.returncode, done.stderr),
                         (64, f"atrest: {known}:1: no reason stands above the entry\n"))

    def test_ours_are_as_they_are(self):
        # Those of the server program: reference_test.py.
        code, document = self.report("--target", "inproc", "--strict", "--jobs", 2)
        self.assertEqual((document["departures"], code), ([], 0))


class VersionTest(RunTest):
    def setUp(self):
        super().setUp()
        self.root = self.folder / "root"
        self.root.mkdir()
        (self.root / "fixtures").symlink_to(ROOT / "fixtures")
        (self.root / "harness").symlink_to(ROOT / "harness")
        shutil.copytree(ROOT / "scenarios", self.root / "scenarios")
        (self.root / "ci").mkdir()
        shutil.copy(ROOT / "ci/freeze_suite.py", self.root / "ci")
        subprocess.run([sys.executable, self.root / "ci/freeze_suite.py", "test-1"], check=True,
                       stdout=subprocess.DEVNULL)
        self.version = self.root / "scenarios/suites/test-1.json"

    def run_version(self, target="inproc"):
        return self.report("--target", target, "--suite-version", "test-1", "--root", self.root)

    def test_what_came_later_is_not_run(self):
        later = self.root / "scenarios/crypto/round_trip/later.json"
        shutil.copy(self.root / "scenarios/crypto/round_trip/aes_restart.json", later)
        ids = [each["id"] for each in self.run_version()[1]["scenarios"]]
        self.assertIn("crypto/round_trip/aes_restart", ids)
        self.assertNotIn("crypto/round_trip/later", ids)

    def test_a_changed_scenario_is_refused(self):
        path = self.root / "scenarios/crypto/round_trip/aes_restart.json"
        path.write_text(path.read_text().replace("\"title\": \"", "\"title\": \"Not "))
        done = atrest("run", "--target", "inproc", "--suite-version", "test-1", "--root", self.root)
        self.assertEqual(done.returncode, 70)
        self.assertIn("aes_restart.json is not as it was frozen in test-1", done.stderr)

    def test_requirements_that_came_later_do_not_count(self):
        frozen = json.loads(self.version.read_text())
        frozen["requirements"] = [each for each in frozen["requirements"] if each == "D-13"]
        self.version.write_text(json.dumps(frozen))
        document = self.run_version("canary:plain")[1]
        oracles = {each["oracle"] for each in document["scenarios"] if each["verdict"] == "fail"}
        self.assertNotIn("disk", oracles)

    def test_an_unknown_version_is_wrong_usage(self):
        self.assertEqual(
            atrest("run", "--target", "inproc", "--suite-version", "none").returncode, 64)


class DisputeTest(RunTest):
    def test_a_dispute_is_no_failure(self):
        code, document = self.report("crypto/disputed", "--target", "reference")
        self.assertEqual(code, 0)
        self.assertEqual({each["verdict"] for each in document["scenarios"]}, {"disputed"})
        self.assertEqual(document["counts"]["disputed"], len(document["scenarios"]))
        listed = {each["id"]: each for each in json.loads(
            atrest("list", "--disputes", "--json").stdout)}
        for each in document["scenarios"]:
            self.assertIn(each["id"], listed[each["dispute"]]["scenarios"])

    def test_what_the_entry_does_not_explain_is_a_failure(self):
        code, document = self.report("crypto/disputed", "--target", "canary:nothing")
        self.assertEqual(code, 1)
        self.assertNotIn("disputed", {each["verdict"] for each in document["scenarios"]})

    def test_the_register_is_printed(self):
        printed = atrest("list", "--disputes").stdout
        self.assertIn("X-empty-variable  [D-05]", printed)


class KeepTest(RunTest):
    def test_a_kept_run_is_judged_the_same_again(self):
        for target in ("inproc", "canary:plain"):
            kept, judged = self.folder / target, self.folder / "judged.json"
            code, run = self.report("--target", target, "--keep", kept, "--jobs", 2)
            done = atrest("judge", kept, "--json", judged)
            self.assertEqual((done.returncode, done.stderr), (code, ""))
            again = json.loads(judged.read_text())
            names = ("id", "verdict", "oracle", "requirement", "message", "trace", "log")
            self.assertEqual([{name: each[name] for name in names} for each in run["scenarios"]],
                             [{name: each[name] for name in names} for each in again["scenarios"]])
            count = len(run["scenarios"])
            self.assertIn(f"{count} of {count} verdicts are as they were", done.stdout)

    def test_so_is_one_of_a_server_program(self):
        kept = self.folder / "kept"
        self.report("crypto/tampering", "stan", "--target", "reference", "--keep", kept, "--jobs",
                    2)
        done = atrest("judge", kept)
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r"\n(\d+) of \1 verdicts are as they were")

    def test_a_damaged_one_is_told(self):
        name = "crypto/round_trip/aes_restart"
        kept = self.folder / "kept"
        self.report(name, "--target", "inproc", "--keep", kept)
        (kept / name / "files/0/server.dat").write_bytes(b"other")
        done = atrest("judge", kept)
        self.assertEqual((done.returncode, done.stderr), (
            64, f"atrest: {kept}/{name}/files/0/server.dat: is not as it was kept\n"))
        (kept / "run.json").write_text("{")
        self.assertEqual(atrest("judge", kept).stderr, f"atrest: {kept}/run.json: is not JSON\n")
        self.assertEqual(atrest("judge", self.folder / "none").returncode, 64)

    def test_other_expectations_can_be_put_to_it(self):
        name = "crypto/tampering/detect_swap"
        kept = self.folder / "kept"
        self.report(name, "--target", "inproc", "--keep", kept)
        path = kept / name / "scenario.json"
        scenario = json.loads(path.read_text())
        scenario["expect"] = [{"step": scenario["expect"][0]["step"], "errors": []}]
        path.write_text(json.dumps(scenario))
        done = atrest("judge", kept, "--known-failures", "none")
        self.assertIn("0 of 1 verdicts are as they were", done.stdout)
        self.assertIn(f"{name}: pass, it was finding", done.stdout)


if __name__ == "__main__":
    unittest.main()
