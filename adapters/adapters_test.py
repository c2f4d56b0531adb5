"""The example adapters: the session of PROTOCOL.md, and the suites that they have to pass.

Usage: adapters_test.py ATREST CPP_ADAPTER SERVER [TEST...]
"""
import json
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
ATREST, CPP_ADAPTER, SERVER = sys.argv[1:4]
PYTHON_ADAPTER = [sys.executable, str(ROOT / "adapters/python/adapter.py")]
LIMIT_S = 300


def session():
    """The (request, answer) pairs of PROTOCOL.md, as text."""
    text = (ROOT / "harness/driver/PROTOCOL.md").read_text(encoding="utf-8")
    lines = re.search(r"```session\n(.*?)```", text, re.DOTALL)[1].splitlines()
    pairs = list(zip(lines[::2], lines[1::2], strict=True))
    assert all(ask.startswith("> ") and answer.startswith("< ") for ask, answer in pairs)
    return [(ask[2:], answer[2:]) for ask, answer in pairs]


def answers_of(command, pairs):
    """What a fresh adapter answers to the requests, as JSON."""
    with tempfile.TemporaryDirectory() as directory:
        asked = "".join(ask.replace("DIRECTORY", directory) + "\n" for ask, _ in pairs)
        done = subprocess.run(command, input=asked, capture_output=True, text=True, check=True,
                              timeout=LIMIT_S)
    return [json.loads(line) for line in done.stdout.splitlines()]


def verdicts_of(target):
    """The exit code of a run of everything, and the ids of each verdict."""
    with tempfile.TemporaryDirectory() as directory:
        report = directory + "/report.json"
        done = subprocess.run([ATREST, "run", "--quiet", "--target", target, "--jobs", "4",
                               "--json", report], check=False, timeout=LIMIT_S, cwd=ROOT)
        scenarios = json.loads(pathlib.Path(report).read_text(encoding="utf-8"))["scenarios"]
    verdicts = {}
    for scenario in scenarios:
        verdicts.setdefault((scenario["suite"], scenario["verdict"]), []).append(scenario["id"])
    return done.returncode, verdicts


class Session(unittest.TestCase):
    def test_the_python_adapter_answers_as_written(self):
        pairs = session()
        self.assertEqual(answers_of(PYTHON_ADAPTER, pairs),
                         [json.loads(answer) for _, answer in pairs])


    def test_the_cpp_adapter_answers_as_written_but_for_its_name(self):
        pairs = session()
        answers = answers_of([CPP_ADAPTER], pairs)
        self.assertEqual(answers[0]["name"], "reference-store")
        self.assertEqual(answers[1:], [json.loads(answer) for _, answer in pairs][1:])


class Suites(unittest.TestCase):
    def assert_only_servers_are_missing(self, verdicts):
        """What an adapter over a store skips of conformance needs a server, by the file itself, or
        waits for a write or sync that this store does not do."""
        for name in verdicts.get(("conformance", "skipped"), []):
            needs = json.loads(pathlib.Path(ROOT, "scenarios", name + ".json").read_text())["needs"]
            allowed = {"program", "client", "raw", "cluster", "nodes", "interrupt"}
            self.assertTrue(allowed & set(needs), name)
        self.assertGreater(len(verdicts[("conformance", "pass")]), 60)

    def test_the_cpp_adapter_conforms(self):
        code, verdicts = verdicts_of("stdio:" + CPP_ADAPTER)
        self.assertEqual(code, 0)
        self.assert_only_servers_are_missing(verdicts)
        self.assertEqual(verdicts.get(("compatibility", "differs"), []), [])

    def test_the_python_adapter_conforms(self):
        code, verdicts = verdicts_of(
            f"stdio:{sys.executable} adapters/python/adapter.py")
        self.assertEqual(code, 0)
        self.assert_only_servers_are_missing(verdicts)
        self.assertEqual(verdicts.get(("compatibility", "differs"), []), PYTHON_DIFFERS)


def smoke(target, *options):
    """The exit code and the lines of atrest smoke."""
    done = subprocess.run([ATREST, "smoke", "--target", target, *options], check=False,
                          capture_output=True, text=True, timeout=LIMIT_S, cwd=ROOT)
    return done.returncode, done.stdout.splitlines()


class Smoke(unittest.TestCase):
    def test_both_examples_are_well(self):
        for target in ("stdio:" + CPP_ADAPTER,
                       f"stdio:{sys.executable} adapters/python/adapter.py"):
            code, lines = smoke(target)
            self.assertEqual((code, lines[-1]), (0, "all is well: `atrest run` is next"))
            self.assertEqual([line for line in lines if line.startswith("wrong")], [])

    def test_each_wrong_thing_is_told_with_what_to_change(self):
        code, lines = smoke("stdio:python3 fixtures/adapters/misbehaving.py not-at-all")
        self.assertEqual(code, 1)
        at = lines.index("wrong  delivers nothing old to a new subscription")
        self.assertEqual(lines[at + 1], "         expected: nothing came")
        self.assertTrue(lines[at + 2].startswith('         came:     1 "a text", 2 an empty'))
        self.assertTrue(lines[at + 3].startswith("         change:   "))
        self.assertEqual(lines[-1], "something is wrong")

    def test_one_that_ends_is_asked_no_more(self):
        code, lines = smoke("stdio:python3 fixtures/adapters/misbehaving.py exit-3")
        self.assertEqual(code, 1)
        self.assertIn("         came:     the target ended: exit 3 instead of answering "
                      '"publish"', lines)
        self.assertEqual(lines[-2], "       nothing else can be asked")

    def test_a_target_that_is_not_there_is_usage(self):
        self.assertEqual(smoke("nobody")[0], 64)


class Interrupted(unittest.TestCase):
    def test_both_examples_keep_what_they_acked(self):
        for target in ("stdio:" + CPP_ADAPTER,
                       f"stdio:{sys.executable} adapters/python/adapter.py"):
            done = subprocess.run([ATREST, "run", "crypto/interrupt/third_write_aes",
                                   "crypto/interrupt/first_sync_chacha",
                                   "crypto/interrupt/full_disk_is_not_acked", "--target", target],
                                  check=False, capture_output=True, text=True, timeout=LIMIT_S,
                                  cwd=ROOT)
            self.assertEqual(done.returncode, 0, done.stdout)
            self.assertRegex(done.stdout, "3 scenarios: [23] passed, 0 failed")


class Attached(unittest.TestCase):
    def test_a_server_that_hooks_start_and_stop_is_well(self):
        with socket.socket() as free, tempfile.TemporaryDirectory() as directory:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
            free.close()
            hook = f"{sys.executable} adapters/hooks/hook.py {SERVER} "
            code, lines = smoke(f"attach:127.0.0.1:{port}", "--dir", directory, "--start-hook",
                                hook + "start", "--stop-hook", hook + "stop", "--kill-hook",
                                hook + "kill")
            self.assertEqual(list(pathlib.Path(directory).iterdir()), [])
        self.assertEqual((code, lines[-1]), (0, "all is well: `atrest run` is next"))
        self.assertEqual([line for line in lines if line.startswith("-")], [])

    def test_without_hooks_every_scenario_is_skipped(self):
        done = subprocess.run([ATREST, "run", "crypto/empty_payload", "--target",
                               "attach:127.0.0.1:1"], check=False, capture_output=True, text=True,
                              timeout=LIMIT_S, cwd=ROOT)
        self.assertEqual(done.returncode, 3)
        self.assertIn("skipped              crypto/empty_payload/round_trip  (the target lacks the "
                      'capability "file")', done.stdout)

    def test_an_address_that_is_none_is_usage(self):
        self.assertEqual(smoke("attach:here")[0], 64)


class Comparison(unittest.TestCase):
    def run_two(self, *options):
        return subprocess.run([ATREST, "run", "store/limits/latest_are_kept", "--target", "inproc",
                               "--target", "canary:nothing", *options], check=False,
                              capture_output=True, text=True, timeout=LIMIT_S, cwd=ROOT)

    def test_verdicts_stand_side_by_side(self):
        with tempfile.TemporaryDirectory() as directory:
            done = self.run_two("--json", directory + "/report.json")
            document = json.loads(
                pathlib.Path(directory, "report.json").read_text(encoding="utf-8"))
        self.assertEqual(done.returncode, 1)
        self.assertIn("pass                  fail                  "
                      "store/limits/latest_are_kept  <>\n", done.stdout)
        self.assertEqual(document["format"], "atrest-comparison-1")
        self.assertEqual([one["target"] for one in document["targets"]],
                         ["inproc", "canary:nothing"])
        self.assertEqual(document["scenarios"], [
            {"id": "store/limits/latest_are_kept", "verdicts": ["pass", "fail"], "differs": True}])

    def test_what_is_for_one_target_is_usage(self):
        self.assertEqual(self.run_two("--junit", "never.xml").returncode, 64)


# Where the Python store does not do what the real server was measured to do.
PYTHON_DIFFERS = [
    "store/recovery/clients_cut_in_version",  # texts of its own
    "store/recovery/data_lost_while_cached",  # it has no cache
    "store/recovery/data_removed",
    "store/recovery/last_sequence",
    "store/recovery/size_word",  # it reads no further than it is asked
    "store/recovery/stale_index",
    "store/slices/invalid_name",
    "store/slices/quarter_of_the_limit",
]

if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[4:])
