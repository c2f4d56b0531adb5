#!/usr/bin/env python3
"""`atrest prove` as its users meet it, and the gate: in its quick form, on all targets.
Usage: prove_test.py ATREST ATREST-SERVER"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "ci"))
import kill_figure  # pylint: disable=wrong-import-position

ATREST, SERVER = "", ""
CONFORMANCE_FAILED = 1
NOTHING_RUN = 3
USAGE = 64
QUICK_PERCENT = 90


def atrest(*arguments):
    return subprocess.run([ATREST, *arguments, "--root", str(ROOT)], check=False,
                          capture_output=True, text=True, timeout=900)


def prove(*arguments):
    """The finished process and its report; None where it wrote none."""
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory) / "matrix.json"
        done = atrest("prove", "--quiet", "--json", str(path), *arguments)
        return done, json.loads(path.read_text()) if path.exists() else None


class GateTest(unittest.TestCase):
    def test_no_fault_survives_and_no_variant_is_blamed(self):
        # A server mostly waits.
        jobs = str(4 * len(os.sched_getaffinity(0)))
        done, report = prove("--quick", "--jobs", jobs)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        figures = report["figures"]
        self.assertTrue(figures["gate"])
        self.assertEqual(figures["killed"], figures["faults"])
        self.assertEqual(figures["lawful"], figures["variants"])
        self.assertEqual((figures["unexecuted"], figures["trouble"]), (0, 0))
        # No scenario of --quick is of clusters.
        of_servers = figures["faults"] - sum(each["target"] == "sim" for each in report["faults"])
        self.assertGreaterEqual(100 * figures["quick"], QUICK_PERCENT * of_servers)


class ProveTest(unittest.TestCase):
    def test_a_fault_is_told_with_the_check_that_killed_it(self):
        done, report = prove("--faults", "key/without-channel", "--target", "inproc", "--cases",
                             "40")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("key/without-channel", done.stdout)
        self.assertIn("1 of 1 faults killed for the stated reason", done.stdout)
        [fault] = report["faults"]
        self.assertEqual(fault["outcome"], "killed")
        self.assertTrue(fault["executed"])
        self.assertTrue(any(kill["stated"] for kill in fault["kills"]))
        self.assertGreater(len(report["toothless"]), 10)

    def test_a_kill_names_the_command_that_shows_it_again(self):
        _, report = prove("--faults", "key/without-channel", "--target", "inproc", "--cases", "40",
                          "--seed", "7")
        [fault] = report["faults"]
        kills = [kill for kill in fault["kills"] if kill["suite"] == "conformance"]
        for is_property in (False, True):
            kill = next(kill for kill in kills
                        if kill["check"].startswith("property/") == is_property)
            with tempfile.TemporaryDirectory() as directory:
                keep = ["--keep", directory, "--shrink-time", "0"] if is_property else []
                done = atrest(*kill["replay"].split()[1:], *keep)
            self.assertEqual(done.returncode, CONFORMANCE_FAILED, kill["replay"] + done.stdout)
            self.assertIn(kill["requirement"], done.stdout)

    def test_a_fault_of_cluster_nodes_is_tried_on_simulated_clusters(self):
        done, report = prove("--faults", "role/follower-stores-in-clear", "--quick")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        [fault] = report["faults"]
        self.assertEqual((fault["target"], fault["outcome"]), ("sim", "killed"))
        kill = next(kill for kill in fault["kills"] if kill["stated"])
        self.assertTrue(kill["check"].startswith("sim/"), kill)
        replay = kill["replay"].split()[1:]
        done = subprocess.run([ATREST, *replay], check=False, capture_output=True, text=True,
                              timeout=300)
        self.assertNotEqual(done.returncode, 0, done.stdout)
        self.assertIn(f"[{kill['requirement']}]", done.stdout)
        without = subprocess.run([ATREST, *replay[:replay.index("--fault")]], check=False,
                                 capture_output=True, text=True, timeout=300)
        self.assertEqual(without.returncode, 0, without.stdout)

    def test_a_target_that_is_named_twice_is_tried_on_once(self):
        done, report = prove("--faults", "key/without-channel", "--target", "inproc", "--target",
                             "inproc", "--cases", "1")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(report["figures"]["faults"], 1)
        self.assertEqual(report["options"]["target"], "inproc")

    def test_where_no_report_can_be_written_nothing_is_run(self):
        for option in ("--json", "--markdown"):
            done = atrest("prove", option, "/no/such/folder/report", "--target", "inproc")
            self.assertEqual(done.returncode, USAGE, done.stdout)
            self.assertIn("cannot write /no/such/folder/report", done.stderr)
            self.assertNotIn("the reference as it is", done.stderr)

    def test_no_variant_differs_in_what_its_row_does_not_name(self):
        _, report = prove("--faults", "variant/*", "--target", "inproc", "--cases", "40")
        self.assertEqual({fault["name"]: fault["unnamed"] for fault in report["faults"]
                          if fault["unnamed"]}, {})

    def test_a_run_can_be_repeated(self):
        arguments = ["--faults", "nonce/*", "--target", "inproc", "--cases", "40", "--seed", "9"]
        kills = [[(fault["name"], fault["kills"]) for fault in prove(*arguments)[1]["faults"]]
                 for _ in range(2)]
        self.assertEqual(*kills)

    def test_what_cannot_be_proven(self):
        self.assertEqual(prove("--faults", "no/such*")[0].returncode, NOTHING_RUN)
        done, report = prove("--target", "nats-streaming-server")
        self.assertEqual((done.returncode, report), (USAGE, None))
        self.assertIn("inproc, reference and sim", done.stderr)


class FaultTest(unittest.TestCase):
    def test_only_the_reference_can_be_given_one(self):
        done = atrest("run", "--target", "canary:plain", "--fault", "key/without-channel")
        self.assertEqual(done.returncode, USAGE, done.stderr)
        self.assertIn("cannot be given a fault", done.stderr)
        done = atrest("run", "--target", "inproc", "--fault", "no/such")
        self.assertEqual(done.returncode, USAGE, done.stderr)
        self.assertIn('no fault is named "no/such"', done.stderr)

    def test_the_server_knows_them(self):
        done = subprocess.run([SERVER, "--fault", "no/such"], check=False, capture_output=True,
                              text=True, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertIn('no fault is named "no/such"', done.stderr)

    def test_a_failure_names_the_command_that_repeats_it(self):
        scenario = "crypto/round_trip/*"
        done = atrest("run", scenario, "--target", "inproc", "--fault", "key/without-channel")
        self.assertEqual(done.returncode, CONFORMANCE_FAILED, done.stdout)
        self.assertIn("--fault key/without-channel", done.stdout)


def page_of(report):
    """As much of the page as the figure is made of."""
    figures = report["figures"]
    rows = "".join(f"| `{fault['name']}` | x |\n" for fault in report["faults"])
    return (f"Written on {report['date'][:10]} (x)\n{figures['killed']} of {figures['faults']} "
            f"faults killed for the stated reason, {figures['quick']} of them by scenarios of "
            f"--quick; {figures['lawful']} of {figures['variants']} lawful variants pass\n{rows}")


class FigureTest(unittest.TestCase):
    REPORT = {"date": "2026-01-02T03:04:05Z", "faults": [{"name": "key/a"}],
              "figures": {"killed": 1, "faults": 1, "quick": 1, "lawful": 0, "variants": 0}}

    def test_page_and_json_are_of_one_run(self):
        report = self.REPORT
        self.assertTrue(kill_figure.of_one_run(page_of(report), report))
        for other in ({**report, "date": "2026-01-03T03:04:05Z"},
                      {**report, "faults": [{"name": "key/b"}]},
                      {**report, "figures": {**report["figures"], "quick": 0}}):
            self.assertFalse(kill_figure.of_one_run(page_of(report), other))

    def test_a_missing_page_is_said_in_a_line(self):
        with self.assertRaisesRegex(SystemExit, "^NONE.md is missing: ci/run.py prove"):
            kill_figure.text_of(ROOT / "NONE.md")


if __name__ == "__main__":
    ATREST, SERVER = sys.argv[1:3]
    unittest.main(argv=sys.argv[:1])
