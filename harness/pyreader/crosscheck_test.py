#!/usr/bin/env python3
"""The comparison itself: what counts as a difference, and that a lying inspector is found out."""
import pathlib
import random
import sys
import tempfile
import unittest

import crosscheck
import damage
import sample
from stan_store import disk_tree, inspect

FOLDER = pathlib.Path(__file__).resolve().parent
FIXTURES = FOLDER.parents[1] / "fixtures"
OURS = [sys.executable, str(FOLDER / "stan_store.py")]
SUBJECT = next(item for item in crosscheck.golden(FIXTURES) if item.label == "two-keys")


class DifferenceTest(unittest.TestCase):
    def test_paths(self) -> None:
        for ours, theirs, path in (
                ({"a": [1, {"b": None}]}, {"a": [1, {"b": 0}]}, "$.a[1].b"),
                ({"a": 1}, {"a": 1, "b": 2}, "$.b"), ({"a": 1, "b": 2}, {"b": 2}, "$.a"),
                ([1, 2], [1], "$[1]"), ([], [0], "$[0]"), (1, True, "$"), (1, 1.0, "$"),
                ({"a": 1}, [1], "$")):
            self.assertEqual(crosscheck.first_difference(ours, theirs).path, path)

    def test_equal_values_and_another_order_of_names(self) -> None:
        self.assertIsNone(crosscheck.first_difference({"a": [1, "x"], "b": {}},
                                                      {"b": {}, "a": [1, "x"]}))

    def test_words_of_why_are_free_but_must_be_there(self) -> None:
        def report(why: object) -> object:
            return crosscheck.comparable({"damage": [{"file": "f", "why": why}]})
        self.assertEqual(report("one"), report("other"))
        for nothing in ("", None, 1):
            self.assertNotEqual(report("one"), report(nothing))


class InspectorTest(unittest.TestCase):
    def inspector(self, source: str) -> list[str]:
        file = tempfile.NamedTemporaryFile("w", suffix=".py")
        self.addCleanup(file.close)
        file.write(source)
        file.flush()
        return [sys.executable, file.name]

    def test_the_own_command_agrees(self) -> None:
        ops = [{"op": "flip", "file": "rot/msgs.1.dat", "at": 20, "xor": 1}]
        self.assertIsNone(crosscheck.compare(OURS, SUBJECT._replace(ops=ops)))

    def test_one_wrong_value_is_found(self) -> None:
        liar = self.inspector(
            f"import subprocess, sys\n"
            f"done = subprocess.run({OURS!r} + sys.argv[1:], capture_output=True, text=True)\n"
            f"print(done.stdout.replace('\"sequence\": 3', '\"sequence\": 4'))\n")
        found = crosscheck.compare(liar, SUBJECT)
        self.assertEqual(found, ("$.channels[0].messages[2].sequence", 3, 4))

    def test_an_inspector_that_fails_differs(self) -> None:
        for source in ("", "print('{')", "import sys; print('{}'); sys.exit(3)",
                       "import os; os.abort()"):
            found = crosscheck.compare(self.inspector(source), SUBJECT)
            self.assertEqual(found.path, "$")
            self.assertIsInstance(found.theirs, str)


class SampleTest(unittest.TestCase):
    def test_a_seed_names_a_sample(self) -> None:
        stores = crosscheck.golden(FIXTURES)
        first, again, other = ([item.label for item in crosscheck.sampled(stores, 50, seed)]
                               for seed in (1, 1, 2))
        self.assertEqual(first, again)
        self.assertNotEqual([label.partition(":")[2] for label in first],
                            [label.partition(":")[2] for label in other])

    def test_random_damage_never_stops_the_reader_and_shows_every_kind(self) -> None:
        draw = random.Random(7)
        kinds = set()
        with tempfile.TemporaryDirectory() as temporary:
            for number in range(300):
                copy = pathlib.Path(temporary) / str(number)
                damage.damaged_copy(SUBJECT.store, copy, [sample.random_op(draw, SUBJECT.store)])
                kinds |= {item["kind"] for item in inspect(disk_tree(copy))["damage"]}
        self.assertEqual(kinds, {"version", "truncated", "crc", "undecodable", "type", "index",
                                 "trailing"})


class OpsTest(unittest.TestCase):
    def test_operations_that_do_not_fit_are_refused(self) -> None:
        file = "rot/msgs.1.dat"
        for op in ({"op": "burn", "file": file},
                   {"op": "record", "file": file, "record": 5, "offset": 0, "set": 1},
                   {"op": "record", "file": file, "record": 0, "offset": 0, "set": 1},
                   {"op": "record", "file": file, "record": 1, "offset": 51, "set": 1},
                   {"op": "copyData", "file": file, "a": 1, "b": 3}):
            with tempfile.TemporaryDirectory() as temporary, self.assertRaises(ValueError):
                damage.damaged_copy(SUBJECT.store, pathlib.Path(temporary) / "store", [op])


if __name__ == "__main__":
    unittest.main()
