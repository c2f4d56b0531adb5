#!/usr/bin/env python3
"""The rewriting of ci/mutate_source.py gives programs that compile and that differ as the mutant
says, and explanations (ci/mutate.py) match what they explain, and nothing else."""
import contextlib
import io
import json
import pathlib
import subprocess
import tempfile
import unittest
import unittest.mock

import mutate
import mutate_source
from mutate_verdict import read_explanations, stale, unexplained, verdict

SAMPLE = """#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#define ATREST_TRY(expr) do { if (int failed = (expr)) return failed; } while (false)
#define ATREST_CHECK(condition) ((condition) ? static_cast<void>(0) : std::abort())
constexpr int kLimit = 3;  // 7 < 8
static_assert(4 > 2);
struct Box {
  int size = 0;
  bool Full() const { return size >= kLimit; }
};
int Add(Box& box, int by) {
  ATREST_CHECK(by > 0);
  if (box.Full() && by != 9) return 5;
  box.size += by;
  return 0;
}
int Run(const std::string& word) {
  Box box;
  ATREST_TRY(Add(box, 1 + 1));
  for (int i = 0; i < 2; ++i) {
    if (word == "skip") continue;  // a ; b
    ATREST_TRY(Add(box, 1));
  }
  constexpr int kTwo = 2;
  switch (box.size) {
    case kTwo + 1:
      std::puts("three");
      break;
    default:
      std::printf("%d\\n", std::max(box.size, 1'0));
  }
  return word.empty() ? 1 : 0;
}
int main(int, char** words) { return Run(words[1]); }
"""


class RewritingTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        path = pathlib.Path(cls.folder.name) / "sample.cc"
        path.write_text(SAMPLE)
        unit = mutate_source.parse(str(path), ["-std=c++20"])
        cls.sites = mutate_source.sites_of(unit, {str(path): "sample.cc"})
        cls.changes, cls.numbers = {}, {}
        for i, site in enumerate(cls.sites):
            for k, mutant in enumerate(site.mutants):
                number = len(cls.numbers) + 1
                cls.numbers[i, k] = number
                original = mutate_source.one_line(SAMPLE[site.start:site.end])
                line = SAMPLE.count("\n", 0, site.start) + 1
                cls.changes[line, f"{original} -> {mutant.says}"] = number
        cls.text = mutate_source.rewritten(SAMPLE, cls.sites, cls.numbers)
        path.write_text(cls.text)
        header = pathlib.Path(cls.folder.name) / "mutant.h"
        header.write_text(mutate.HEADER)
        cls.program = str(path.with_suffix(""))
        subprocess.run(["g++", "-std=c++20", "-w", "-include", header, path, "-o", cls.program],
                       check=True)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def result(self, line, change, word="word"):
        number = self.changes[line, change] if change else 0
        done = subprocess.run([self.program, word], env={"ATREST_MUTANT": str(number)}, check=False,
                              capture_output=True, text=True)
        return done.returncode, done.stdout.strip()

    def test_without_a_mutant_nothing_changes(self):
        self.assertEqual(self.result(0, ""), (5, ""))
        self.assertEqual(self.result(0, "", "skip"), (0, "10"))

    def test_each_kind_of_mutant(self):
        self.assertEqual(self.result(7, "3 -> 4"), (0, "10"))
        self.assertEqual(self.result(10, "0 -> 1", "skip"), (0, "three"))
        self.assertEqual(self.result(11, "size >= kLimit -> size > kLimit"), (0, "10"))
        self.assertEqual(self.result(11, "size >= kLimit -> !(size >= kLimit)"), (5, ""))
        self.assertEqual(self.result(15, "box.Full() && by != 9 -> false"), (0, "10"))
        self.assertEqual(self.result(15, "box.Full() && by != 9 -> box.Full() || by != 9")[0], 5)
        self.assertEqual(self.result(16, "box.size += by; -> ", "skip"), (0, "10"))
        self.assertEqual(self.result(21, "1 + 1 -> 1 - 1", "skip")[0], -6)
        self.assertEqual(self.result(21, "ATREST_TRY(Add(box, 1 + 1)); -> "), (0, "10"))
        self.assertEqual(self.result(24, "ATREST_TRY(Add(box, 1)); -> (void)(Add(box, 1));"),
                         (0, "three"))
        self.assertEqual(self.result(23, 'word == "skip" -> word != "skip"'), (0, "10"))
        self.assertEqual(self.result(23, "continue; -> ", "skip"), (5, ""))
        self.assertEqual(self.result(32, "std::max(box.size, 1'0) -> std::min(box.size, 1'0)",
                                     "skip"), (0, "2"))
        self.assertEqual(self.result(34, "word.empty() -> !(word.empty())", "skip"), (1, "10"))

    def test_what_is_constant_or_a_check_is_left_alone(self):
        self.assertEqual([key for key in self.changes if key[0] in (8, 14, 26, 28)], [])

    def test_lines_stay_where_they_are(self):
        self.assertEqual(self.text.count("\n"), SAMPLE.count("\n"))


class FaultTest(unittest.TestCase):
    HEAD = ("enum class Fault { kA, kB };\n"
            "namespace fault { bool On(Fault); bool IsAny(); }\n"
            "namespace faults { int Heard(int); }\n")

    def changes(self, body, skipped=None):
        """(line of BODY, from 1; what is mutated there) of all mutants."""
        text = self.HEAD + body
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "fault.cc"
            path.write_text(text)
            unit = mutate_source.parse(str(path), ["-std=c++20"])
            self.assertEqual([str(problem) for problem in unit.diagnostics], [])
            sites = mutate_source.sites_of(unit, {str(path): "fault.cc"}, skipped)
        before = self.HEAD.count("\n")
        return {(text.count("\n", 0, site.start) + 1 - before,
                 f"{text[site.start:site.end]} -> {mutant.says}")
                for site in sites for mutant in site.mutants}

    def test_what_is_not_executed_without_faults_is_left_alone(self):
        self.assertEqual(self.changes(
            "int Twice(int x) {\n"
            "  if (x > 1 && fault::On(Fault::kA)) x = 0;\n"
            "  if (fault::IsAny()) x = faults::Heard(x);\n"
            "  x = fault::On(Fault::kA) ? x + 1 : x;\n"
            "  const bool odd = x > 7 && fault::On(Fault::kB);\n"
            "  if (odd) x = 2;\n"
            "  if (!fault::On(Fault::kB)) return x * 3;\n"
            "  return x * 2;\n"
            "}\n"), {(7, "x * 3 -> x / 3"), (7, "3 -> 4")})

    def test_the_form_with_a_using_declaration(self):
        self.assertEqual(self.changes(
            "using fault::On;\n"
            "int Twice(int x) {\n"
            "  if (x > 1 && On(Fault::kA)) x = 0;\n"
            "  return x;\n"
            "}\n"), set())

    def test_the_product_s_part_of_a_condition_is_mutated(self):
        changes = self.changes(
            "bool Checks(int size, bool always) {\n"
            "  if (size > 16 && !fault::On(Fault::kA)) return always || fault::On(Fault::kB);\n"
            "  if (fault::On(Fault::kA)) { return true; } else { --size; }\n"
            "  return size < 0;\n"
            "}\n")
        self.assertLessEqual({
            (2, "size > 16 -> size >= 16"), (2, "16 -> 17"),
            (2, "size > 16 && !fault::On(Fault::kA) -> false"),
            (2, "always || fault::On(Fault::kB) -> !(always || fault::On(Fault::kB))"),
            (3, "--size; -> "), (4, "size < 0 -> size <= 0")}, changes)
        self.assertFalse([change for line, change in changes if line == 3 and "true" in change])

    def test_a_function_that_only_faults_call_is_left_alone(self):
        self.assertEqual(self.changes(
            "namespace {\n"
            "int Inner(int x) { return x + 3; }\n"
            "int Other(int x) { return Inner(x) + 1; }\n"
            "int Both(int x) { return x + 2; }\n"
            "}\n"
            "int Use(int x) {\n"
            "  if (fault::On(Fault::kA)) return Other(Both(x));\n"
            "  return Both(x);\n"
            "}\n"), {(4, "x + 2 -> x - 2"), (4, "2 -> 3")})

    def test_what_is_left_alone_because_a_fault_is_in_it_is_known(self):
        skipped = set()
        self.assertEqual(self.changes("int Use(int x) { return 1 + faults::Heard(x); }\n", skipped),
                         {(1, "1 -> 0"), (1, "1 -> 2")})
        self.assertEqual(len(skipped), 1)

    def test_files_of_faults_are_not_mutated(self):
        self.assertTrue(mutate.is_mutated("reference/store/record.cc"))
        for name in ("reference/store/sealing_faults.cc", "reference/crypto/key_faults.h",
                     "reference/store/record_test.cc", "reference/wire/wire.cc"):
            self.assertFalse(mutate.is_mutated(name))


class CompilingTest(unittest.TestCase):
    LINE = "int x = (MUTANT_(7) ? (a) : MUTANT_(9) ? (b()) : (c));"

    def test_the_mutant_before_a_column_is_the_one(self):
        self.assertEqual(mutate.number_at(self.LINE, self.LINE.index("b()") + 1), 9)
        self.assertEqual(mutate.number_at(self.LINE, self.LINE.index("(a)") + 1), 7)
        self.assertEqual(mutate.number_at(self.LINE, 5), 0)


class Judged:
    """What the rules about survivors need of a mutant."""

    def __init__(self, outcome):
        self.outcome = outcome


class GateTest(unittest.TestCase):
    def test_the_share_of_survivors(self):
        mutants = [Judged("killed")] * 90 + [Judged("survived")] * 10
        self.assertEqual(verdict(mutants, 10, [], True), 0)
        self.assertEqual(verdict(mutants, 11, [], True), 1)

    def test_too_few_that_ran(self):
        mutants = [Judged("killed")] * 89 + [Judged("not run")] * 11
        with contextlib.redirect_stdout(io.StringIO()):
            self.assertEqual(verdict(mutants, 0, [], True), 2)
        self.assertEqual(verdict(mutants, 0, [], False), 0)
        self.assertEqual(verdict([Judged("killed")] * 20 + mutants, 0, [], True), 0)

    def test_a_stale_explanation_fails_a_full_run(self):
        self.assertEqual(verdict([Judged("killed")], 0, ["stale"], True), 1)
        self.assertEqual(verdict([Judged("killed")], 0, ["stale"], False), 0)


class ConditionsTest(unittest.TestCase):
    CASES = [mutate.Case(program, f"Suite.Case{i}", i) for program in mutate.PROGRAMS.values()
             for i in range(30)]

    def test_every_case_has_to_pass_without_a_mutant(self):
        seen = set()

        def outcome(number, program, cases):
            self.assertEqual(number, 0)
            seen.update((program, case.name) for case in cases)
            return "survived"
        mutate.check_conditions(self.CASES, outcome)
        self.assertEqual(seen, {(case.program, case.name) for case in self.CASES})

    def test_one_that_fails_or_is_too_slow_there_ends_the_run(self):
        for wrong in ("killed", "timed out"):
            with self.assertRaises(mutate.Failed):
                mutate.check_conditions(self.CASES, lambda number, program, cases, wrong=wrong:
                                        wrong if self.CASES[-1] in cases else "survived")


class ExplanationTest(unittest.TestCase):
    TEXT = "int Zero() {\n  return 0;\n}\n"
    ENTRY = {"file": "a.cc", "function": "Zero", "line": "return 0;", "mutants": ["0 -> 1"],
             "why": "equivalent: no"}

    def mutant(self, text, outcome="survived", function="Zero", start=None):
        start = text.index("0") if start is None else start
        site = mutate_source.Site("a.cc", start, start + 1, False, function, [])
        mutant = mutate.Mutant(1, site, (0, 0), mutate_source.Mutant("1", "1"), text)
        mutant.outcome = outcome
        return mutant

    def covered(self, **more):
        return read_explanations(json.dumps([self.ENTRY | more]))

    def two(self, *outcomes):
        """The same change at two places of one line."""
        text = "int Zero() {\n  return 0, 0;\n}\n"
        starts = (text.index("0"), text.rindex("0"))
        return [self.mutant(text, outcome, start=start)
                for start, outcome in zip(starts, outcomes)]

    def test_an_explanation_survives_edits_elsewhere(self):
        for text in (self.TEXT, "// more\n\n" + self.TEXT):
            mutant = self.mutant(text)
            self.assertEqual(list(unexplained([mutant], self.covered())), [])
            self.assertEqual(list(stale(self.covered(), [mutant])), [])

    def test_an_edit_of_the_line_makes_it_stale(self):
        mutant = self.mutant(self.TEXT.replace("return 0", "return +0"))
        self.assertEqual(list(unexplained([mutant], self.covered())), [mutant])
        self.assertEqual(list(stale(self.covered(), [mutant])),
                         ["a.cc: Zero: return 0;: 0 -> 1: there is no such mutant"])

    def test_the_same_line_of_another_function_is_not_explained(self):
        mutants = [self.mutant(self.TEXT), self.mutant(self.TEXT, function="Nil")]
        self.assertEqual(list(unexplained(mutants, self.covered())), mutants[1:])

    def test_no_more_places_are_explained_than_counted(self):
        mutants = self.two("survived", "not reached")
        line = "return 0, 0;"
        self.assertEqual(list(unexplained(mutants, self.covered(line=line))), mutants[1:])
        self.assertEqual(list(unexplained(mutants, self.covered(line=line, count=2))), [])

    def test_one_that_counts_more_places_than_live_is_stale(self):
        covered = self.covered(line="return 0, 0;", count=2)
        self.assertEqual(list(stale(covered, self.two("survived", "killed"))),
                         ["a.cc: Zero: return 0, 0;: 0 -> 1: covers 2, but 1 live"])
        self.assertEqual(list(stale(covered, self.two("survived", "not run"))), [])

    def test_a_killed_mutant_needs_none(self):
        for outcome in ("killed", "timed out"):
            self.assertEqual(list(stale(self.covered(), [self.mutant(self.TEXT, outcome)])),
                             ["a.cc: Zero: return 0;: 0 -> 1: the tests kill it"])

    def test_again_is_run_what_the_last_run_did_not_kill(self):
        for outcome, kept in (("killed", "killed"), ("timed out", "timed out"),
                              ("survived", "not run"), ("not run", "not run")):
            for text in (self.TEXT, self.TEXT.replace("return 0", "return +0")):
                with tempfile.TemporaryDirectory() as folder:
                    path = pathlib.Path(folder) / "results.json"
                    path.write_text(json.dumps([self.mutant(self.TEXT, outcome).entry()]))
                    mutant = self.mutant(text, "not run")
                    with unittest.mock.patch.object(mutate, "WORK", path.parent):
                        mutate.keep_last_kills([mutant])
                self.assertEqual(mutant.outcome, kept if text == self.TEXT else "not run")

    def test_a_reason_is_demanded_and_one_explanation_of_a_place(self):
        read_explanations("[]")
        for wrong in ([self.ENTRY | {"why": ""}], [self.ENTRY | {"function": ""}], [self.ENTRY] * 2,
                      [self.ENTRY | {"more": 1}]):
            with self.assertRaises(mutate.Failed):
                read_explanations(json.dumps(wrong))


if __name__ == "__main__":
    unittest.main()
