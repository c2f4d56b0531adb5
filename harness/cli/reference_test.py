#!/usr/bin/env python3
"""Server programs as targets, over the wire: reference_test.py PATH-TO-ATREST.

The reference server, which stands beside atrest, in every scenario and everything that was measured
of the real server; and that no server outlives atrest, however that ends.
"""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
ATREST = sys.argv.pop(1) if len(sys.argv) > 1 else ""
TIMEOUT_S = 500
# What the reference cannot do.
LACKING = [f'the target lacks the capability "{name}"' for name in ("cluster", "nodes")]
SLOW_SERVER = """#!/bin/sh
echo $$ >> "$PIDS"
sleep 1000 &
echo $! >> "$PIDS"
trap '' TERM INT
wait
"""


def report(verb, *arguments):
    """A run's exit code and its JSON report."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "report.json")
        done = subprocess.run([ATREST, verb, *arguments, "--quiet", "--json", path], cwd=ROOT,
                              timeout=TIMEOUT_S, capture_output=True, text=True, check=False)
        return done.returncode, json.loads(path.read_text())


def is_alive(pid):
    try:
        state = pathlib.Path("/proc", str(pid), "stat").read_text().rpartition(")")[2].split()[0]
        return state != "Z"
    except FileNotFoundError:
        return False


def wait_until(condition, why):
    deadline = time.monotonic() + TIMEOUT_S
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(why)
        time.sleep(0.001)


class ReferenceTest(unittest.TestCase):
    def check(self, code, document, at_least):
        unexpected = [(each["id"], each["message"]) for each in document["scenarios"]
                      if each["verdict"] not in ("pass", "rejected-as-expected", "finding",
                                                 "disputed")
                      and each["message"] not in LACKING]
        self.assertEqual(unexpected, [])
        self.assertEqual(code, 0)
        self.assertGreaterEqual(document["counts"]["scenarios"], at_least)

    def test_every_scenario_is_as_expected(self):
        code, document = report("run", "--target", "reference", "--strict", "--jobs", "4")
        self.check(code, document, at_least=263)
        self.assertEqual(document["departures"], [])

    def test_everything_measured_comes_out_as_measured(self):
        self.check(*report("measured", "--target", "reference"), at_least=160)


class TargetFileTest(unittest.TestCase):
    def refusal_of(self, *arguments):
        done = subprocess.run([ATREST, "run", "crypto/options/no_key", *arguments], cwd=ROOT,
                              timeout=TIMEOUT_S, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    def test_a_malformed_one_is_told(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "target.json")
            for text, why in (("{", "is not JSON"), ("[]", "an object is expected"),
                              ("{}", '"name" and "program" are needed'),
                              ('{"name": "x", "program": "y", "colour": "red"}',
                               'unknown member "colour"'),
                              ('{"name": "x", "program": "y", "arguments": "-a"}',
                               '"arguments" must be a list of strings')):
                path.write_text(text)
                code, output = self.refusal_of("--target", str(path))
                self.assertEqual((code, output), (64, f"atrest: {path}: {why}\n"))

    def test_a_program_that_is_not_there_is_a_harness_error(self):
        code, output = self.refusal_of("--target", "reference", "--server", "/nonexistent/server")
        self.assertEqual(code, 70)
        self.assertIn("/nonexistent/server: No such file or directory", output)


class NothingIsLeftTest(unittest.TestCase):
    def check(self, how):
        with tempfile.TemporaryDirectory() as folder:
            server = pathlib.Path(folder, "server")
            server.write_text(SLOW_SERVER)
            server.chmod(0o755)
            pids = pathlib.Path(folder, "pids")
            pids.touch()
            atrest = subprocess.Popen(
                [ATREST, "run", "crypto/options/no_key", "--target", "reference", "--server",
                 str(server)], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                env={**os.environ, "PIDS": str(pids), "TMPDIR": folder})
            try:
                # The version is asked first, by a start of its own.
                wait_until(lambda: len(pids.read_text().split()) >= 2, "the server never started")
                atrest.send_signal(how)
            finally:
                atrest.wait(timeout=TIMEOUT_S)
            started = [int(pid) for pid in pids.read_text().split()]
            self.assertGreaterEqual(len(started), 2)
            wait_until(lambda: not any(map(is_alive, started)), "a server outlived atrest")

    def test_after_an_interrupt(self):
        self.check(signal.SIGINT)

    def test_after_a_kill(self):
        self.check(signal.SIGKILL)

    def test_after_a_crash(self):
        self.check(signal.SIGSEGV)


if __name__ == "__main__":
    unittest.main()
