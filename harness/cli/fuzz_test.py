#!/usr/bin/env python3
"""`atrest fuzz` as its users meet it. Usage: fuzz_test.py ATREST"""
import json
import pathlib
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
import unittest

ATREST = ""
ROOT = pathlib.Path(__file__).resolve().parents[2]
HARDENING_FINDINGS = 5
NOTHING_RUN = 3
CONFORMANCE_FAILED = 1
USAGE = 64


def fuzz(*arguments, directory=None):
    return subprocess.run([ATREST, "fuzz", "--root", str(ROOT), *arguments], cwd=directory,
                          check=False, capture_output=True, text=True, timeout=300)


def without_times(text):
    return re.sub(r" in [\d.]+ s \(\d+ cases a second\)", "", text)


def is_alive(pid):
    try:
        state = pathlib.Path("/proc", pid, "stat").read_text(encoding="utf-8")
        return state.rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


class FuzzTest(unittest.TestCase):
    def test_the_table_of_properties_is_the_document(self):
        document = ROOT / "harness" / "generate" / "PROPERTIES.md"
        self.assertEqual(fuzz("--list").stdout, document.read_text(encoding="utf-8"))

    def test_the_seed_and_all_options_come_first_and_decide_everything(self):
        arguments = ["--target", "inproc", "--seed", "7", "--cases", "150", "--shrink-time", "0"]
        first = fuzz(*arguments)
        self.assertTrue(first.stdout.startswith("fuzz: target inproc; version "), first.stdout)
        self.assertIn(" seed 7; cases 150; steps 20; ", first.stdout.splitlines()[0])
        self.assertEqual(without_times(first.stdout), without_times(fuzz(*arguments).stdout))

    def test_jobs_and_shards_see_the_same_failures(self):
        arguments = ["--target", "inproc", "--cases", "60", "--shrink-time", "0", "--property",
                     "property/tamper/*"]

        def failures(*more):
            with tempfile.TemporaryDirectory() as directory:
                path = pathlib.Path(directory) / "report.json"
                fuzz(*arguments, "--json", str(path), *more)
                report = json.loads(path.read_text(encoding="utf-8"))
                return {(f["suite"], f["oracle"], f["requirement"]): f["count"]
                        for f in report["failures"]}

        whole = failures()
        self.assertIn(("hardening", "ideal", "H-swap"), whole)
        self.assertEqual(failures("--jobs", "3"), whole)
        shards = [failures("--shard", f"{i}/2") for i in range(2)]
        both = {key: sum(shard.get(key, 0) for shard in shards) for key in whole}
        self.assertEqual(both, whole)

    def test_a_failure_is_minimised_saved_and_replayed(self):
        with tempfile.TemporaryDirectory() as directory:
            done = fuzz("--target", "inproc", "--property", "property/tamper/replay", "--cases",
                        "1", "--strict", "--keep", "kept", "--json", "report.json",
                        directory=directory)
            self.assertEqual(done.returncode, HARDENING_FINDINGS, done.stdout + done.stderr)
            report = json.loads((pathlib.Path(directory) / "report.json").read_text("utf-8"))
            found = [f for f in report["failures"] if f["requirement"] == "H-replay"]
            self.assertEqual(len(found), 1)
            self.assertTrue(found[0]["minimal"])
            self.assertIn("replay: " + found[0]["replay"], done.stdout)
            scenario = json.loads((pathlib.Path(directory) / found[0]["file"]).read_text("utf-8"))
            self.assertEqual(scenario["requirement"], ["H-replay"])
            self.assertEqual(len(scenario["steps"]), found[0]["steps"])
            store = (pathlib.Path(directory) / found[0]["file"]).with_suffix(".store-before")
            self.assertTrue((store / "server.dat").is_file())
            replayed = subprocess.run(
                [ATREST, *shlex.split(found[0]["replay"])[1:]], cwd=directory,
                check=False, capture_output=True, text=True, timeout=60)
            self.assertIn("H-replay", replayed.stdout, replayed.stderr)

    def test_a_case_is_repeated_by_the_command_that_is_shown(self):
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory) / "report.json"
            fuzz("--target", "inproc", "--cases", "80", "--shrink-time", "0", "--json", str(path),
                 "--case-time", "50000", "--answer-ms", "7000", "--driver-seed", "3")
            failures = json.loads(path.read_text(encoding="utf-8"))["failures"]
            self.assertGreater(len(failures), 5)
            for failure in failures[:6]:
                again = subprocess.run(
                    [ATREST, *shlex.split(failure["again"])[1:], "--shrink-time", "0", "--json",
                     str(path)], check=False, capture_output=True, text=True, timeout=300)
                repeated = json.loads(path.read_text(encoding="utf-8"))["failures"]
                self.assertIn((failure["requirement"], failure["message"]),
                              [(f["requirement"], f["message"]) for f in repeated], again.stdout)

    def test_a_target_that_never_encrypts_fails(self):
        done = fuzz("--target", "canary:plain", "--cases", "30", "--shrink-time", "0")
        self.assertEqual(done.returncode, CONFORMANCE_FAILED, done.stdout)

    def test_the_coverage_is_told(self):
        done = fuzz("--target", "inproc", "--cases", "3", "--shrink-time", "0")
        self.assertRegex(done.stdout, r"coverage: \d+ of \d+ pairs\n  not seen: ")

    def test_what_cannot_be_run_is_said(self):
        done = fuzz("--target", "inproc", "--property", "nothing")
        self.assertEqual(done.returncode, NOTHING_RUN)
        self.assertIn("no scenario matches nothing\n", done.stderr)
        done = fuzz("--property", "nothing", "--property", "property/tamper/*")
        self.assertEqual(done.returncode, USAGE)
        self.assertIn("no scenario matches nothing\n", done.stderr)
        self.assertEqual(fuzz("--seed", "-1", "--cases", "1").returncode, USAGE)
        self.assertEqual(fuzz("--target", "inproc", "--shard", "2/2").returncode, USAGE)
        self.assertEqual(fuzz("--target", "inproc", "--shard", "x").returncode, USAGE)
        self.assertEqual(fuzz("--target", "nowhere").returncode, USAGE)

    def test_a_target_that_does_not_get_ready_is_no_empty_campaign(self):
        done = fuzz("--target", "stdio:false", "--cases", "1")
        self.assertEqual(done.returncode, CONFORMANCE_FAILED, done.stdout + done.stderr)
        self.assertIn("exit 1", done.stderr)

    def test_an_interrupt_leaves_what_was_found(self):
        with subprocess.Popen(
                [ATREST, "fuzz", "--root", str(ROOT), "--target", "inproc", "--cases",
                 "100000000", "--jobs", "2"], stdout=subprocess.PIPE, text=True) as running:
            head = running.stdout.readline()
            self.assertTrue(head.startswith("fuzz: "), head)
            running.send_signal(signal.SIGINT)
            rest = running.stdout.read()
        self.assertIn("; interrupted", rest)
        self.assertRegex(rest, r"\d+ cases, \d+ steps in ")

    def test_no_job_outlives_atrest(self):
        for number in (signal.SIGTERM, signal.SIGKILL):
            with subprocess.Popen(
                    [ATREST, "fuzz", "--root", str(ROOT), "--target", "inproc", "--cases",
                     "100000000", "--jobs", "2"], stdout=subprocess.DEVNULL) as running:
                deadline = time.monotonic() + 60
                children = pathlib.Path("/proc", str(running.pid), "task", str(running.pid),
                                        "children")
                started = []
                while len(started) < 2 and time.monotonic() < deadline:
                    started = children.read_text(encoding="utf-8").split()
                running.send_signal(number)
            self.assertEqual(len(started), 2)
            while any(map(is_alive, started)):
                self.assertLess(time.monotonic(), deadline, "a job outlived atrest")

    def test_time_ends_a_campaign(self):
        done = fuzz("--target", "inproc", "--cases", "100000000", "--time", "1", "--shrink-time",
                    "0")
        self.assertRegex(done.stdout, r"\n\d+ cases, ")


if __name__ == "__main__":
    ATREST = str(pathlib.Path(sys.argv.pop(1)).resolve())
    unittest.main()
