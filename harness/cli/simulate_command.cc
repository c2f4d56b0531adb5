#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "harness/cli/command.h"
#include "harness/prove/matrix.h"
#include "harness/runner/jobs.h"
#include "harness/runner/summary.h"
#include "harness/simcheck/sim_checks.h"
#include "reference/base/fault.h"
#include "reference/env/posix_env.h"
#include "reference/sim/run_checkers.h"
#include "reference/sim/simulation.h"

namespace atrest::cli {
namespace {

using nlohmann::json;
using verdict::ExitCode;

constexpr int64_t kNsPerSecond = 1'000'000'000;
constexpr char kSwarm[] = "swarm";
// Of the seeds of a swarm, for each thing that a run may reach.
constexpr uint64_t kShareMin = 30;
constexpr size_t kSeedsForShares = 50;
constexpr size_t kViolationsShown = 5;  // of a seed
constexpr size_t kFindingsShown = 3;    // of a name
constexpr size_t kSeedsMax = 10'000'000;

struct SimulateArguments {
  sim::SimOptions options;
  std::string faults = kSwarm;
  std::string fault;  // of the reference itself
  std::string seeds;
  std::string keep;
  std::string json_file;
  uint64_t jobs = 1;
  int64_t time_s = 0;
  int64_t idle_s = 0;
  int64_t gap_us = 0;
  bool trace = false;
  bool no_checks = false;
  bool lists_faults = false;
};

struct SeedRange {
  uint64_t first = 1;
  uint64_t count = 1;
};

[[noreturn]] void Usage(const std::string& why) { throw CommandError{ExitCode::kUsage, why}; }

// "A..B", both included.
SeedRange RangeOf(const SimulateArguments& arguments) {
  if (arguments.seeds.empty()) return {arguments.options.seed, 1};
  const size_t dots = arguments.seeds.find("..");
  const auto number = [](const std::string& text) {
    if (text.empty() || text.size() > 18 ||
        !std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; })) {
      Usage("--seeds is A..B, two numbers");
    }
    return std::stoull(text);
  };
  if (dots == std::string::npos) Usage("--seeds is A..B, two numbers");
  const uint64_t first = number(arguments.seeds.substr(0, dots));
  const uint64_t last = number(arguments.seeds.substr(dots + 2));
  if (last < first || last - first >= kSeedsMax) Usage("--seeds is A..B, A not behind B");
  return {first, last - first + 1};
}

// Without "swarm", which may stand among the names of faults; whether it did.
bool TakeSwarm(std::string& faults) {
  const std::string list = "," + faults + ",";
  const size_t at = list.find(std::string(",") + kSwarm + ",");
  if (at == std::string::npos) return false;
  std::string rest = list.substr(0, at) + list.substr(at + std::string(kSwarm).size() + 1);
  faults = rest.size() > 2 ? rest.substr(1, rest.size() - 2) : "";
  return true;
}

sim::SimOptions OptionsOf(const SimulateArguments& arguments, uint64_t seed) {
  sim::SimOptions given = arguments.options;
  given.seed = seed;
  given.idle_ns = arguments.idle_s * kNsPerSecond;
  if (arguments.gap_us > 0) given.op_gap_ns = arguments.gap_us * 1000;
  std::string names = arguments.faults;
  const bool swarm = TakeSwarm(names);
  auto faults = sim::ParseFaults(names);
  if (!faults.ok()) Usage(faults.status().message());
  given.faults = std::move(faults).value();
  const Status checked = sim::CheckOptions(given);
  if (!checked.ok()) Usage(checked.message());
  return sim::DrawOptions(given, swarm);
}

std::string ReplayOf(const SimulateArguments& arguments, uint64_t seed) {
  return "atrest simulate --seed " + std::to_string(seed) + " --nodes " +
         std::to_string(arguments.options.nodes) + " --ops " +
         std::to_string(arguments.options.ops) + " --faults " + runner::Quoted(arguments.faults) +
         (arguments.idle_s > 0 ? " --idle " + std::to_string(arguments.idle_s) : "") +
         (arguments.gap_us > 0 ? " --op-gap " + std::to_string(arguments.gap_us) : "") +
         (arguments.fault.empty() ? "" : " --fault " + arguments.fault);
}

void KeepDirectory(env::FileSystem& files, const std::string& directory,
                   const std::filesystem::path& to) {
  const auto entries = files.List(directory);
  if (!entries.ok()) return;
  std::filesystem::create_directories(to);
  for (const env::DirectoryEntry& entry : entries.value()) {
    const std::string path = directory + "/" + entry.name;
    if (entry.is_directory) {
      KeepDirectory(files, path, to / entry.name);
      continue;
    }
    const auto bytes = env::ReadWhole(files, path, uint64_t{1} << 32);
    if (!bytes.ok()) continue;
    std::ofstream file(to / entry.name, std::ios::binary);
    file << AsText(bytes.value());
  }
}

// The files of every node as the run left them.
void Keep(const sim::History& history, const std::string& keep, uint64_t seed) {
  const std::filesystem::path root = std::filesystem::path(keep) / ("seed-" + std::to_string(seed));
  for (const sim::NodeHistory& node : history.nodes) {
    for (const std::string& directory : {node.store_directory, node.raft_directory}) {
      KeepDirectory(*node.files, directory, root / node.id / directory);
    }
  }
}

json JsonOf(const sim::SimResult& result, uint64_t seed) {
  json violations = json::array();
  for (const sim::Violation& violation : result.violations) {
    violations.push_back({{"checker", violation.checker},
                          {"node", violation.node},
                          {"requirement", violation.requirement},
                          {"text", violation.text}});
  }
  const sim::Marks& marks = result.marks;
  return {{"seed", seed},
          {"hash", result.hash},
          {"events", result.events},
          {"virtual_seconds", result.virtual_ns / kNsPerSecond},
          {"published", result.published},
          {"acknowledged", result.acknowledged},
          {"delivered", result.delivered},
          {"is_whole", result.is_whole},
          {"leader_change", marks.elections > 1},
          {"crash_in_write", marks.crashes_in_write > 0},
          {"snapshot_install", marks.snapshot_installs > 0},
          {"cipher_switch", marks.cipher_switches > 0},
          {"violations", violations}};
}

// That of NAME; none for "".
Fault FaultOf(const std::string& name) {
  if (name.empty()) return Fault::kNone;
  const fault::Row* row = fault::Find(name);
  if (fault::Rows().empty()) Usage(prove::kNoFaults);
  if (row == nullptr) Usage("no fault is named \"" + name + "\"");
  if (row->place == fault::Place::kServer) Usage("the fault " + name + " is in the server only");
  return row->fault;
}

// One seed, in a process of its own.
json RunSeed(const SimulateArguments& arguments, uint64_t seed) {
  const fault::Scope fault(FaultOf(arguments.fault));
  const sim::SimOptions options = OptionsOf(arguments, seed);
  const auto own = sim::MakeRunCheckers();
  const simcheck::SimChecks checks;
  std::vector<sim::Checker*> checkers;
  if (!arguments.no_checks) {
    checkers = checks.all();
    for (const auto& checker : own) checkers.push_back(checker.get());
  }
  sim::Simulation simulation(options, checkers, arguments.trace ? &std::cout : nullptr);
  const sim::SimResult result = simulation.Run();
  std::cout << std::flush;
  if (!arguments.keep.empty() && (arguments.seeds.empty() || !result.violations.empty())) {
    Keep(simulation.history(), arguments.keep, seed);
  }
  json answer = JsonOf(result, seed);
  answer["survivable"] = sim::IsSurvivable(options.faults);
  answer["findings"] = json::array();
  for (const simcheck::NamedFinding& finding : checks.findings()) {
    answer["findings"].push_back({{"name", finding.name},
                                  {"node", finding.node},
                                  {"event", finding.event},
                                  {"evidence", finding.evidence}});
  }
  return answer;
}

class SimulateRun {
 public:
  explicit SimulateRun(const SimulateArguments& arguments)
      : arguments_(arguments), range_(RangeOf(arguments)) {
    (void)FaultOf(arguments.fault);
    if (!arguments.json_file.empty() && !std::ofstream(arguments.json_file, std::ios::app)) {
      Usage("cannot write " + arguments.json_file);
    }
  }

  ExitCode Run() {
    PrintOptions();
    const int64_t began = clock_.NowNs();
    runner::Jobs jobs;
    jobs.jobs = std::min<uint64_t>(arguments_.jobs, range_.count);
    jobs.pieces = range_.count;
    jobs.work = [&](size_t piece) {
      if (arguments_.time_s > 0 && clock_.NowNs() - began > arguments_.time_s * kNsPerSecond) {
        return std::string();
      }
      return RunSeed(arguments_, range_.first + piece).dump();
    };
    jobs.done = [&](size_t piece, const std::optional<std::string>& answer,
                    const std::string& how) { Done(range_.first + piece, answer, how); };
    answers_.resize(range_.count);
    const Status ran = runner::DoInJobs(jobs);
    if (!ran.ok()) throw CommandError{ExitCode::kHarnessFailed, ran.message()};
    Report(static_cast<double>(clock_.NowNs() - began) / static_cast<double>(kNsPerSecond));
    return code_;
  }

 private:
  bool IsOne() const { return arguments_.seeds.empty(); }

  // What a run is a function of; where there are many seeds, without what each draws.
  void PrintOptions() {
    sim::SimOptions options = OptionsOf(arguments_, range_.first);
    std::cout << "simulate:";
    if (!IsOne()) std::cout << " seeds " << arguments_.seeds << ";";
    for (const auto& [name, value] : sim::OptionsText(IsOne() ? options : arguments_.options)) {
      if (!IsOne() && (name == "seed" || name == "faults")) continue;
      std::cout << ' ' << name << ' ' << value << ';';
    }
    if (!IsOne()) std::cout << " faults " << arguments_.faults;
    if (!arguments_.fault.empty()) std::cout << "; fault " << arguments_.fault;
    std::cout << '\n' << std::flush;
  }

  void Done(uint64_t seed, const std::optional<std::string>& answer, const std::string& how) {
    if (!answer) {
      ++failed_;
      Raise(ExitCode::kSimulatorCrash);
      std::cout << "seed " << seed << ": the simulation ended by itself: " << how << '\n';
      std::cout << "  again: " << ReplayOf(arguments_, seed) << '\n' << std::flush;
      return;
    }
    if (answer->empty()) {
      is_cut_ = true;
      return;
    }
    json result = json::parse(*answer);
    ++run_;
    if (!result["is_whole"].get<bool>()) {
      if (code_ == ExitCode::kAsExpected) code_ = ExitCode::kUndecided;
      std::cout << "seed " << seed << ": not all of it could be done in the time of a run\n";
    }
    ShowFindings(seed, result["findings"]);
    if (!result["violations"].empty()) ShowViolations(seed, result);
    answers_[seed - range_.first] = std::move(result);
  }

  // What is documented to go wrong, and did: no violations.
  void ShowFindings(uint64_t seed, const json& findings) {
    for (const json& finding : findings) {
      const std::string name = finding["name"];
      if (++findings_[name] > kFindingsShown) continue;
      std::cout << "seed " << seed << ": finding " << name << " node "
                << finding["node"].get<std::string>() << ": "
                << finding["evidence"].get<std::string>() << '\n';
    }
  }

  void ShowViolations(uint64_t seed, const json& result) {
    ++failed_;
    const json& violations = result["violations"];
    for (size_t i = 0; i < violations.size(); ++i) {
      const json& violation = violations[i];
      const bool is_liveness = violation["checker"] == sim::kLivenessChecker;
      Raise(!result["survivable"].get<bool>() ? ExitCode::kSimulatorDivergence
            : is_liveness                     ? ExitCode::kSimulatorLiveness
                                              : ExitCode::kSimulatorSafety);
      if (i >= kViolationsShown) continue;
      const std::string node = violation["node"];
      std::cout << "seed " << seed << ": " << violation["checker"].get<std::string>()
                << (node.empty() ? "" : " node " + node) << " ["
                << violation["requirement"].get<std::string>()
                << "]: " << violation["text"].get<std::string>() << '\n';
    }
    if (violations.size() > kViolationsShown) {
      std::cout << "seed " << seed << ": and " << violations.size() - kViolationsShown << " more\n";
    }
    std::cout << "  again: " << ReplayOf(arguments_, seed) << '\n' << std::flush;
  }

  // The gravest of all seeds counts.
  void Raise(ExitCode code) {
    constexpr ExitCode kOrder[] = {ExitCode::kSimulatorCrash, ExitCode::kSimulatorSafety,
                                   ExitCode::kSimulatorDivergence, ExitCode::kSimulatorLiveness};
    for (const ExitCode graver : kOrder) {
      if (code_ == graver) return;
      if (code == graver) {
        code_ = code;
        return;
      }
    }
  }

  void Report(double seconds) {
    json shares = json::object();
    for (const char* mark :
         {"leader_change", "crash_in_write", "snapshot_install", "cipher_switch"}) {
      const auto reached = static_cast<uint64_t>(std::ranges::count_if(
          answers_, [&](const json& one) { return !one.is_null() && one[mark].get<bool>(); }));
      shares[mark] = run_ == 0 ? 0 : reached * 100 / run_;
    }
    if (!IsOne()) PrintShares(shares);
    std::printf("%zu of %zu seeds run%s, %zu failed\n", run_, answers_.size(),
                is_cut_ ? " in the time of --time" : "", failed_);
    std::fflush(stdout);
    if (run_ == 0 && failed_ == 0) code_ = ExitCode::kNothingRun;
    WriteJson(shares, seconds);
    std::cout << "hash " << HashText() << '\n';
  }

  void PrintShares(const json& shares) {
    std::cout << "seeds that saw";
    for (const auto& [mark, share] : shares.items()) {
      std::string text = mark;
      std::ranges::replace(text, '_', ' ');
      std::cout << " a " << text << ' ' << share << " %;";
      const bool counts = arguments_.faults == kSwarm && run_ >= kSeedsForShares;
      if (counts && share.get<uint64_t>() < kShareMin) {
        std::cout << " (too few)";
        if (code_ == ExitCode::kAsExpected) code_ = ExitCode::kUndecided;
      }
    }
    std::cout << '\n' << std::flush;
  }

  // Of one seed its own; else of all hashes, in the order of seeds.
  std::string HashText() const {
    if (IsOne() && !answers_[0].is_null()) return answers_[0]["hash"].get<std::string>();
    sim::SimTrace trace;
    for (const json& one : answers_) {
      const std::string hash = one.is_null() ? "" : one["hash"].get<std::string>();
      trace.Mix(AsBytes(hash));
    }
    return trace.HashText();
  }

  void WriteJson(const json& shares, double seconds) const {
    if (arguments_.json_file.empty()) return;
    json options = json::object();
    for (const auto& [name, value] : sim::OptionsText(OptionsOf(arguments_, range_.first))) {
      options[name] = value;
    }
    json seeds = json::array();
    for (const json& one : answers_) {
      if (!one.is_null()) seeds.push_back(one);
    }
    const json report = {{"options", options}, {"faults", arguments_.faults},
                         {"seconds", seconds}, {"run", run_},
                         {"failed", failed_},  {"percent", shares},
                         {"hash", HashText()}, {"seeds", seeds}};
    std::ofstream file(arguments_.json_file, std::ios::binary);
    file << report.dump(1) << '\n';
    file.flush();
    if (!file) Usage("cannot write " + arguments_.json_file);
  }

  const SimulateArguments& arguments_;
  const SeedRange range_;
  env::SystemClock clock_;
  std::vector<json> answers_;               // by seed; null where there is none
  std::map<std::string, size_t> findings_;  // how often, by name
  size_t run_ = 0;
  size_t failed_ = 0;
  bool is_cut_ = false;  // seeds were left for want of time
  ExitCode code_ = ExitCode::kAsExpected;
};

// The fault atlas: a fault a line, and what is documented of a damaging one in the next.
ExitCode ListFaults() {
  for (const sim::AtlasEntry& entry : sim::FaultAtlas()) {
    std::printf("%-18s %-10s %.*s\n", std::string(entry.name).c_str(),
                entry.survivable ? "survivable" : "damaging", static_cast<int>(entry.what.size()),
                entry.what.data());
    if (entry.outcome.empty()) continue;
    std::printf("%-29s documented: %.*s\n", "", static_cast<int>(entry.outcome.size()),
                entry.outcome.data());
  }
  std::fflush(stdout);
  return ExitCode::kAsExpected;
}

}  // namespace

void AddSimulateCommand(CLI::App& app, RunVerb& chosen) {
  CLI::App* verb = app.add_subcommand(
      "simulate", "Run clusters of the reference from seeds, with faults, and check them");
  auto arguments = std::make_shared<SimulateArguments>();
  CLI::Option* seed =
      verb->add_option("--seed", arguments->options.seed, "Of the one run")->capture_default_str();
  verb->add_option("--seeds", arguments->seeds, "A..B: a run for each of these seeds")
      ->excludes(seed);
  verb->add_option("--nodes", arguments->options.nodes, "Of the cluster")->capture_default_str();
  verb->add_option("--ops", arguments->options.ops, "What clients do, mostly publish")
      ->capture_default_str();
  verb->add_option("--faults", arguments->faults,
                   "Names of the fault atlas with commas between, none, or swarm: what the seed "
                   "draws of those that a cluster survives")
      ->capture_default_str();
  verb->add_option("--fault", arguments->fault,
                   "Break the reference on purpose: a name of `atrest list --faults`");
  verb->add_option("--idle", arguments->idle_s, "Virtual seconds before clients come")
      ->capture_default_str()
      ->check(CLI::Range(0, 10'000'000));
  verb->add_option(
          "--op-gap", arguments->gap_us,
          "Virtual microseconds between two ops on average; 0 for the default, or what the "
          "seed draws")
      ->capture_default_str()
      ->check(CLI::Range(0, 1'000'000'000));
  verb->add_option("--jobs", arguments->jobs, "Processes that share the seeds")
      ->capture_default_str()
      ->check(CLI::Range(uint64_t{1}, runner::kJobsMax));
  verb->add_option("--keep", arguments->keep,
                   "Directory for the nodes' files: of the one seed, or of those that fail");
  verb->add_option("--time", arguments->time_s, "Seconds after which no seed begins; 0 for none")
      ->capture_default_str()
      ->check(CLI::Range(0, 1'000'000));
  verb->add_option("--json", arguments->json_file, "Write the report to this file, as JSON");
  verb->add_flag("--no-checks", arguments->no_checks,
                 "Only run: what the checkers cost is the difference");
  verb->add_flag("--trace", arguments->trace, "A line for each event");
  verb->add_flag("--list-faults", arguments->lists_faults,
                 "Print the fault atlas, and run nothing");
  verb->callback([arguments, &chosen] {
    chosen = [arguments] {
      return arguments->lists_faults ? ListFaults() : SimulateRun(*arguments).Run();
    };
  });
}

}  // namespace atrest::cli
