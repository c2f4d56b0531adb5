"""The example adapters: the session of PROTOCOL.md, and the suites that they have to pass.

Usage: adapters_test.py ATREST CPP_ADAPTER
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
ATREST, CPP_ADAPTER = sys.argv[1:3]
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
        done = subprocess.run([ATREST, "run", "--quiet", "--target", target, "--json", report],
                              check=False, timeout=LIMIT_S, cwd=ROOT)
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
    def test_the_cpp_adapter_conforms(self):
        code, verdicts = verdicts_of("stdio:" + CPP_ADAPTER)
        self.assertEqual(code, 0)
        self.assertEqual(verdicts.get(("conformance", "skipped"), []), [])
        self.assertEqual(verdicts.get(("compatibility", "differs"), []), [])

    def test_the_python_adapter_conforms(self):
        code, verdicts = verdicts_of(
            f"stdio:{sys.executable} adapters/python/adapter.py")
        self.assertEqual(code, 0)
        self.assertEqual(verdicts.get(("conformance", "skipped"), []), [])
        self.assertEqual(verdicts.get(("compatibility", "differs"), []), PYTHON_DIFFERS)


# Where the Python store does not do what the real server was measured to do.
PYTHON_DIFFERS = [
    "store/recovery/data_removed",
    "store/recovery/server_file_version_cut",
    "store/recovery/size_word",  # it reads no further than it is asked
    "store/recovery/stale_index",
    "store/recovery/version_of_data",
    "store/slices/invalid_name",
    "store/slices/quarter_of_the_limit",
]

if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
