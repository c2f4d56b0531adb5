#include "harness/scenario/loader.h"

#include <algorithm>

#include "harness/scenario/expectations.h"
#include "harness/scenario/json_cursor.h"
#include "harness/scenario/needs.h"
#include "harness/scenario/steps.h"

namespace atrest::scenario {
namespace {

// A driver's documented capabilities; a scenario that needs anything else has a typing error.
constexpr const char* kCapabilities[] = {
    "file",    "memory", "kill",      "format:stan-file-1", "client", "raw",
    "program", "clock",  "interrupt", "explicit_empty",     "cluster"};

void ParseRequirementIds(const JsonCursor& cursor, const Requirements& known, Scenario& scenario) {
  for (const JsonCursor& item : cursor.Items()) {
    const Requirement* requirement = known.Find(item.Text());
    if (requirement == nullptr) item.Fail("no such requirement");
    if (requirement->suite != scenario.suite) {
      item.Fail(std::string("the requirement belongs to the suite ") +
                verdict::NameOf(requirement->suite));
    }
    if (scenario.level < requirement->level) {
      item.Fail(std::string("the requirement is only a ") + verdict::NameOf(requirement->level));
    }
    scenario.requirements.push_back(requirement->id);
  }
  if (scenario.requirements.empty()) cursor.Fail("at least one requirement is expected");
}

void ParseNeeds(const JsonCursor& cursor, Scenario& scenario) {
  for (const JsonCursor& item : cursor.Items()) {
    const std::string name = item.Text();
    if (std::ranges::find(kCapabilities, name) == std::end(kCapabilities))
      item.Fail("no such capability");
    scenario.needs.push_back(name);
  }
}

void ParseHead(JsonCursor& cursor, const Requirements& known, Scenario& scenario) {
  scenario.title = cursor.Need("title").Text();
  const JsonCursor suite = cursor.Need("suite");
  if (!verdict::Parse(suite.Text(), scenario.suite)) suite.Fail("no such suite");
  const JsonCursor level = cursor.Need("level");
  if (!verdict::Parse(level.Text(), scenario.level)) level.Fail("no such level");
  ParseRequirementIds(cursor.Need("requirement"), known, scenario);
  ParseNeeds(cursor.Need("needs"), scenario);
  if (auto keys = cursor.Find("keys")) {
    for (const std::string& name : keys->Names()) scenario.keys[name] = keys->Need(name).Payload();
  }
}

bool IsRefused(const Scenario& scenario, const Step& step) {
  return !step.label.empty() &&
         std::ranges::any_of(scenario.expectations, [&](const Expectation& expectation) {
           return expectation.step == step.label &&
                  (expectation.refusal || expectation.exit_code || expectation.started == false);
         });
}

// The order a target can be driven in: steps of a client need a started server, tampering a stopped
// one.
struct RunState {
  bool running = false;
  bool interrupted = false;
  bool killed = false;  // by that interrupt
};
void CheckOrder(const JsonCursor& at, const Scenario& scenario, size_t index, RunState& run) {
  const Step& step = scenario.steps[index];
  const Action& action = step.action;
  const auto need = [&](bool state, const char* why) {
    if (run.running != state) at.Fail(why);
  };
  if (std::holds_alternative<UseGolden>(action) && index != 0)
    at.Fail("\"golden\" is only the first step");
  for (const std::string& capability : NeedsOf(action)) {
    const auto& needs = scenario.needs;
    if (std::ranges::find(needs, capability) == needs.end())
      at.Fail("this step needs \"" + capability + "\"");
  }
  if (const auto* interrupt = std::get_if<Interrupt>(&action)) {
    if (run.interrupted) at.Fail("the run is interrupted already");
    run.interrupted = true;
    run.killed = interrupt->how == Interrupt::How::kKill;
  } else if (std::holds_alternative<Start>(action)) {
    need(false, "the server is running already");
    run.running = !IsRefused(scenario, step);
  } else if (std::holds_alternative<Stop>(action) || std::holds_alternative<Kill>(action)) {
    need(true, "the server is not running");
    if (run.killed && std::holds_alternative<Stop>(action))
      at.Fail("a run that an interrupt kills is ended by \"kill\"");
    run = {};
  } else if (std::holds_alternative<Publish>(action) || std::holds_alternative<Read>(action) ||
             std::holds_alternative<ClientStep>(action)) {
    need(true, "the server is not running");
  } else if (std::holds_alternative<Tamper>(action)) {
    need(false, "files are changed only while the server is stopped");
  }
}

void CheckSteps(const JsonCursor& cursor, const Scenario& scenario) {
  RunState run;
  const auto items = cursor.Items();
  for (size_t i = 0; i < items.size(); ++i) CheckOrder(items[i], scenario, i, run);
}

void ParseSteps(const JsonCursor& cursor, Scenario& scenario) {
  for (const JsonCursor& item : cursor.Items()) {
    Step step = ParseStep(item, scenario.keys);
    const bool taken =
        !step.label.empty() &&
        std::ranges::find(scenario.steps, step.label, &Step::label) != scenario.steps.end();
    if (taken) item.Fail("the label \"" + step.label + "\" is given twice");
    scenario.steps.push_back(std::move(step));
  }
  if (scenario.steps.empty()) cursor.Fail("at least one step is expected");
}

void ParseExpect(const JsonCursor& cursor, Scenario& scenario) {
  if (cursor.is_string()) {
    const std::string oracle = OracleOf(scenario.suite);
    if (cursor.Text() != oracle)
      cursor.Fail("\"" + oracle + "\" or a list is expected in this suite");
    return;
  }
  for (const JsonCursor& item : cursor.Items()) {
    scenario.expectations.push_back(ParseExpectation(item, scenario));
  }
  if (scenario.expectations.empty()) cursor.Fail("at least one expectation is expected");
}

}  // namespace

Result<Scenario> LoadScenario(const std::string& file, const std::string& id, std::string_view json,
                              const Requirements& requirements) {
  try {
    const auto document = ParseJson(file, json);
    JsonCursor cursor(file, document);
    Scenario scenario;
    scenario.id = id;
    ParseHead(cursor, requirements, scenario);
    const JsonCursor steps = cursor.Need("steps");
    ParseSteps(steps, scenario);
    ParseExpect(cursor.Need("expect"), scenario);
    CheckSteps(steps, scenario);
    cursor.Finish();
    return scenario;
  } catch (const LoadError& error) {
    return Status(Code::kInvalid, error.message);
  }
}

Result<std::vector<TamperOperation>> LoadTamperOperations(const std::string& file,
                                                          std::string_view json) {
  try {
    const auto document = ParseJson(file, json);
    return ParseTamperOperations(JsonCursor(file, document));
  } catch (const LoadError& error) {
    return Status(Code::kInvalid, error.message);
  }
}

}  // namespace atrest::scenario
