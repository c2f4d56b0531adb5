// The matrix as JSON: "options", "figures", "faults" (each with its row, outcome and kills) and
// "toothless".
#include <nlohmann/json.hpp>

#include "harness/prove/digest.h"
#include "harness/prove/matrix.h"

namespace atrest::prove {
namespace {

using Json = nlohmann::ordered_json;

// "stated": for the stated reason and in the suite that must notice it.
Json ToJson(const Tried& tried, const Kill& kill) {
  return {{"check", kill.check},
          {"kind", kill.kind},
          {"suite", verdict::NameOf(kill.suite)},
          {"oracle", kill.oracle},
          {"requirement", kill.requirement},
          {"stated", IsProof(*tried.row, kill)},
          {"eye", NameOf(kill.eye)},
          {"quick", kill.quick},
          {"cases", kill.cases},
          {"message", kill.message},
          {"replay", ReplayOf(tried, kill)}};
}

Json ToJson(const Tried& tried) {
  const Evidence& evidence = tried.evidence;
  Json kills = Json::array();
  for (const Kill& kill : evidence.kills) kills.push_back(ToJson(tried, kill));
  const bool is_variant = tried.row->kind == fault::Kind::kVariant;
  const auto unnamed = is_variant ? UnnamedOf(tried) : std::set<std::string>();
  return {{"name", tried.row->name},
          {"kind", fault::NameOf(tried.row->kind)},
          {"target", tried.target},
          {"requirements", fault::RequirementsOf(*tried.row)},
          {"what", tried.row->what},
          {"why", tried.row->why},
          {"outcome", NameOf(OutcomeOf(tried))},
          {"solid", IsSolid(*tried.row, evidence)},
          {"thin", IsThin(evidence)},
          {"executed", evidence.executed},
          {"scenarios", evidence.scenarios},
          {"cases", evidence.cases},
          {"seconds", evidence.seconds},
          {"trouble", evidence.trouble},
          {"undecided", evidence.undecided},
          {"unnamed", unnamed},
          {"kills", kills}};
}

Json ToJson(const Figures& figures) {
  return {{"faults", figures.faults},
          {"killed", figures.killed},
          {"elsewhere", figures.elsewhere},
          {"solid", figures.solid},
          {"thin", figures.thin},
          {"quick", figures.quick},
          {"unseen_by_clients", figures.unseen_by_clients},
          {"only_by_disk", figures.only_by_disk},
          {"only_by_nonces", figures.only_by_nonces},
          {"only_by_properties", figures.only_by_properties},
          {"variants", figures.variants},
          {"lawful", figures.lawful},
          {"unexecuted", figures.unexecuted},
          {"trouble", figures.trouble},
          {"gate", figures.gate()}};
}

}  // namespace

std::string JsonOf(const Matrix& matrix) {
  Json options = Json::object();
  for (const auto& [name, value] : matrix.options) options[name] = value;
  Json faults = Json::array();
  for (const Tried& tried : matrix.tried) faults.push_back(ToJson(tried));
  const Json document = {{"date", matrix.date},       {"version", matrix.version},
                         {"options", options},        {"early_end", matrix.early_end},
                         {"seconds", matrix.seconds}, {"figures", ToJson(FiguresOf(matrix))},
                         {"faults", faults},          {"toothless", ToothlessOf(matrix)}};
  // Texts are the target's and may hold bytes that are not UTF-8.
  return document.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace atrest::prove
