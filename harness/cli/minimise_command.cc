#include <iostream>
#include <memory>

#include "harness/cli/scenario_file.h"

namespace atrest::cli {
namespace {

using verdict::ExitCode;

constexpr int64_t kMsPerSecond = 1000;

struct MinimiseArguments {
  FileArguments file;
  std::string out;
  std::string confirm = "1/1";
  int64_t time_s = 60;
  size_t executions = 1000;
};

// "2/5": failed twice within five executions.
void ParseConfirm(const std::string& text, shrink::Limits& limits) {
  const auto number = [](const std::string& digits) -> size_t {
    const bool is_one = !digits.empty() && digits.size() < 4 &&
                        digits.find_first_not_of("0123456789") == std::string::npos;
    return is_one ? std::stoul(digits) : 0;
  };
  const size_t slash = std::min(text.find('/'), text.size());
  limits.confirm_needed = number(text.substr(0, slash));
  limits.confirm_of = number(text.substr(std::min(slash + 1, text.size())));
  if (limits.confirm_needed == 0 || limits.confirm_of < limits.confirm_needed) {
    throw CommandError{ExitCode::kUsage, "--confirm takes K/N: failed K times within N executions"};
  }
}

// What the scenario fails by; a flaky one may need several executions.
shrink::Fingerprint FailureOf(const shrink::Bench& bench, const scenario::Scenario& scenario,
                              size_t executions) {
  for (size_t i = 0; i < executions; ++i) {
    auto failure = ValueOrThrow(shrink::FailureOf(bench, scenario), ExitCode::kHarnessFailed);
    if (failure) return *failure;
  }
  throw CommandError{ExitCode::kNothingRun, "the scenario does not fail on this target"};
}

ExitCode Minimise(const MinimiseArguments& arguments) {
  ScenarioFile file(arguments.file);
  if (file.scenario().cluster)
    throw CommandError{ExitCode::kUsage, "a scenario of a cluster cannot be made smaller"};
  const shrink::Bench bench = file.bench();
  env::SystemClock clock;
  shrink::Limits limits;
  limits.executions_max = arguments.executions;
  limits.time_ms = arguments.time_s * kMsPerSecond;
  limits.clock = &clock;
  ParseConfirm(arguments.confirm, limits);
  const shrink::Fingerprint failure = FailureOf(bench, file.scenario(), limits.confirm_of);
  std::cout << shrink::Show(failure) << std::endl;

  const std::string out =
      arguments.out.empty() ? Beside(arguments.file.file, ".minimal.json") : arguments.out;
  const shrink::Output output{out, shrink::StoreBeforeOf(out)};
  const auto minimum =
      ValueOrThrow(shrink::Reproduce(bench, file.scenario(), failure, limits, file.files(), output),
                   ExitCode::kUsage);
  if (!minimum.reproduced) {
    throw CommandError{ExitCode::kUndecided,
                       "the scenario failed once, and then no more; try --confirm 1/10"};
  }
  std::cout << file.scenario().steps.size() << " steps became " << minimum.scenario.steps.size()
            << " in " << minimum.executions << " executions"
            << (minimum.complete ? "" : " (the limit came before the end)") << '\n';
  for (const scenario::Step& step : minimum.scenario.steps)
    std::cout << "    step  " << scenario::Describe(step.action) << '\n';
  std::cout << "scenario " << output.scenario << "\nstore    " << output.store_before << '\n';
  return ExitCode::kAsExpected;
}

}  // namespace

void AddMinimiseCommand(CLI::App& app, RunVerb& chosen) {
  CLI::App* verb = app.add_subcommand("minimise", "Make a failing scenario as small as it can be");
  auto arguments = std::make_shared<MinimiseArguments>();
  AddFileOptions(*verb, arguments->file);
  verb->add_option("--out", arguments->out, "The file to write; else FILE's, as .minimal.json");
  verb->add_option("--confirm", arguments->confirm,
                   "K/N: what fails K times within N executions fails, for flaky failures")
      ->capture_default_str();
  verb->add_option("--time", arguments->time_s, "Seconds that it may take")
      ->capture_default_str()
      ->check(CLI::Range(1, 86'400));
  verb->add_option("--executions", arguments->executions, "Executions that it may take")
      ->capture_default_str();
  verb->callback([arguments, &chosen] { chosen = [arguments] { return Minimise(*arguments); }; });
}

}  // namespace atrest::cli
