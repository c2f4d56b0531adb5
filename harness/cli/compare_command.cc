#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <iostream>
#include <memory>
#include <new>
#include <sstream>

#include "harness/cli/command.h"
#include "harness/compare/compare.h"
#include "harness/driver/registry.h"
#include "reference/env/posix_env.h"

namespace atrest::cli {
namespace {

using compare::Case;
using compare::CaseReport;
using verdict::ExitCode;

constexpr uint64_t kReplayFileMax = 1u << 24;
constexpr uint64_t kJobsMax = 64;
constexpr char kRequirement[] = "D-01";
constexpr char kRegister[] = "/scenarios/requirements.json";

struct CompareArguments {
  std::string left;
  std::string right;
  std::string left_program;
  std::string right_program;
  std::string keep = "atrest-compare";
  std::string replay;
  std::string root;
  bool verbose = false;
  compare::CompareOptions options;
};

struct Counts {
  uint64_t equal = 0;
  uint64_t different = 0;
  uint64_t unsteady = 0;
  uint64_t inconclusive = 0;

  void Add(const Counts& other) {
    equal += other.equal;
    different += other.different;
    unsteady += other.unsteady;
    inconclusive += other.inconclusive;
  }
};

compare::Target TargetNamed(const std::string& name, const std::string& program, uint64_t seed,
                            const CompareArguments& arguments) {
  compare::Target target;
  target.name = name;
  target.make = [name](const driver::DriverOptions& options) {
    return driver::MakeDriver(name, options);
  };
  // Two seeds, so that what is random differs even between two runs of one program.
  target.options.seed = seed;
  target.options.targets = FindRoot(arguments.root) + "/harness/targets";
  target.options.executables = OwnDirectory();
  target.options.server = program;
  // Both are driven alike: the barrier of a control channel leaves other traces than one by
  // messages.
  target.options.wire_only = true;
  return target;
}

compare::Target Left(const CompareArguments& arguments) {
  return TargetNamed(arguments.left, arguments.left_program, 1, arguments);
}
compare::Target Right(const CompareArguments& arguments) {
  return TargetNamed(arguments.right, arguments.right_program, 2, arguments);
}

std::string TitleOf(const Case& one, const CompareArguments& arguments) {
  return arguments.left + " and " + arguments.right + " differ in the case of seed " +
         std::to_string(one.seed);
}

// The path of the file.
std::string WriteReplay(const Case& one, const CompareArguments& arguments) {
  env::PosixFileSystem files;
  const std::string path = arguments.keep + "/seed-" + std::to_string(one.seed) + ".json";
  const std::string text = compare::PrintCase(one, TitleOf(one, arguments), kRequirement);
  Status written = files.MakeDirectories(arguments.keep);
  if (written.ok()) written = env::WriteWhole(files, path, AsBytes(text));
  if (!written.ok()) throw CommandError{ExitCode::kHarnessFailed, written.message()};
  return path;
}

void ShowDifference(std::ostream& out, const CaseReport& report) {
  const compare::Mismatch& mismatch = report.difference.mismatch;
  out << "  step " << report.difference.step << ", " << mismatch.field << '\n'
      << "    left:  " << mismatch.left << '\n'
      << "    right: " << mismatch.right << '\n';
}

std::string Show(const Case& one, const CaseReport& report, const CompareArguments& arguments) {
  std::ostringstream out;
  const std::string seed = "seed " + std::to_string(one.seed);
  switch (report.kind) {
    case CaseReport::Kind::kEqual:
      if (arguments.verbose) out << seed << ": equal\n";
      break;
    case CaseReport::Kind::kInconclusive:
      out << seed << ": inconclusive: " << report.why << '\n';
      break;
    case CaseReport::Kind::kUnsteady:
      out << seed << ": a difference that was not seen again\n";
      ShowDifference(out, report);
      out << "  replay: " << WriteReplay(one, arguments) << '\n';
      break;
    case CaseReport::Kind::kDifferent:
      out << seed << ": " << arguments.left << " (left) and " << arguments.right
          << " (right) differ; shrunk to " << report.shrunk.steps.size() << " steps\n";
      ShowDifference(out, report);
      out << "  replay: " << WriteReplay(report.shrunk, arguments) << '\n';
      break;
  }
  if (arguments.verbose) {
    for (const std::string& line : report.trace) out << "  " << line << '\n';
  }
  return out.str();
}

void Count(const CaseReport& report, Counts& counts) {
  switch (report.kind) {
    case CaseReport::Kind::kEqual:
      ++counts.equal;
      return;
    case CaseReport::Kind::kDifferent:
      ++counts.different;
      return;
    case CaseReport::Kind::kUnsteady:
      ++counts.unsteady;
      return;
    case CaseReport::Kind::kInconclusive:
      ++counts.inconclusive;
      return;
  }
}

void CompareInThisProcess(const CompareArguments& arguments, const compare::CompareOptions& options,
                          Counts& counts) {
  const auto ended = [&](const Case& one, const CaseReport& report) {
    Count(report, counts);
    std::cout << Show(one, report, arguments) << std::flush;
  };
  const Status compared = compare::Compare(options, Left(arguments), Right(arguments), ended);
  if (!compared.ok()) throw CommandError{ExitCode::kUsage, compared.message()};
}

// What a child process does; never returns, so that nothing of the parent is ended twice.
[[noreturn]] void RunJob(const CompareArguments& arguments, uint64_t job, Counts& counts) {
  compare::CompareOptions options = arguments.options;
  options.job = job;
  ExitCode code = ExitCode::kAsExpected;
  try {
    CompareInThisProcess(arguments, options, counts);
  } catch (const CommandError& error) {
    std::cerr << "atrest: " << error.message << '\n';
    code = error.code;
  } catch (const std::exception& error) {
    std::cerr << "atrest: " << error.what() << '\n';
    code = ExitCode::kHarnessFailed;
  }
  std::cout.flush();
  std::_Exit(static_cast<int>(code));
}

// One process for each job: a driver's clients and timers stay within its own.
Counts CompareInJobs(const CompareArguments& arguments) {
  const uint64_t jobs = arguments.options.jobs;
  void* shared = mmap(nullptr, jobs * sizeof(Counts), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) throw CommandError{ExitCode::kHarnessFailed, "no shared memory"};
  auto* counts = static_cast<Counts*>(shared);
  std::cout.flush();
  std::vector<pid_t> children;
  for (uint64_t job = 0; job < jobs; ++job) {
    new (&counts[job]) Counts();
    const pid_t child = fork();
    if (child == 0) RunJob(arguments, job, counts[job]);
    if (child > 0) children.push_back(child);
  }
  bool failed = children.size() < jobs;
  for (const pid_t child : children) {
    int how = 0;
    const bool ended = waitpid(child, &how, 0) == child;
    failed = failed || !ended || !WIFEXITED(how) || WEXITSTATUS(how) != 0;
  }
  Counts all;
  for (uint64_t job = 0; job < jobs; ++job) all.Add(counts[job]);
  munmap(shared, jobs * sizeof(Counts));
  if (failed) throw CommandError{ExitCode::kHarnessFailed, "a job failed"};
  return all;
}

ExitCode Conclude(const Counts& counts) {
  std::cout << counts.equal << " equal, " << counts.different << " different, " << counts.unsteady
            << " unsteady, " << counts.inconclusive << " inconclusive\n";
  if (counts.different + counts.unsteady > 0) return ExitCode::kConformanceFailed;
  if (counts.inconclusive > 0) return ExitCode::kUndecided;
  return counts.equal > 0 ? ExitCode::kAsExpected : ExitCode::kNothingRun;
}

template <typename T>
T ValueOr(Result<T> result) {
  if (!result.ok()) throw CommandError{ExitCode::kUsage, result.status().message()};
  return std::move(result).value();
}

// Performs the case of a file as it is, and keeps the stores where that was asked for.
ExitCode Replay(const CompareArguments& arguments, bool keep) {
  env::PosixFileSystem files;
  const auto requirements =
      ValueOr(env::ReadWhole(files, FindRoot(arguments.root) + kRegister, kReplayFileMax));
  const auto json = ValueOr(env::ReadWhole(files, arguments.replay, kReplayFileMax));
  const Case one = ValueOr(compare::LoadCase(arguments.replay, AsText(json), AsText(requirements)));
  compare::Target left = Left(arguments);
  compare::Target right = Right(arguments);
  if (keep) {
    for (auto* target : {&left, &right}) {
      target->options.directory = arguments.keep + (target == &left ? "/left" : "/right");
      // A directory kept by an earlier run would be opened as a store.
      const Status cleared = files.RemoveAll(target->options.directory);
      if (!cleared.ok()) throw CommandError{ExitCode::kHarnessFailed, cleared.message()};
    }
  }
  const compare::PairOutcome outcome = compare::RunPair(one, left, right);
  for (const std::string& line : outcome.trace) std::cout << line << '\n';
  CaseReport report;
  if (outcome.difference) {
    report.difference = *outcome.difference;
    ShowDifference(std::cout, report);
    return ExitCode::kConformanceFailed;
  }
  std::cout << (outcome.inconclusive.empty() ? "equal" : "inconclusive: " + outcome.inconclusive)
            << '\n';
  return outcome.inconclusive.empty() ? ExitCode::kAsExpected : ExitCode::kUndecided;
}

ExitCode RunCompare(const CompareArguments& arguments, bool keep) {
  if (!arguments.replay.empty()) return Replay(arguments, keep);
  const compare::CompareOptions& options = arguments.options;
  std::cout << "compare " << arguments.left << " (left) with " << arguments.right
            << " (right): seeds " << options.seed << " to "
            << options.seed + std::max<uint64_t>(options.cases, 1) - 1 << ", " << options.steps
            << " steps each\n";
  if (options.jobs > 1) return Conclude(CompareInJobs(arguments));
  Counts counts;
  CompareInThisProcess(arguments, options, counts);
  return Conclude(counts);
}

}  // namespace

void AddCompareCommand(CLI::App& app, RunVerb& chosen) {
  CLI::App* verb = app.add_subcommand(
      "compare", "Do the same random steps to two targets and show the first difference");
  auto arguments = std::make_shared<CompareArguments>();
  verb->add_option("left", arguments->left, "A target, as of `atrest run --target`")->required();
  verb->add_option("right", arguments->right, "The other target")->required();
  verb->add_option("--seed", arguments->options.seed, "Of the first case; the next has the next")
      ->capture_default_str();
  verb->add_option("--cases", arguments->options.cases, "How many cases")->capture_default_str();
  verb->add_option("--steps", arguments->options.steps, "About how many steps a case has")
      ->capture_default_str()
      ->check(CLI::Range(1, 10'000));
  verb->add_option("--server-a", arguments->left_program, "Program of the left target");
  verb->add_option("--server-b", arguments->right_program, "Program of the right target");
  CLI::Option* keep =
      verb->add_option("--keep", arguments->keep,
                       "Directory for replay files; with --replay, also for the two stores")
          ->capture_default_str();
  verb->add_option("--jobs", arguments->options.jobs, "Processes that share the cases")
      ->capture_default_str()
      ->check(CLI::Range(uint64_t{1}, kJobsMax));
  verb->add_option("--shrink-runs", arguments->options.shrink_runs_max,
                   "How often a case that differs is performed to shrink it")
      ->capture_default_str();
  verb->add_option("--replay", arguments->replay, "Perform the case of this file instead");
  verb->add_option("--root", arguments->root, "Directory with scenarios/ and fixtures/");
  verb->add_flag("--verbose", arguments->verbose, "Show what each step brought");
  verb->callback([arguments, keep, &chosen] {
    const bool keeps = keep->count() > 0;
    chosen = [arguments, keeps] { return RunCompare(*arguments, keeps); };
  });
}

}  // namespace atrest::cli
