#include <algorithm>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "harness/cli/command.h"
#include "harness/prove/matrix.h"
#include "harness/runner/suite.h"
#include "reference/env/posix_env.h"

namespace atrest::cli {
namespace {

using verdict::ExitCode;
using Json = nlohmann::ordered_json;
using Scenarios = std::vector<scenario::Scenario>;

struct ListArguments {
  std::vector<std::string> patterns;
  std::string root;
  bool json = false;
  bool requirements = false;
  bool disputes = false;
  bool faults = false;
};

Json ToJson(const scenario::Scenario& scenario) {
  return {{"id", scenario.id},
          {"title", scenario.title},
          {"suite", verdict::NameOf(scenario.suite)},
          {"level", verdict::NameOf(scenario.level)},
          {"requirements", scenario.requirements},
          {"needs", scenario.needs}};
}

std::vector<std::string> ScenariosOf(const scenario::Requirement& requirement,
                                     const Scenarios& scenarios) {
  std::vector<std::string> ids;
  for (const scenario::Scenario& scenario : scenarios) {
    if (std::ranges::find(scenario.requirements, requirement.id) != scenario.requirements.end())
      ids.push_back(scenario.id);
  }
  return ids;
}

void PrintScenarios(const Scenarios& scenarios, bool json) {
  Json document = Json::array();
  for (const scenario::Scenario& scenario : scenarios) {
    if (json) {
      document.push_back(ToJson(scenario));
    } else {
      std::cout << scenario.id << "  [" << verdict::NameOf(scenario.suite) << "] " << scenario.title
                << '\n';
    }
  }
  if (json) std::cout << document.dump(2) << '\n';
}

void PrintRequirements(const runner::Suite& suite, const Scenarios& scenarios, bool json) {
  Json document = Json::array();
  for (const scenario::Requirement& requirement : suite.requirements().all()) {
    const auto ids = ScenariosOf(requirement, scenarios);
    if (json) {
      document.push_back({{"id", requirement.id},
                          {"suite", verdict::NameOf(requirement.suite)},
                          {"level", verdict::NameOf(requirement.level)},
                          {"text", requirement.text},
                          {"source", requirement.source},
                          {"scenarios", ids}});
    } else {
      std::cout << requirement.id << "  [" << verdict::NameOf(requirement.suite) << ", "
                << verdict::NameOf(requirement.level) << "] " << requirement.text << "  ("
                << ids.size() << " scenarios)\n";
    }
  }
  if (json) std::cout << document.dump(2) << '\n';
}

void PrintDisputes(const runner::Disputes& disputes, bool json) {
  Json document = Json::array();
  for (const runner::Dispute& dispute : disputes.all()) {
    if (json) {
      document.push_back({{"id", dispute.id},
                          {"claim", dispute.claim},
                          {"document", dispute.document},
                          {"server", dispute.server},
                          {"source", dispute.source},
                          {"scenarios", dispute.scenarios}});
      continue;
    }
    std::cout << dispute.id << "  [" << dispute.claim << "]\n  documentation: " << dispute.document
              << "\n  0.25.6:        " << dispute.server << "  (" << dispute.source << ")\n";
    for (const std::string& id : dispute.scenarios) std::cout << "  scenario:      " << id << '\n';
  }
  if (json) std::cout << document.dump(2) << '\n';
}

ExitCode List(const ListArguments& arguments) {
  if (arguments.faults) {
    if (fault::Rows().empty()) throw CommandError{ExitCode::kUsage, prove::kNoFaults};
    std::cout << prove::FaultsText();
    return ExitCode::kAsExpected;
  }
  env::PosixFileSystem files;
  const auto suite = runner::Suite::Open(files, FindRoot(arguments.root));
  if (!suite.ok()) throw CommandError{ExitCode::kHarnessFailed, suite.status().message()};
  if (arguments.disputes) {
    const auto disputes = suite.value().LoadDisputes();
    if (!disputes.ok()) throw CommandError{ExitCode::kHarnessFailed, disputes.status().message()};
    PrintDisputes(disputes.value(), arguments.json);
    return ExitCode::kAsExpected;
  }
  const auto scenarios = suite.value().Load(arguments.patterns);
  if (!scenarios.ok()) throw CommandError{ExitCode::kHarnessFailed, scenarios.status().message()};
  if (arguments.requirements) {
    PrintRequirements(suite.value(), scenarios.value(), arguments.json);
  } else {
    PrintScenarios(scenarios.value(), arguments.json);
  }
  return scenarios.value().empty() ? ExitCode::kNothingRun : ExitCode::kAsExpected;
}

}  // namespace

void AddListCommand(CLI::App& app, RunVerb& chosen) {
  CLI::App* verb = app.add_subcommand(
      "list", "List scenarios, requirements with the scenarios that cite them, or disputes");
  auto arguments = std::make_shared<ListArguments>();
  verb->add_option("scenario", arguments->patterns,
                   "Ids of scenarios, folders, or patterns with * and ?; none: all");
  verb->add_flag("--json", arguments->json, "Print JSON");
  verb->add_flag("--requirements", arguments->requirements, "List requirements instead");
  verb->add_flag("--disputes", arguments->disputes,
                 "List where documentation and real server disagree instead");
  verb->add_flag("--faults", arguments->faults,
                 "List the faults that the reference can be given instead, as a page");
  verb->add_option("--root", arguments->root, "Directory with scenarios/ and fixtures/");
  verb->callback([arguments, &chosen] { chosen = [arguments] { return List(*arguments); }; });
}

}  // namespace atrest::cli
