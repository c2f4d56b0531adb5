#!/usr/bin/env python3
"""Our own unit tests under mutation: which small defects of harness/oracle, reference/crypto and
reference/store do the unit tests of the three folders let live?

Copies the sources to build/mutate/src, puts every mutant into them (ci/mutate_source.py), builds
the three test programs once, records which test case reaches which mutant, and then runs, for each
mutant, the cases that reach it. A mutant is killed when a case fails, crashes or takes too long. A
survivor is explained in ci/mutants.json or it is not; an explanation there that fits no survivor,
or covers more of them than there are, is stale. Exit code: 0, 1 if more than 10 % of the mutants
that ran live unexplained or, when all were to run, an explanation is stale, 2 if it could not run
or ran less than 90 % of all. What happened to each mutant is in build/mutate/results.json.

A mutant counts as killed only for what it does: without one, the same cases have to pass in the
same way, with the same limits and as many at a time. Faults (reference/base/fault.h) are not
mutated, nor are the files *_faults.* that hold them: `atrest prove` is for those.

The cases DamageLadder over sealed stores, which take minutes, are left out: what only they would
kill counts as alive.
"""
import argparse
import concurrent.futures
import json
import multiprocessing
import os
import pathlib
import random
import re
import resource
import shlex
import subprocess
import sys
import time

import mutate_source
import mutate_verdict
from mutate_verdict import Failed

ROOT = pathlib.Path(__file__).resolve().parent.parent
EXPLANATIONS = ROOT / "ci/mutants.json"
WORK = ROOT / "build/mutate"
SOURCES, BUILD = WORK / "src", WORK / "build"
FOLDERS = ("harness/oracle", "reference/crypto", "reference/store")
PROGRAMS = {folder: folder.replace("/", "_") + "_test" for folder in FOLDERS}
LEFT_OUT = "-*DamageLadder*/aes_*:*DamageLadder*/chacha_*"
FIRST_CASES = 12  # so many, the quickest, run before the rest of those that reach a mutant
MEMORY = 2 << 30
MUTANTS_MAX = 1 << 16

HEADER = """// Which mutant is on: the number in the environment, none without it. \
Written by ci/mutate.py.
#pragma once
#include <cstdlib>
namespace atrest_mutant {
inline unsigned char reached[%d];
inline const char* const variable = std::getenv("ATREST_MUTANT");
inline const int chosen = variable ? std::atoi(variable) : 0;
inline bool On(int number) {
  reached[number] = 1;
  return number == chosen;
}
}  // namespace atrest_mutant
#define MUTANT_(number) ::atrest_mutant::On(number)
""" % MUTANTS_MAX

LISTENER = """// Writes what each test case reaches and how long it takes. Written by ci/mutate.py.
#include <gtest/gtest.h>
#include <cstring>
#include <fstream>
#include <string>
namespace {
class Recorder : public testing::EmptyTestEventListener {
 public:
  explicit Recorder(const char* path) : out_(path) {}
  void OnTestProgramStart(const testing::UnitTest&) override { Write("* 0"); }
  void OnTestEnd(const testing::TestInfo& test) override {
    Write(std::string(test.test_suite_name()) + "." + test.name() + " " +
          std::to_string(test.result()->elapsed_time()));
  }
 private:
  void Write(const std::string& what) {
    out_ << what;
    for (int i = 0; i < %d; ++i)
      if (atrest_mutant::reached[i]) out_ << ' ' << i;
    out_ << std::endl;
    std::memset(atrest_mutant::reached, 0, sizeof atrest_mutant::reached);
  }
  std::ofstream out_;
};
const bool listening = [] {
  const char* path = std::getenv("ATREST_MUTANT_RECORD");
  if (path) testing::UnitTest::GetInstance()->listeners().Append(new Recorder(path));
  return true;
}();
}  // namespace
""" % MUTANTS_MAX


def say(text=""):
    print(text, flush=True)


def cores():
    return len(os.sched_getaffinity(0))


def command(*arguments):
    result = subprocess.run([str(part) for part in arguments], cwd=ROOT, check=False, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace")
    return result.returncode, result.stdout


def write(path, text):
    """Leaves a file alone that says TEXT (Latin-1) already, so that it is not built again."""
    data = text.encode("latin-1")
    if not path.exists() or path.read_bytes() != data:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def read(path):
    return path.read_bytes().decode("latin-1")


# What is mutated.


class Mutant:
    """One mutant: its number, where it stands, and what became of it."""

    def __init__(self, number, site, key, mutant, text):
        self.number = number
        self.file = site.file
        self.function = site.function
        self.key = key  # (index of the site in its file, index of the mutant at the site)
        self.start = site.start
        self.line = text.count("\n", 0, site.start) + 1
        self.last_line = text.count("\n", 0, site.end) + 1
        self.text_of_line = text.splitlines()[self.line - 1].strip()
        self.original = mutate_source.one_line(text[site.start:site.end])
        self.mutated = mutant.says
        self.outcome = "not run"

    def change(self):
        return f"{self.original} -> {self.mutated or '(left out)'}"

    def place(self):
        """What an explanation names it by."""
        return self.file, self.function, self.text_of_line, self.change()

    def show(self):
        return f"{self.file}:{self.line}: {self.change()}  [{self.number}, {self.outcome}]"

    def entry(self):
        return {"file": self.file, "function": self.function, "line": self.text_of_line,
                "mutant": self.change(), "number": self.number, "at": self.line,
                "outcome": self.outcome}


def copy_tree():
    """The sources with what is not committed yet, but not those that will be rewritten."""
    names = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                           cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    for name in filter(None, names):
        path = ROOT / name
        if not path.is_file() or is_mutated(name):
            continue
        text = read(path)
        if name == "cmake/atrest.cmake":
            text = text.replace("add_executable(${name}_test ${ARG_TESTS})",
                                "add_executable(${name}_test ${ARG_TESTS}\n"
                                "      ${PROJECT_SOURCE_DIR}/mutant_listener.cc)")
            text = re.sub(r"gtest_discover_tests\(.*?\n\n?    atrest_label", "atrest_label", text,
                          flags=re.S)
        write(SOURCES / name, text)
    write(SOURCES / "mutant.h", HEADER)
    write(SOURCES / "mutant_listener.cc", LISTENER)


def is_mutated(name):
    """Files of the three folders that are no tests and no faults. Headers only tests use hold
    nothing to find."""
    return (name.rpartition("/")[0] in FOLDERS and name.endswith((".h", ".cc")) and
            not name.endswith(("_test.cc", "_fuzz.cc", "_faults.h", "_faults.cc")))


def configure():
    code, output = command(
        "cmake", "-S", SOURCES, "-B", BUILD, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=None",
        "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON",
        f"-DCMAKE_CXX_FLAGS=-O1 -g0 -w -Wno-narrowing -include {SOURCES}/mutant.h")
    if code != 0:
        raise Failed(output)


def clang_arguments():
    """File name in the copy -> the arguments that clang needs to parse it."""
    found = {}
    for entry in json.loads((BUILD / "compile_commands.json").read_text()):
        words = shlex.split(entry["command"])
        kept = [f"-include{SOURCES}/mutant.h", "-w", "-Wno-c++11-narrowing", "-ferror-limit=0"]
        for i, word in enumerate(words):
            if word == "-isystem":
                kept += [word, words[i + 1]]
            elif word.startswith(("-I", "-D", "-std=")):
                kept.append(word)
        found[os.path.relpath(entry["file"], SOURCES)] = kept
    return found


def find_sites(task):
    """The sites of one source and of the headers of the three folders that it includes; and what is
    none because of a fault."""
    name, arguments = task
    here = [argument.replace(str(SOURCES), str(ROOT)) if argument.startswith("-I") else argument
            for argument in arguments]
    unit = mutate_source.parse(str(ROOT / name), here)
    wrong = [str(problem) for problem in unit.diagnostics if problem.severity >= 3]
    if wrong:
        raise Failed(f"clang cannot read {name}: {wrong[0]}")
    names = {str(ROOT / other): other for other in mutated_names()}
    sites, skipped = {}, set()
    for site in mutate_source.sites_of(unit, names, skipped):
        sites.setdefault(site.file, []).append(site)
    return sites, skipped


def mutated_names():
    return sorted(str(path.relative_to(ROOT)) for folder in FOLDERS
                  for path in (ROOT / folder).iterdir() if is_mutated(str(path.relative_to(ROOT))))


class Problem:
    """What a compiler does not accept: (file, line) of the copy, the column (from 1), the places
    that its notes name, and whether it wants a constant, which such a place declares."""

    def __init__(self, place, column, notes=(), is_constant=False):
        self.place = place
        self.column = column
        self.notes = notes
        self.is_constant = is_constant


def find_problems(task):
    name, arguments = task
    unit = mutate_source.parse(str(SOURCES / name), arguments)

    def place_of(problem):
        file = problem.location.file
        return os.path.relpath(file.name, SOURCES) if file else "", problem.location.line

    def notes_of(problem):
        for note in problem.children:
            yield place_of(note)
            yield from notes_of(note)
    return [Problem(place_of(problem), problem.location.column, tuple(notes_of(problem)),
                    "constant" in problem.spelling)
            for problem in unit.diagnostics if problem.severity >= 3]


def number_at(line, column):
    """The mutant that is at COLUMN (from 1) of a rewritten LINE, the last one before, or 0."""
    before = re.findall(r"MUTANT_\((\d+)\)", line[:column - 1])
    return int(before[-1]) if before else 0


class Mutation:
    """The rewritten sources and their mutants."""

    def __init__(self, pool):
        self.pool = pool
        self.arguments = clang_arguments()
        self.sources = [name for name in mutated_names() if name.endswith(".cc")]
        self.texts = {name: read(ROOT / name) for name in mutated_names()}
        self.sites = {}
        self.skipped = set()
        for found, skipped in pool.map(find_sites, self.tasks()):
            self.skipped |= skipped
            for name, sites in found.items():
                self.sites.setdefault(name, sites)
        self.mutants = self.number()
        self.rejected = 0

    def tasks(self):
        return [(name, self.arguments[name]) for name in self.sources]

    def number(self):
        """Headers first: their numbers stand in every program, and change the least."""
        mutants = []
        for name in sorted(self.sites, key=lambda name: (not name.endswith(".h"), name)):
            for i, site in enumerate(self.sites[name]):
                for k, mutant in enumerate(site.mutants):
                    mutants.append(Mutant(len(mutants) + 1, site, (i, k), mutant,
                                          self.texts[name]))
        if len(mutants) >= MUTANTS_MAX:
            raise Failed(f"{len(mutants)} mutants are more than {MUTANTS_MAX}")
        return mutants

    def write(self):
        for name, text in self.texts.items():
            numbers = {mutant.key: mutant.number for mutant in self.mutants if mutant.file == name}
            write(SOURCES / name, mutate_source.rewritten(text, self.sites.get(name, []), numbers))

    def write_what_compiles(self):
        """Rewrites, and takes out again what the compiler does not accept: mutant by mutant, and
        where that does not get through, all those of a line."""
        for attempt in range(20):
            self.write()
            problems = [problem for found in self.pool.map(find_problems, self.tasks())
                        for problem in found]
            if not problems:
                return
            self.reject(problems, whole_lines=attempt >= 12)
        raise Failed(f"clang does not accept the rewritten sources: {problems[0].place}")

    def reject(self, problems, whole_lines):
        numbers = set()
        for problem in problems:
            one = 0 if whole_lines else self.blamed(problem)
            numbers |= {one} if one else self.of_lines({problem.place, *problem.notes})
        wrong = [mutant for mutant in self.mutants if mutant.number in numbers]
        if not wrong:
            raise Failed(f"not from a mutant, but not accepted: {problems[0].place}")
        self.mutants = [mutant for mutant in self.mutants if mutant.number not in numbers]
        self.rejected += len(wrong)

    def blamed(self, problem):
        """The one mutant that a problem is in, or 0."""
        file, line = problem.place
        if file not in self.texts or (problem.is_constant and self.of_lines(set(problem.notes))):
            return 0
        return number_at(read(SOURCES / file).split("\n")[line - 1], problem.column)

    def of_lines(self, places):
        numbers = {mutant.number for mutant in self.mutants
                   if (mutant.file, mutant.line) in places}
        return numbers or {mutant.number for mutant in self.mutants if any(
            mutant.file == file and mutant.line <= line <= mutant.last_line
            for file, line in places)}

    def build(self):
        for attempt in range(4):
            code, output = command("cmake", "--build", BUILD, "-j", cores(), "--target",
                                   *PROGRAMS.values(), "--", "-k", "0")
            if code == 0:
                return
            problems = [Problem((os.path.relpath(file, SOURCES), int(line)), int(column))
                        for file, line, column in
                        re.findall(r"^(/[^:\n]*):(\d+):(\d+): error", output, re.M)]
            if not problems:
                raise Failed(output[-4000:])
            self.reject(problems, whole_lines=attempt > 0)
            self.write()
        raise Failed(output[-4000:])


# What the tests say.


def environment(**more):
    return os.environ | {"RC_PARAMS": "seed=20220601 noshrink=1"} | more


class Case:
    """One test case that reaches a mutant."""

    def __init__(self, program, name, seconds):
        self.program = program
        self.name = name
        self.seconds = seconds


def record():
    """(number of a mutant -> the cases that reach it, all cases)"""
    reached, recorded = {}, []
    for program in PROGRAMS.values():
        log = WORK / f"{program}.record"
        result = subprocess.run([BUILD / "tests" / program, f"--gtest_filter={LEFT_OUT}"],
                                cwd=SOURCES, check=False, capture_output=True, text=True,
                                env=environment(ATREST_MUTANT_RECORD=str(log)))
        if result.returncode != 0:
            raise Failed(f"{program} fails without a mutant:\n{result.stdout[-3000:]}")
        cases, constants = [], []
        for line in log.read_text().splitlines():
            name, milliseconds, *numbers = line.split()
            if name == "*":  # reached before the first case: constants, which every case may use
                constants = numbers
                continue
            cases.append(Case(program, name, int(milliseconds) / 1000))
            for number in numbers:
                reached.setdefault(int(number), []).append(cases[-1])
        for number in constants:
            reached.setdefault(int(number), []).extend(cases)
        recorded += cases
    return reached, recorded


def outcome_of(number, program, cases):
    """What these cases of one program make of a mutant: killed, timed out or survived."""
    seconds = int(10 * sum(case.seconds for case in cases)) + 2

    def limit():
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    arguments = [BUILD / "tests" / program, "--gtest_fail_fast", "--gtest_brief=1"]
    chosen = environment(ATREST_MUTANT=str(number),
                         GTEST_FILTER=":".join(case.name for case in cases))
    try:
        # That limit is on the time that the program computes; one that waits ends by the other.
        code = subprocess.run(arguments, cwd=SOURCES, check=False, env=chosen, preexec_fn=limit,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              timeout=10 * seconds).returncode
    except subprocess.TimeoutExpired:
        return "timed out"
    if code in (-9, -24):  # SIGKILL, SIGXCPU
        return "timed out"
    return "survived" if code == 0 else "killed"


def parts_of(cases, program):
    """Those of one program, by what is run at once: a few quick ones, and all others."""
    mine = sorted((case for case in cases if case.program == program),
                  key=lambda case: (case.seconds, case.name))
    return [some for some in (mine[:FIRST_CASES], mine[FIRST_CASES:]) if some]


def judge(mutant, cases):
    """Runs the cases that reach a mutant, first those of its own folder."""
    if not cases:
        return "not reached"
    own = PROGRAMS[mutant.file.rpartition("/")[0]]
    for program in sorted(PROGRAMS.values(), key=lambda name: name != own):
        for some in parts_of(cases, program):
            outcome = outcome_of(mutant.number, program, some)
            if outcome != "survived":
                return outcome
    return "survived"


def check_conditions(cases, outcome=outcome_of):
    """Without a mutant all cases have to pass under the conditions in which mutants are judged;
    in small parts, too, as some mutants are reached by few."""
    tasks = []
    for program in PROGRAMS.values():
        tasks += [(program, part) for part in parts_of(cases, program)]
        rest = [case for part in parts_of(cases, program)[1:] for case in part]
        tasks += [(program, rest[at:at + FIRST_CASES]) for at in range(0, len(rest), FIRST_CASES)]
    with concurrent.futures.ThreadPoolExecutor(cores()) as pool:
        for (program, part), result in zip(tasks, pool.map(lambda task: outcome(0, *task), tasks)):
            if result != "survived":
                names = ":".join(case.name for case in part)
                raise Failed(f"{program} does not pass without a mutant as mutants are run "
                             f"({result}): {names[:2000]}")


def run_all(mutants, reached, until):
    """In the given order, as far as time allows."""
    def run(mutant):
        if time.monotonic() < until:
            mutant.outcome = judge(mutant, reached.get(mutant.number, []))
    with concurrent.futures.ThreadPoolExecutor(cores()) as pool:
        list(pool.map(run, mutants))


# What comes of it.


def report(mutation, covered, seconds, is_full):
    mutants = mutation.mutants
    alive = sum(mutate_verdict.is_alive(mutant) for mutant in mutants)
    left = list(mutate_verdict.unexplained(mutants, covered))
    for mutant in left:
        say(mutant.show())
    stale_lines = list(mutate_verdict.stale(covered, mutants))
    for line in stale_lines:
        say(f"ci/mutants.json: stale: {line}")
    (WORK / "results.json").write_text(
        json.dumps([mutant.entry() for mutant in mutants], indent=1))
    counts = {outcome: sum(mutant.outcome == outcome for mutant in mutants)
              for outcome in ("killed", "timed out", "survived", "not reached", "not run")}
    ran = len(mutants) - counts["not run"]
    say(f"{len(mutants)} mutants made ({mutation.rejected} more did not compile; "
        f"{len(mutation.skipped)} places skipped because a fault is in them), "
        f"{ran - counts['not reached']} reached by tests; " +
        ", ".join(f"{count} {outcome}" for outcome, count in counts.items()) +
        f"; {alive - len(left)} of those alive are explained")
    say(f"alive and not explained: {len(left)} of {ran}, {100 * len(left) / max(ran, 1):.1f} % "
        f"(at most {100 * mutate_verdict.ALIVE_MAX:.0f} % may be); {seconds:.0f} s")
    return mutate_verdict.verdict(mutants, len(left), stale_lines, is_full)


def keep_last_kills(mutants):
    """Gives those that the last run killed their outcome of then; for the others it is open. It
    counts only for the same change of the same line."""
    last = {entry["number"]: entry for entry in json.loads((WORK / "results.json").read_text())}
    for mutant in mutants:
        before = last.get(mutant.number, {})
        if before.get("outcome") in ("killed", "timed out") and \
                before == mutant.entry() | {"outcome": before["outcome"]}:
            mutant.outcome = before["outcome"]


def parse_options(arguments):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--time", type=float, default=540, metavar="S",
                        help="seconds in all; what is not run by then is left out (540)")
    parser.add_argument("--seed", type=int, default=1, help="of the order in which they run (1)")
    parser.add_argument("--again", action="store_true",
                        help="run only what the last run did not kill, to see what new tests do")
    parser.add_argument("--only", default="", metavar="REGEX",
                        help="run mutants whose file, line and text, as listed, match")
    return parser.parse_args(arguments)


def main(arguments):
    options = parse_options(arguments)
    began = time.monotonic()
    passed = lambda: time.monotonic() - began
    explanations = mutate_verdict.read_explanations(EXPLANATIONS.read_text())
    copy_tree()
    for name in mutated_names():  # so that there is something to configure
        if not (SOURCES / name).exists():
            write(SOURCES / name, read(ROOT / name))
    configure()
    with multiprocessing.Pool(cores()) as pool:
        mutation = Mutation(pool)
        mutation.write_what_compiles()
    say(f"{len(mutation.mutants)} mutants in {len(mutation.sites)} files [{passed():.0f} s]")
    mutation.build()
    say(f"built [{passed():.0f} s]")
    reached, cases = record()
    check_conditions(cases)
    say(f"recorded [{passed():.0f} s]")
    order = [mutant for mutant in mutation.mutants if re.search(options.only, mutant.show())]
    if options.again:
        keep_last_kills(mutation.mutants)
        order = [mutant for mutant in order if mutant.outcome == "not run"]
    random.Random(options.seed).shuffle(order)
    run_all(order, reached, began + options.time)
    return report(mutation, explanations, passed(), not options.only and not options.again)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Failed as failed:
        print(failed, file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
