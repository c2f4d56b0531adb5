#!/usr/bin/env python3
"""`atrest simulate` as its users meet it: simulate_test.py PATH-TO-ATREST.

Exit codes, what is printed, the same again from the same seed, a range of seeds in several jobs.
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
ATREST = sys.argv.pop(1) if len(sys.argv) > 1 else ""
TIMEOUT_S = 100


def simulate(*arguments):
    return subprocess.run([ATREST, "simulate", *map(str, arguments)], cwd=ROOT, check=False,
                          capture_output=True, text=True, timeout=TIMEOUT_S)


def files_below(folder):
    root = pathlib.Path(folder)
    return {str(path.relative_to(root)): path.read_bytes()
            for path in sorted(root.rglob("*")) if path.is_file()}


class SimulateTest(unittest.TestCase):
    def test_options_come_first_and_the_hash_last(self):
        done = simulate("--seed", 3, "--ops", 100)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        lines = done.stdout.splitlines()
        self.assertTrue(lines[0].startswith("simulate: seed 3; nodes 3; ops 100; idle 0s; faults "))
        self.assertIn("raft timeout", lines[0])
        self.assertEqual(lines[1], "1 of 1 seeds run, 0 failed")
        self.assertRegex(lines[-1], "^hash [0-9a-f]{16}$")
        self.assertEqual(len(lines), 3)

    def test_a_seed_gives_the_same_files_and_hash_again(self):
        with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
            runs = [simulate("--seed", 11, "--ops", 200, "--keep", folder).stdout
                    for folder in (one, other)]
            self.assertEqual(runs[0], runs[1])
            kept = files_below(one)
            self.assertEqual(kept, files_below(other))
            self.assertIn("seed-11/a/raft/tc/raft.log", kept)
            self.assertIn("seed-11/c/store/server.dat", kept)
        self.assertNotEqual(simulate("--seed", 12, "--ops", 200).stdout.splitlines()[-1],
                            runs[0].splitlines()[-1])

    def test_trace_is_a_line_an_event_and_changes_nothing(self):
        plain = simulate("--seed", 4, "--ops", 50, "--faults", "kill,loss")
        traced = simulate("--seed", 4, "--ops", 50, "--faults", "kill,loss", "--trace")
        self.assertEqual(plain.stdout.splitlines()[-1], traced.stdout.splitlines()[-1])
        events = traced.stdout.splitlines()[1:-2]
        self.assertGreater(len(events), 500)
        column = re.compile(r" *\d+ +\d+\.\d{6} \S+ +\S+ +\d+ +\d+ +\d+ ")
        for number, line in enumerate(events, 1):
            self.assertRegex(line, column)
            self.assertEqual(int(line.split()[0]), number)

    def test_many_seeds_give_shares_and_json(self):
        with tempfile.TemporaryDirectory() as folder:
            report = pathlib.Path(folder, "report.json")
            done = simulate("--seeds", "1..8", "--jobs", 2, "--ops", 100, "--json", report)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertIn("8 of 8 seeds run, 0 failed", done.stdout)
            self.assertRegex(done.stdout, r"seeds that saw a cipher switch \d+ %;")
            self.assertEqual(done.stdout.splitlines()[-1],
                             simulate("--seeds", "1..8", "--ops", 100).stdout.splitlines()[-1],
                             "however many jobs")
            read = json.loads(report.read_text())
            self.assertEqual([one["seed"] for one in read["seeds"]], list(range(1, 9)))
            self.assertEqual(f"hash {read['hash']}", done.stdout.splitlines()[-1])
            alone = simulate("--seed", 5, "--ops", 100).stdout.splitlines()[-1]
            self.assertEqual(f"hash {read['seeds'][4]['hash']}", alone)

    def test_the_fault_atlas_can_be_read(self):
        done = simulate("--list-faults")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r"(?m)^kill +survivable the process is killed")
        self.assertRegex(done.stdout, r"(?m)^swapped_log +damaging .*\n +documented: 3g: accepted")

    def test_seeds_that_time_did_not_suffice_for_are_told(self):
        done = simulate("--seeds", "1..100000", "--time", 1, "--ops", 20, "--faults", "none")
        self.assertRegex(done.stdout, r"(?m)^\d+ of 100000 seeds run in the time of --time, 0 fail")
        self.assertEqual(done.returncode, 0)

    def test_damage_is_documented_and_has_names(self):
        done = simulate("--seeds", "1..6", "--jobs", 2, "--faults", "plain_log")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("finding N1 node ", done.stdout)

    def test_losses_that_the_real_server_has_are_found_by_name(self):
        for arguments, name in (
                (("--seed", 328, "--ops", 300, "--faults", "swarm,wrong_key"), "forgotten-channel"),
                (("--seed", 24, "--faults", "swarm,wrong_key"), "quorum-lost")):
            done = simulate(*arguments)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertIn(f"finding {name} node ", done.stdout)

    def test_usage(self):
        for arguments, why in (
                (("--faults", "fire"), 'no fault is called "fire"'),
                (("--nodes", 0), "a cluster has 1 to 9 nodes"),
                (("--seeds", "5..4"), "--seeds is A..B, A not behind B"),
                (("--seeds", "x"), "--seeds is A..B, two numbers")):
            done = simulate(*arguments)
            self.assertEqual(done.returncode, 64, arguments)
            self.assertIn(why, done.stderr)
        self.assertEqual(simulate("--seed", 1, "--seeds", "1..2").returncode, 64)


if __name__ == "__main__":
    unittest.main()
