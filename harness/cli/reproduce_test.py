#!/usr/bin/env python3
"""The verbs that work on one scenario in a file, and capture: reproduce_test.py PATH-TO-ATREST."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
ATREST = sys.argv.pop(1) if len(sys.argv) > 1 else ""
TIMEOUT_S = 60

# Two runs with encryption, and much that has nothing to do with what canary:lazy-key does wrong.
LONG = {
    "title": "Two runs", "requirement": ["D-01"], "suite": "conformance", "level": "MUST",
    "needs": ["file", "format:stan-file-1", "kill"],
    "keys": {"mine": "a key of mine", "unused": "another"},
    "steps": [
        {"start": {"encrypt": True, "key_option": "mine", "max_messages": 7}},
        {"publish": {"channel": "a.b", "payloads": ["the first text", "another text"]}},
        {"read": {"channel": "c", "from": "first"}},
        {"kill": {}},
        {"start": {"encrypt": True, "cipher": "CHACHA", "key": "mine"}},
        {"publish": {"channel": "a.b", "payloads": ["the second text", "and a third"]}},
        {"stop": {}},
        {"inspect": {}},
    ],
    "expect": "model",
}
SMALL = ["start", "publish", "stop", "start", "publish"]


def atrest(*arguments, **environment):
    """Runs the program in the root of the checkout; returns what subprocess.run does."""
    return subprocess.run([ATREST, *map(str, arguments)], cwd=ROOT, capture_output=True, text=True,
                          timeout=TIMEOUT_S, env={**os.environ, **environment}, check=False)


class InAFolder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.long = self.folder / "long.json"
        self.long.write_text(json.dumps(LONG))


class ReplayTest(InAFolder):
    def test_a_pass_shows_its_steps(self):
        done = atrest("replay", self.long, "--target", "inproc")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("publish 2 messages to a.b: 2 acked", done.stdout)

    def test_a_failure_exits_as_a_run_does(self):
        report = self.folder / "report.json"
        done = atrest("replay", self.long, "--target", "canary:lazy-key", "--quiet", "--json",
                      report)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual([each["verdict"] for each in json.loads(report.read_text())["scenarios"]],
                         ["fail"])

    def test_a_file_that_is_none_is_a_usage_error(self):
        done = atrest("replay", self.folder / "none.json", "--target", "inproc")
        self.assertEqual(done.returncode, 64)
        self.long.write_text("{}")
        done = atrest("replay", self.long, "--target", "inproc")
        self.assertEqual(done.returncode, 64)
        self.assertIn("long.json", done.stderr)


class MinimiseTest(InAFolder):
    def test_the_outcome_fails_and_its_store_is_there(self):
        out = self.folder / "small.json"
        done = atrest("minimise", self.long, "--target", "canary:lazy-key", "--out", out)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("conformance: fail D-01 (disk)\n8 steps became 5 in ", done.stdout)
        self.assertEqual([next(iter(step)) for step in json.loads(out.read_text())["steps"]], SMALL)
        self.assertTrue((self.folder / "small.store-before/foo/msgs.1.dat").exists())
        again = atrest("replay", out, "--target", "canary:lazy-key")
        self.assertEqual(again.returncode, 1)
        self.assertIn("small.store-before", again.stdout)
        self.assertEqual(atrest("replay", out, "--target", "inproc").returncode, 0)

    def test_the_best_so_far_is_written_when_a_limit_comes(self):
        done = atrest("minimise", self.long, "--target", "canary:lazy-key", "--executions", 4)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("the limit came before the end", done.stdout)
        found = self.folder / "long.minimal.json"
        self.assertEqual(atrest("replay", found, "--target", "canary:lazy-key").returncode, 1)

    def test_what_does_not_fail_is_not_minimised(self):
        done = atrest("minimise", self.long, "--target", "inproc")
        self.assertEqual(done.returncode, 3)
        self.assertFalse((self.folder / "long.minimal.json").exists())

    def test_confirm_takes_k_of_n(self):
        for confirm, code in (("2/3", 0), ("3/2", 64), ("0/1", 64), ("1", 64), ("x/y", 64)):
            done = atrest("minimise", self.long, "--target", "canary:lazy-key", "--confirm",
                          confirm)
            self.assertEqual(done.returncode, code, confirm)


class RecordTest(InAFolder):
    def test_what_was_recorded_passes_there_and_fails_elsewhere(self):
        out = self.folder / "recorded.json"
        done = atrest("record", self.long, "--target", "inproc", "--out", out)
        self.assertEqual(done.returncode, 0, done.stderr)
        expectations = json.loads(out.read_text())["expect"]
        self.assertEqual(expectations[0]["started"], True)
        self.assertEqual([each["sequence"] for each in expectations[-1]["messages"]], [1, 2, 3, 4])
        self.assertEqual(atrest("replay", out, "--target", "inproc").returncode, 0)
        self.assertEqual(atrest("replay", out, "--target", "canary:plain").returncode, 1)

    def test_without_a_file_it_is_printed(self):
        done = atrest("record", self.long, "--target", "inproc")
        self.assertIn("expect", json.loads(done.stdout))


class CaptureTest(InAFolder):
    def test_a_captured_store_runs_and_says_nothing_of_the_original(self):
        out = self.folder / "captured"
        key = self.folder / "key"
        key.write_bytes(b"first key")
        done = atrest("capture", "fixtures/stores/two-keys/store", "--key-file", key, "--key-env",
                      "SECOND", "--out", out, SECOND="second key")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("1 channels, 4 messages", done.stdout)
        scenario = out / "scenarios/captured.json"
        self.assertEqual(sorted(json.loads(scenario.read_text())["keys"]), ["K1", "K2"])
        again = atrest("replay", scenario, "--root", out, "--target", "inproc")
        self.assertEqual(again.returncode, 0, again.stdout + again.stderr)
        written = b"".join(path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file())
        for secret in (b"first key", b"second key", b"\x12\x03rot"):
            self.assertNotIn(secret, written)
        self.assertFalse([path for path in out.rglob("*") if path.name == "rot"])
        second = json.loads(scenario.read_text())["keys"]["K2"]
        done = atrest("inspect", out / "fixtures/stores/captured/store", "--json", "--key-env", "K",
                      K=second)
        messages = json.loads(done.stdout)["channels"][0]["messages"]
        self.assertEqual([message["opened_by"] for message in messages],
                         [[], [], [1], [1]])

    def test_nothing_is_overwritten(self):
        done = atrest("capture", "fixtures/stores/plaintext/store", "--out", self.folder)
        self.assertEqual(done.returncode, 64)
        self.assertTrue(self.long.exists())


if __name__ == "__main__":
    unittest.main()
