#!/usr/bin/env python3
"""What the flake job takes for a flaky verdict."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

FLAKE = pathlib.Path(__file__).with_name("flake.py")
# Counts its runs in a file beside itself; in run FLAKY_IN the second scenario has another verdict.
FAKE = """#!/usr/bin/env python3
import json, pathlib, sys
count = pathlib.Path(__file__).with_suffix(".count")
number = int(count.read_text()) + 1 if count.exists() else 0
count.write_text(str(number))
if number == {broken_in}:
    sys.exit(70)
def one(name, verdict):
    return {{"id": name, "verdict": verdict, "requirement": "", "message": "run " + str(number)}}
scenarios = [one("a", "pass"), one("b", "timeout" if number == {flaky_in} else "finding")]
report = pathlib.Path(sys.argv[sys.argv.index("--json") + 1])
report.write_text(json.dumps({{"scenarios": scenarios}}))
"""


class FlakeTest(unittest.TestCase):
    def flake(self, flaky_in=-1, broken_in=-1):
        with tempfile.TemporaryDirectory() as folder:
            fake = pathlib.Path(folder, "fake.py")
            fake.write_text(FAKE.format(flaky_in=flaky_in, broken_in=broken_in))
            fake.chmod(0o700)
            return subprocess.run([sys.executable, FLAKE, "--atrest", fake, "--target", "x",
                                   "--runs", "3", "--cpus", "0"],
                                  check=False, capture_output=True, text=True)

    def test_equal_verdicts_are_not_flaky_whatever_their_messages(self):
        done = self.flake()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("3 runs of 2 scenarios beside 0 busy processors: 0 flaky verdicts",
                      done.stdout)

    def test_another_verdict_is_named(self):
        done = self.flake(flaky_in=2)
        self.assertEqual(done.returncode, 1)
        self.assertIn("run 2: b: finding became timeout", done.stdout)
        self.assertIn("1 flaky verdicts", done.stdout)

    def test_a_run_without_a_report_says_nothing_of_the_target(self):
        done = self.flake(broken_in=1)
        self.assertEqual(done.returncode, 70)
        self.assertIn("no report (exit 70)", done.stderr)


if __name__ == "__main__":
    unittest.main()
