#include <fstream>
#include <iostream>
#include <memory>

#include "harness/campaign/campaign_report.h"
#include "harness/cli/command.h"
#include "harness/cli/run_reporters.h"
#include "harness/runner/summary.h"
#include "reference/env/posix_env.h"

namespace atrest::cli {
namespace {

using verdict::ExitCode;

constexpr int64_t kMsPerSecond = 1000;
constexpr char kReference[] = "inproc";

struct FuzzArguments {
  TargetArguments target;
  campaign::JobOptions jobs;
  std::vector<std::string> patterns;
  std::string shard = "0/1";
  std::string root;
  std::string keep = "atrest-fuzz";
  std::string json;
  size_t steps = 20;
  int64_t time_s = 0;
  int64_t shrink_s = 60;
  uint64_t driver_seed = 1;
  bool list = false;
  bool no_oracles = false;
  bool strict = false;
};

template <typename T>
T ValueOr(Result<T> result, ExitCode code) {
  if (!result.ok()) throw CommandError{code, result.status().message()};
  return std::move(result).value();
}

void ParseShard(const std::string& text, campaign::JobOptions& jobs) {
  const size_t slash = text.find('/');
  char* end = nullptr;
  jobs.shard = std::strtoull(text.c_str(), &end, 10);
  const bool first_ok = slash != std::string::npos && end == text.c_str() + slash && slash > 0;
  jobs.shards = first_ok ? std::strtoull(text.c_str() + slash + 1, &end, 10) : 0;
  if (!first_ok || *end != '\0' || jobs.shard >= jobs.shards)
    throw CommandError{ExitCode::kUsage, "--shard is I/N, I from 0 and below N"};
}

// What the commands that repeat a failure need.
void SayTarget(const FuzzArguments& arguments, campaign::Report& report) {
  report.target = arguments.target.name;
  report.more_arguments = DetailsOf(arguments.target);
  if (!arguments.root.empty()) report.more_arguments += " --root " + runner::Quoted(arguments.root);
  const std::string seed = std::to_string(arguments.driver_seed);
  if (arguments.driver_seed != 1) {
    report.fuzz_arguments = " --driver-seed " + seed;
    report.replay_arguments = " --seed " + seed;
  }
  if (arguments.jobs.case_ms != campaign::JobOptions().case_ms)
    report.fuzz_arguments += " --case-time " + std::to_string(arguments.jobs.case_ms);
}

// Everything that a campaign is a function of.
std::vector<std::pair<std::string, std::string>> OptionsOf(const FuzzArguments& arguments,
                                                           const std::string& version) {
  std::string patterns;
  for (const std::string& pattern : arguments.patterns)
    patterns += (patterns.empty() ? "" : " ") + pattern;
  return {{"target", arguments.target.name + DetailsOf(arguments.target)},
          {"version", version},
          {"seed", std::to_string(arguments.jobs.seed)},
          {"cases", std::to_string(arguments.jobs.cases)},
          {"steps", std::to_string(arguments.steps)},
          {"time", std::to_string(arguments.time_s)},
          {"jobs", std::to_string(arguments.jobs.jobs)},
          {"shard", arguments.shard},
          {"property", patterns.empty() ? "*" : patterns},
          {"oracles", arguments.no_oracles ? "none" : "all"},
          {"driver seed", std::to_string(arguments.driver_seed)}};
}

// One failure after the other, each with its share of what is left of the time.
void ReduceAll(const FuzzArguments& arguments, const campaign::Cases& cases,
               campaign::JobsOutcome& outcome, campaign::Report& report,
               campaign::InterruptWatch& watch) {
  if (arguments.keep.empty() || arguments.shrink_s <= 0 || outcome.interrupted) return;
  env::PosixFileSystem files;
  env::SystemClock clock;
  const campaign::Tally& tally = outcome.tally;
  const auto order = campaign::InOrder(tally);
  constexpr int64_t kNsPerMs = 1'000'000;
  const int64_t until = clock.NowNs() / kNsPerMs + arguments.shrink_s * kMsPerSecond;
  for (size_t i = 0; i < order.size(); ++i) {
    const int64_t left = until - clock.NowNs() / kNsPerMs;
    if (left <= 0 || watch.was_interrupted()) return;
    campaign::ReduceOptions options;
    options.directory = arguments.keep;
    options.time_ms = left / static_cast<int64_t>(order.size() - i);
    auto reduced = campaign::Reduce(tally.failure(order[i]), cases, options, files, clock, watch);
    // What was found is reported all the same.
    if (reduced.ok()) {
      report.reduced[order[i]] = std::move(reduced).value();
    } else if (outcome.failed.ok()) {
      outcome.failed = reduced.status();
    }
  }
}

void WriteJson(const std::string& path, const std::string& json) {
  std::ofstream file(path, std::ios::binary);
  file << json;
  file.flush();
  if (!file) throw CommandError{ExitCode::kUsage, "cannot write " + path};
}

// What the target says of itself. One that does not get ready is judged for that, and no further.
driver::TargetInfo Probe(const driver::DriverFactory& make) {
  const auto probe = ValueOr(make({}), ExitCode::kUsage);
  const auto trouble = probe->Trouble();
  if (!trouble) return probe->Info();
  if (const auto* crashed = std::get_if<verdict::Crashed>(&trouble->outcome))
    throw CommandError{ExitCode::kConformanceFailed, "the target ended by itself: " + crashed->how};
  if (const auto* late = std::get_if<verdict::TimedOut>(&trouble->outcome))
    throw CommandError{ExitCode::kUndecided, late->why};
  const auto* violated = std::get_if<verdict::Violated>(&trouble->outcome);
  throw CommandError{ExitCode::kHarnessFailed,
                     violated ? "the protocol is broken: " + violated->why
                              : "the driver is in a trouble that it does not name"};
}

ExitCode Fuzz(FuzzArguments arguments) {
  ParseShard(arguments.shard, arguments.jobs);
  std::vector<std::string> known;
  for (const generate::Property& property : generate::Properties()) known.emplace_back(property.id);
  if (!SayUnmatched(arguments.patterns, known)) return ExitCode::kNothingRun;
  arguments.jobs.time_ms = arguments.time_s * kMsPerSecond;
  const std::string root = FindRoot(arguments.root);
  env::PosixFileSystem files;
  env::SystemClock clock;
  const auto suite = ValueOr(runner::Suite::Open(files, root), ExitCode::kHarnessFailed);

  campaign::CaseOptions options;
  options.make_driver = FactoryFor(arguments.target, root);
  options.driver_seed = arguments.driver_seed;
  options.oracles = !arguments.no_oracles;
  const auto info = Probe(options.make_driver);
  options.generate.steps = arguments.steps;
  options.generate.capabilities = {info.capabilities.begin(), info.capabilities.end()};
  options.properties = campaign::PropertiesFor(arguments.patterns, options.generate.capabilities);
  if (!info.is_reference && options.oracles) {
    TargetArguments reference;
    reference.name = kReference;
    options.make_reference = FactoryFor(reference, root);
  }

  campaign::Report report;
  report.options = OptionsOf(arguments, info.version);
  SayTarget(arguments, report);
  report.capabilities = options.generate.capabilities;
  report.strict = arguments.strict;
  report.steps = arguments.steps;
  campaign::InterruptWatch watch;
  std::cout << "fuzz:";
  for (const auto& [name, value] : report.options) std::cout << ' ' << name << ' ' << value << ';';
  std::cout << '\n' << std::flush;
  if (options.properties.empty()) {
    std::cout << "no property that was asked for is for this target\n";
    return ExitCode::kNothingRun;
  }
  const campaign::Cases cases(suite, files, options);
  const auto outcome =
      std::make_unique<Result<campaign::JobsOutcome>>(RunJobs(cases, arguments.jobs, clock, watch));
  if (!outcome->ok()) throw CommandError{ExitCode::kHarnessFailed, outcome->status().message()};
  report.outcome = &outcome->value();
  ReduceAll(arguments, cases, outcome->value(), report, watch);
  campaign::PrintReport(report, std::cout);
  std::cout << std::flush;
  if (!arguments.json.empty()) WriteJson(arguments.json, campaign::JsonOf(report));
  return campaign::ExitCodeOf(report);
}

ExitCode RunFuzz(const FuzzArguments& arguments) {
  if (arguments.list) {
    std::cout << generate::PropertiesText();
    return ExitCode::kAsExpected;
  }
  return Fuzz(arguments);
}

}  // namespace

void AddFuzzCommand(CLI::App& app, RunVerb& chosen) {
  CLI::App* verb = app.add_subcommand(
      "fuzz", "Hold a target to the properties by generated scenarios, and minimise what fails");
  auto arguments = std::make_shared<FuzzArguments>();
  arguments->target.name = "inproc";
  AddTargetOptions(*verb, arguments->target);
  verb->get_option("--target")->required(false)->capture_default_str();
  verb->add_option("--seed", arguments->jobs.seed, "Of the first case; the next has the next")
      ->capture_default_str();
  verb->add_option("--cases", arguments->jobs.cases, "How many cases, of all shards")
      ->capture_default_str();
  verb->add_option("--steps", arguments->steps, "About how many steps a case has")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  verb->add_option("--time", arguments->time_s, "Seconds after which no case begins; 0 for none")
      ->capture_default_str()
      ->check(CLI::Range(0, 1'000'000));
  verb->add_option("--jobs", arguments->jobs.jobs, "Processes that share the cases")
      ->capture_default_str()
      ->check(CLI::Range(uint64_t{1}, campaign::kJobsMax));
  verb->add_option("--shard", arguments->shard, "I/N: only every N-th case, from the I-th")
      ->capture_default_str();
  verb->add_option("--property", arguments->patterns,
                   "Only properties whose id matches ('*' any characters); repeatable");
  verb->add_option("--keep", arguments->keep,
                   "Directory for the minimal scenarios and the stores before they fail")
      ->capture_default_str();
  verb->add_option("--shrink-time", arguments->shrink_s,
                   "Seconds for minimising, of all failures together; 0 for none")
      ->capture_default_str()
      ->check(CLI::Range(0, 1'000'000));
  verb->add_option("--case-time", arguments->jobs.case_ms, "Milliseconds that a case may take")
      ->capture_default_str()
      ->check(CLI::Range(1, 10'000'000));
  verb->add_option("--driver-seed", arguments->driver_seed, "Of the target's entropy")
      ->capture_default_str();
  verb->add_option("--json", arguments->json, "Write the report to this file, as JSON");
  verb->add_option("--root", arguments->root, "Directory with scenarios/ and fixtures/");
  verb->add_flag("--strict", arguments->strict, "Hardening and compatibility count too");
  verb->add_flag("--no-oracles", arguments->no_oracles,
                 "Only do the steps: what the oracles cost is the difference");
  verb->add_flag("--list", arguments->list, "Print the table of properties");
  verb->callback([arguments, &chosen] { chosen = [arguments] { return RunFuzz(*arguments); }; });
}

}  // namespace atrest::cli
