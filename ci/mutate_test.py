#!/usr/bin/env python3
"""The rewriting of ci/mutate_source.py gives programs that compile and that differ as the mutant
says, and explanations (ci/mutate.py) match what they explain, and nothing else."""
import pathlib
import subprocess
import tempfile
import unittest

import mutate
import mutate_source

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
    def test_the_code_of_faults_is_left_alone(self):
        text = ("namespace fault { bool On(int); }\n"
                "int Twice(int x) {\n"
                "  if (x > 1 && fault::On(1)) x = 0;\n"
                "  return x * 2;\n"
                "}\n")
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "fault.cc"
            path.write_text(text)
            unit = mutate_source.parse(str(path), ["-std=c++20"])
            sites = mutate_source.sites_of(unit, {str(path): "fault.cc"})
        self.assertEqual({text.count("\n", 0, site.start) + 1 for site in sites}, {4})


class ExplanationTest(unittest.TestCase):
    TEXT = "int Zero() {\n  return 0;\n}\n"
    ENTRY = {"file": "a.cc", "line": "return 0;", "mutants": ["0 -> 1"], "why": "equivalent: no"}

    def mutant(self, text, outcome="survived"):
        start = text.index("0")
        site = mutate_source.Site("a.cc", start, start + 1, False, "Zero", [])
        mutant = mutate.Mutant(1, site, (0, 0), mutate_source.Mutant("1", "1"), text)
        mutant.outcome = outcome
        return mutant

    def test_an_explanation_survives_edits_elsewhere(self):
        for text in (self.TEXT, "// more\n\n" + self.TEXT):
            mutant = self.mutant(text)
            self.assertTrue(mutate.explained(mutant, [self.ENTRY]))
            self.assertEqual(list(mutate.stale([self.ENTRY], [mutant])), [])

    def test_an_edit_of_the_line_makes_it_stale(self):
        mutant = self.mutant(self.TEXT.replace("return 0", "return +0"))
        self.assertFalse(mutate.explained(mutant, [self.ENTRY]))
        self.assertEqual(list(mutate.stale([self.ENTRY], [mutant])),
                         ["a.cc: return 0;: 0 -> 1: there is no such mutant"])

    def test_a_killed_mutant_needs_none(self):
        self.assertEqual(list(mutate.stale([self.ENTRY], [self.mutant(self.TEXT, "killed")])),
                         ["a.cc: return 0;: 0 -> 1: the tests kill it"])

    def test_a_reason_is_demanded(self):
        mutate.read_explanations("[]")
        with self.assertRaises(mutate.Failed):
            mutate.read_explanations('[{"file": "a", "line": "b", "mutants": ["c"], "why": ""}]')


if __name__ == "__main__":
    unittest.main()
