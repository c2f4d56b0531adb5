#!/usr/bin/env python3
"""`atrest compare` as its users meet it: compare_test.py PATH-TO-ATREST.

Exit codes, what is printed, replay files, several jobs.
"""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
ATREST = sys.argv.pop(1) if len(sys.argv) > 1 else ""
TIMEOUT_S = 100


def compare(*arguments):
    return subprocess.run([ATREST, "compare", *map(str, arguments)], cwd=ROOT, check=False,
                          capture_output=True, text=True, timeout=TIMEOUT_S)


class CompareTest(unittest.TestCase):
    def test_equal_targets(self):
        done = compare("inproc", "inproc", "--cases", 20, "--seed", 7, "--jobs", 3)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(done.stdout.splitlines(), [
            "compare inproc (left) with inproc (right): seeds 7 to 26, 30 steps each",
            "20 equal, 0 different, 0 unsteady, 0 inconclusive"])

    def test_a_difference_is_shown_and_can_be_replayed(self):
        with tempfile.TemporaryDirectory() as folder:
            done = compare("inproc", "canary:plain", "--cases", 8, "--keep", folder)
            self.assertEqual(done.returncode, 1)
            self.assertIn("inproc (left) and canary:plain (right) differ; shrunk to", done.stdout)
            for replay in pathlib.Path(folder).glob("seed-*.json"):
                self.assertLess(len(json.loads(replay.read_text())["steps"]), 10)
                self.assertIn(f"replay: {replay}", done.stdout)
                again = compare("inproc", "canary:plain", "--replay", replay)
                self.assertEqual(again.returncode, 1)
                self.assertIn("  step ", again.stdout)
                self.assertEqual(compare("inproc", "inproc", "--replay", replay).returncode, 0)

    def test_the_stores_of_a_replay_can_be_kept(self):
        with tempfile.TemporaryDirectory() as folder:
            case = pathlib.Path(folder, "case.json")
            case.write_text(json.dumps({
                "title": "A start", "suite": "conformance", "level": "MUST",
                "requirement": ["D-01"], "needs": ["file"], "steps": [{"start": {}}, {"stop": {}}],
                "expect": "model"}))
            done = compare("inproc", "inproc", "--replay", case, "--keep", folder)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            for side in ("left", "right"):
                self.assertTrue(pathlib.Path(folder, side, "server.dat").is_file())

    def test_what_cannot_be_done_is_a_usage_error(self):
        for arguments in (["inproc", "nobody"], ["inproc"], ["inproc", "inproc", "--jobs", "0"],
                          ["inproc", "inproc", "--replay", "no such file"]):
            self.assertEqual(compare(*arguments).returncode, 64, arguments)


if __name__ == "__main__":
    unittest.main()
