#!/usr/bin/env python3
"""Each check of ci/scenarios_tree.py on a small tree that breaks it, and ci/freeze_suite.py."""
import json
import pathlib
import tempfile
import unittest

import freeze_suite
import scenarios_tree

CLAIM = {"id": "D-01", "suite": "conformance", "level": "MUST", "text": "It seals.", "source": "s"}
FACT = {"id": "K-x", "suite": "compatibility", "level": "MUST", "text": "t", "source": "s"}


def scenario(*requirements, suite="conformance", title="t"):
    return {"title": title, "requirement": list(requirements), "suite": suite}


class TreeTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.root = pathlib.Path(self.folder.name)
        self.write("requirements.json", [CLAIM, FACT])
        self.write("clauses.json", {"D-01": scenarios_tree.clause_hash(CLAIM)})
        self.write("a/claim.json", scenario("D-01"))
        self.write("a/fact.json", scenario("K-x", suite="compatibility"))

    def write(self, name, content):
        path = self.root / "scenarios" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))

    def errors(self, awaited=()):
        return [f"{name}: {why}" for name, why in scenarios_tree.errors_in(self.root, set(awaited))]

    def test_a_good_tree_has_no_errors(self):
        self.assertEqual(self.errors(), [])

    def test_a_requirement_needs_a_scenario(self):
        self.write("requirements.json", [CLAIM, FACT, {**FACT, "id": "K-y"}])
        self.assertEqual(self.errors(),
                         ["scenarios/requirements.json: K-y has no scenario in compatibility"])
        self.assertEqual(self.errors(awaited=["K-y"]), [])

    def test_a_checker_of_clusters_will_do_for_a_requirement_but_not_for_a_claim(self):
        checker = self.root / "harness/simcheck/x_check.cc"
        checker.parent.mkdir(parents=True)
        checker.write_text('Say(node, "K-y", "D-02");')
        self.assertEqual(self.errors(), [
            f"scenarios/requirements.json: {name} is what a checker of simulated clusters judges, "
            "and is not there" for name in ("D-02", "K-y")])
        claim = {**CLAIM, "id": "D-02"}
        self.write("requirements.json", [CLAIM, FACT, {**FACT, "id": "K-y"}, claim])
        self.write("clauses.json", {each["id"]: scenarios_tree.clause_hash(each)
                                    for each in (CLAIM, claim)})
        self.assertEqual(self.errors(),
                         ["scenarios/requirements.json: D-02 has no scenario in conformance"])

    def test_what_is_awaited_must_not_be_there(self):
        self.assertEqual(self.errors(awaited=["K-x"]), [
            "scenarios/requirements.json: K-x has a scenario and is no longer awaited"])

    def test_a_scenario_needs_a_requirement(self):
        self.write("a/none.json", scenario())
        self.write("a/other.json", scenario("K-z"))
        self.assertEqual(self.errors(), [
            "scenarios/a/none.json: cites no requirement of the register",
            "scenarios/a/other.json: cites no requirement of the register"])

    def test_an_edited_claim_makes_its_scenarios_stale(self):
        self.write("requirements.json", [{**CLAIM, "text": "It seals all."}, FACT])
        self.assertEqual(self.errors(), [
            "scenarios/clauses.json: D-01 reads otherwise now; look through a/claim"])
        self.write("clauses.json", {})
        self.assertEqual(self.errors(), [
            "scenarios/clauses.json: D-01 is in only one of it and the register"])

    def test_a_frozen_scenario_must_stay(self):
        freeze_suite.freeze(self.root, "1.0")
        self.assertEqual(self.errors(), [])
        self.write("a/fact.json", json.dumps(scenario("K-x", suite="compatibility"), indent=4))
        self.write("a/more.json", scenario("D-01"))
        self.assertEqual(self.errors(), [])
        self.write("a/claim.json", scenario("D-01", title="u"))
        self.assertEqual(self.errors(),
                         ["scenarios/suites/1.0.json: a/claim is frozen there and was changed"])
        (self.root / "scenarios/a/claim.json").unlink()
        self.assertIn("scenarios/suites/1.0.json: a/claim is frozen there and gone", self.errors())

    def test_a_version_is_never_written_again(self):
        path = freeze_suite.freeze(self.root, "1.0")
        before = path.read_text()
        self.write("a/claim.json", scenario("D-01", title="u"))
        self.assertRaises(FileExistsError, freeze_suite.freeze, self.root, "1.0")
        self.assertEqual(path.read_text(), before)
        self.assertRaises(ValueError, freeze_suite.freeze, self.root, "../1.0")

    def test_a_list_of_known_failures_names_scenarios(self):
        self.write("known_failures/x.txt", "# why: x.md\na/claim # m\na/gone # m\n")
        self.assertEqual(self.errors(),
                         ["scenarios/known_failures/x.txt: a/gone is not a scenario"])

    def test_the_hash_is_of_the_canonical_form(self):
        # As harness/runner/suite_version_test.cc has it.
        self.assertEqual(
            freeze_suite.content_hash(json.loads('{"b": [1, "\\u00e9\\n"], "a": null}')),
            "c46d0a23acf19afe51d9fc9a08040e14a409df1595fb0ba12e6177032a71b678")


if __name__ == "__main__":
    unittest.main()
