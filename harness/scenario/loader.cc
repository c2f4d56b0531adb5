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
    "file",      "memory", "kill",      "format:stan-file-1", "client",  "raw",
    "program",   "clock",  "interrupt", "explicit_empty",     "cluster", "nodes",
    "snapshots", "power"};

constexpr uint64_t kNodesMax = 7;

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

Cluster ParseCluster(JsonCursor cursor, const Scenario& scenario) {
  Cluster cluster;
  const JsonCursor nodes = cursor.Need("nodes");
  cluster.nodes = nodes.Unsigned();
  if (cluster.nodes < 1 || cluster.nodes > kNodesMax) nodes.Fail("1 to 7 nodes are expected");
  if (const auto entries = cursor.Find("snapshot_entries"))
    cluster.snapshot_entries = entries->Unsigned();
  if (const auto entries = cursor.Find("trailing_entries"))
    cluster.trailing_entries = entries->Unsigned();
  const auto need = [&](const std::string& name) {
    if (std::ranges::find(scenario.needs, name) == scenario.needs.end())
      cursor.Fail("this cluster needs \"" + name + "\"");
  };
  need("nodes");
  if (cluster.snapshot_entries || cluster.trailing_entries) need("snapshots");
  cursor.Finish();
  return cluster;
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

bool IsNode(const Cluster& cluster, const std::string& name) {
  if (std::ranges::find(kRoles, name) != std::end(kRoles)) return true;
  return name.size() == 1 && name[0] >= 'a' && static_cast<uint64_t>(name[0] - 'a') < cluster.nodes;
}

// Of a cluster: which nodes run then is known only when the step is done.
void CheckNodes(const JsonCursor& at, const Scenario& scenario, const Step& step) {
  const Action& action = step.action;
  const auto* start = std::get_if<Start>(&action);
  const bool is_of_nodes =
      start != nullptr || std::holds_alternative<Stop>(action) ||
      std::holds_alternative<Kill>(action) || std::holds_alternative<Tamper>(action) ||
      std::holds_alternative<Inspect>(action) || std::holds_alternative<Elect>(action);
  const bool is_of_all =
      std::holds_alternative<Publish>(action) || std::holds_alternative<Read>(action) ||
      std::holds_alternative<Wait>(action) || std::holds_alternative<ClientStep>(action);
  if (!is_of_nodes && !is_of_all) at.Fail("a cluster has no such step");
  if (is_of_nodes && step.node.empty()) at.Fail("this step is done to a \"node\"");
  if (is_of_all && !step.node.empty()) at.Fail("this step is done to no node");
  if (is_of_nodes && !IsNode(*scenario.cluster, step.node)) at.Fail("no such node or role");
  if (start != nullptr && start->settings.store != "file") at.Fail("nodes have a file store");
  for (const std::string& capability : NeedsOf(action)) {
    const bool has = std::ranges::find(scenario.needs, capability) != scenario.needs.end();
    // A node has one.
    if (!has && capability != "file") at.Fail("this step needs \"" + capability + "\"");
  }
}

void CheckSteps(const JsonCursor& cursor, const Scenario& scenario) {
  RunState run;
  const auto items = cursor.Items();
  for (size_t i = 0; i < items.size(); ++i) {
    const Step& step = scenario.steps[i];
    if (scenario.cluster) {
      CheckNodes(items[i], scenario, step);
      continue;
    }
    const bool is_of_a_cluster = !step.node.empty() || std::holds_alternative<Elect>(step.action);
    if (is_of_a_cluster) items[i].Fail("only a \"cluster\" has nodes");
    CheckOrder(items[i], scenario, i, run);
  }
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
    if (scenario.cluster) cursor.Fail("of a cluster a list says what is expected");
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
    if (const auto cluster = cursor.Find("cluster"))
      scenario.cluster = ParseCluster(*cluster, scenario);
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
