#include <algorithm>
#include <fstream>
#include <iostream>
#include <memory>
#include <set>

#include "harness/cli/command.h"
#include "harness/cli/run_reporters.h"
#include "harness/prove/matrix.h"
#include "harness/prove/prove.h"
#include "harness/prove/sim_trial.h"
#include "harness/prove/trial.h"
#include "harness/runner/choose.h"
#include "harness/runner/jobs.h"
#include "harness/runner/run.h"
#include "harness/runner/summary.h"
#include "harness/runner/version.h"
#include "reference/env/posix_env.h"
#include "reference/env/temporary_directory.h"

namespace atrest::cli {
namespace {

using verdict::ExitCode;
using Rows = std::vector<const fault::Row*>;

constexpr char kInproc[] = "inproc";
constexpr char kReference[] = "reference";
constexpr char kSim[] = "sim";
constexpr int64_t kNsPerSecond = 1'000'000'000;
// Fewer generated cases where each takes a server.
constexpr uint64_t kCases = 1000;
constexpr uint64_t kServerCases = 40;
constexpr uint64_t kQuickCases = 300;
// Simulated clusters.
constexpr uint64_t kSimRuns = 64;
// What one fault may take, many times what it does: the machine may be busy.
constexpr unsigned kSecondsMax = 240;
constexpr unsigned kServerSecondsMax = 900;

struct ProveArguments {
  std::vector<std::string> patterns;
  std::vector<std::string> targets;
  std::string root;
  std::string json;
  std::string markdown;
  uint64_t seed = 1;
  uint64_t seeds = 1;
  uint64_t cases = 0;
  uint64_t jobs = 1;
  bool quick = false;
  bool quiet = false;
};

template <typename T>
T ValueOr(Result<T> result, ExitCode code) {
  if (!result.ok()) throw CommandError{code, result.status().message()};
  return std::move(result).value();
}

// A file for a report, opened before the work is done that it is about; "" for none.
class ReportFile {
 public:
  explicit ReportFile(const std::string& path) : path_(path) {
    if (!path_.empty()) file_.open(path_, std::ios::binary);
    Check();
  }
  void Write(const std::string& text) {
    if (path_.empty()) return;
    file_ << text;
    file_.flush();
    Check();
  }

 private:
  void Check() const {
    if (!file_) throw CommandError{ExitCode::kUsage, "cannot write " + path_};
  }

  const std::string path_;
  std::ofstream file_;
};

Rows RowsFor(const std::vector<std::string>& patterns) {
  Rows rows;
  for (const fault::Row& row : fault::Rows()) {
    const auto matches = [&](const std::string& pattern) {
      return runner::MatchesPattern(pattern, std::string(row.name));
    };
    if (patterns.empty() || std::ranges::any_of(patterns, matches)) rows.push_back(&row);
  }
  return rows;
}

// A fault is tried in this process where its code runs there, and that is asked for; one of cluster
// nodes in the simulator alone.
Rows RowsOn(const std::string& target, const Rows& rows, const ProveArguments& arguments) {
  const bool runs_inproc = std::ranges::find(arguments.targets, kInproc) != arguments.targets.end();
  const auto is_there = [&](const fault::Row* row) {
    if (target == kSim) return row->place == fault::Place::kCluster;
    if (target == kInproc) return row->place == fault::Place::kStore;
    return row->place == fault::Place::kServer ||
           (row->place == fault::Place::kStore && !runs_inproc);
  };
  Rows chosen;
  std::ranges::copy_if(rows, std::back_inserter(chosen), is_there);
  return chosen;
}

class Proof {
 public:
  Proof(const ProveArguments& arguments, const std::string& root)
      : arguments_(arguments),
        root_(root),
        suite_(ValueOr(runner::Suite::Open(files_, root), ExitCode::kHarnessFailed)) {
    matrix_.early_end = arguments.quick;
    matrix_.version = runner::kVersion;
    matrix_.date = runner::Rfc3339(clock_.NowNs() / kNsPerSecond);
  }

  prove::Matrix Run(const Rows& rows) {
    const int64_t began = clock_.NowNs();
    for (const std::string& target : arguments_.targets) {
      const Rows chosen = RowsOn(target, rows, arguments_);
      if (!chosen.empty()) RunOn(target, chosen);
    }
    matrix_.options = Options();
    matrix_.seconds = runner::SecondsOf(clock_.NowNs() - began);
    return std::move(matrix_);
  }

 private:
  // The seeds one after the other; what they show is one.
  void RunOn(const std::string& target, const Rows& rows) {
    const size_t first = matrix_.tried.size();
    for (uint64_t i = 0; i < arguments_.seeds; ++i) {
      std::vector<prove::Tried> all = target == kSim ? RunSim(rows, i) : RunSeed(target, rows, i);
      if (i == 0) {
        std::ranges::move(all, std::back_inserter(matrix_.tried));
        continue;
      }
      for (size_t k = 0; k < all.size(); ++k)
        prove::Merge(all[k].evidence, matrix_.tried[first + k].evidence);
    }
  }

  std::vector<prove::Tried> RunSeed(const std::string& target, const Rows& rows, uint64_t index) {
    TargetArguments named;
    named.name = target;
    prove::TrialOptions options;
    options.make_driver = FactoryFor(named, root_);
    options.make_reference = ReferenceFactory(root_);
    options.cases = CasesOn(target);
    options.seed = arguments_.seed + index * std::max<uint64_t>(options.cases, 1);
    auto scenarios = ScenariosFor(options.make_driver);
    std::set<std::string> quick;
    const auto also = ValueOr(suite_.LoadQuick(), ExitCode::kHarnessFailed);
    auto quick_ones = runner::QuickOf(scenarios, also);
    for (const auto& scenario : quick_ones) quick.insert(scenario.id);
    // A scenario depends on the seed by the entropy of the target alone, and a server takes time:
    // after the first round it is asked the quick ones only.
    if (target != kInproc && index > 0) scenarios = std::move(quick_ones);
    const unsigned seconds_max = target == kInproc ? kSecondsMax : kServerSecondsMax;
    const env::TemporaryDirectory folder;
    options.seconds_max = seconds_max;
    options.temporary = folder.path();
    prove::Trial trial(suite_, files_, options, std::move(scenarios), std::move(quick));
    Say(target + ": the reference as it is, seed " + std::to_string(options.seed));
    const Status learnt = trial.Learn(arguments_.jobs);
    if (!learnt.ok()) throw CommandError{ExitCode::kHarnessFailed, learnt.message()};
    return Try(trial, target, rows, target == kInproc ? "" : folder.path(), seconds_max);
  }

  std::vector<prove::Tried> RunSim(const Rows& rows, uint64_t index) {
    prove::SimTrialOptions options;
    options.runs = CasesOn(kSim);
    options.seed = arguments_.seed + index * options.runs;
    Say(std::string(kSim) + ": clusters from seed " + std::to_string(options.seed));
    return Try(prove::SimTrial(suite_, options), kSim, rows, "", kServerSecondsMax);
  }

  std::vector<prove::Tried> Try(const prove::FaultTrial& trial, const std::string& target,
                                const Rows& rows, const std::string& traces, unsigned seconds_max) {
    AddChecks(trial);
    prove::ProveOptions how;
    how.jobs = arguments_.jobs;
    how.early_end = arguments_.quick;
    how.traces = traces;
    how.seconds_max = seconds_max;
    const auto told = [this](const prove::Tried& tried) {
      Say(std::string(tried.row->name) + ": " + prove::NameOf(prove::OutcomeOf(tried)));
    };
    return ValueOr(prove::Prove(trial, target, rows, how, files_, clock_, told),
                   ExitCode::kHarnessFailed);
  }

  uint64_t CasesOn(const std::string& target) const {
    if (arguments_.cases > 0) return arguments_.cases;
    if (target == kSim) return kSimRuns;
    if (target != kInproc) return kServerCases;
    return arguments_.quick ? kQuickCases : kCases;
  }

  std::vector<scenario::Scenario> ScenariosFor(const driver::DriverFactory& make) {
    auto all = ValueOr(suite_.Load({}), ExitCode::kHarnessFailed);
    const auto info = ValueOr(make({}), ExitCode::kUsage)->Info();
    std::erase_if(all, [&](const scenario::Scenario& scenario) {
      return std::ranges::any_of(scenario.needs, [&](const std::string& need) {
        return std::ranges::find(info.capabilities, need) == info.capabilities.end();
      });
    });
    return all;
  }

  void AddChecks(const prove::FaultTrial& trial) {
    for (const std::string& check : trial.Checks()) {
      if (known_checks_.insert(check).second) matrix_.checks.push_back(check);
    }
  }

  std::vector<std::pair<std::string, std::string>> Options() const {
    std::string targets;
    for (const std::string& target : arguments_.targets)
      targets += (targets.empty() ? "" : ", ") + target;
    std::string cases;
    for (const std::string& target : arguments_.targets)
      cases += (cases.empty() ? "" : ", ") + std::to_string(CasesOn(target));
    return {{"target", targets},
            {"checks", std::to_string(matrix_.checks.size())},
            {"cases a fault", cases},
            {"seed", std::to_string(arguments_.seed)},
            {"seeds", std::to_string(arguments_.seeds)}};
  }

  void Say(const std::string& line) const {
    if (!arguments_.quiet) std::cerr << line << '\n';
  }

  const ProveArguments& arguments_;
  const std::string root_;
  env::PosixFileSystem files_;
  env::SystemClock clock_;
  const runner::Suite suite_;
  std::set<std::string> known_checks_;
  prove::Matrix matrix_;
};

void CheckTargets(ProveArguments& arguments) {
  if (arguments.targets.empty()) arguments.targets = {kInproc, kReference, kSim};
  for (const std::string& target : arguments.targets) {
    if (target != kInproc && target != kReference && target != kSim)
      throw CommandError{ExitCode::kUsage, "faults are in the targets inproc, reference and sim"};
  }
  // Each is tried on once, however often it is named.
  std::set<std::string> seen;
  std::erase_if(arguments.targets,
                [&](const std::string& target) { return !seen.insert(target).second; });
}

bool AreAnyThere(const Rows& rows, const ProveArguments& arguments) {
  return std::ranges::any_of(arguments.targets, [&](const std::string& target) {
    return !RowsOn(target, rows, arguments).empty();
  });
}

ExitCode ProveAll(ProveArguments arguments) {
  CheckTargets(arguments);
  if (fault::Rows().empty()) throw CommandError{ExitCode::kUsage, prove::kNoFaults};
  const Rows rows = RowsFor(arguments.patterns);
  if (!AreAnyThere(rows, arguments)) {
    std::cerr << "atrest: no fault that was asked for is in that target\n";
    return ExitCode::kNothingRun;
  }
  const std::string root = FindRoot(arguments.root);
  ReportFile json(arguments.json);
  ReportFile markdown(arguments.markdown);
  const prove::Matrix matrix = Proof(arguments, root).Run(rows);
  prove::PrintMatrix(matrix, std::cout);
  json.Write(prove::JsonOf(matrix));
  markdown.Write(prove::MarkdownOf(matrix));
  const prove::Figures figures = prove::FiguresOf(matrix);
  if (figures.trouble > 0) return ExitCode::kHarnessFailed;
  return figures.gate() ? ExitCode::kAsExpected : ExitCode::kConformanceFailed;
}

}  // namespace

void AddProveCommand(CLI::App& app, RunVerb& chosen) {
  CLI::App* verb = app.add_subcommand(
      "prove", "Try the checks on broken references that they must fail, and on lawful ones");
  auto arguments = std::make_shared<ProveArguments>();
  verb->add_option("--faults", arguments->patterns,
                   "Only faults whose name matches ('*' any characters); repeatable");
  verb->add_option(
          "--target", arguments->targets,
          "inproc, reference (atrest-server) or sim (clusters); all: each fault where it runs "
          "quickest")
      ->allow_extra_args(false);
  verb->add_option("--jobs", arguments->jobs, "Faults tried at once")
      ->capture_default_str()
      ->check(CLI::Range(uint64_t{1}, runner::kJobsMax));
  verb->add_option("--seed", arguments->seed, "Of the first generated case, and of the target")
      ->capture_default_str();
  verb->add_option("--seeds", arguments->seeds, "How many rounds, each with its own cases")
      ->capture_default_str()
      ->check(CLI::Range(1, 10'000));
  verb->add_option("--cases", arguments->cases, "Generated cases for each fault");
  verb->add_flag("--quick", arguments->quick,
                 "Each fault only until it is killed, by the scenarios of run --quick first");
  verb->add_flag("--quiet", arguments->quiet, "Do not say what is being done");
  verb->add_option("--json", arguments->json, "Write the matrix to this file, as JSON");
  verb->add_option("--markdown", arguments->markdown, "Write it to this file, as a page");
  verb->add_option("--root", arguments->root, "Directory with scenarios/ and fixtures/");
  verb->callback([arguments, &chosen] { chosen = [arguments] { return ProveAll(*arguments); }; });
}

}  // namespace atrest::cli
