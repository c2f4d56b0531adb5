#include <algorithm>
#include <nlohmann/json.hpp>

#include "harness/compare/case.h"
#include "harness/scenario/loader.h"
#include "harness/scenario/needs.h"
#include "harness/scenario/print.h"

namespace atrest::compare {
namespace {

using Json = nlohmann::ordered_json;

Status Refuse(const std::string& file, const std::string& why) {
  return Status(Code::kInvalid, file + ": " + why);
}

// The member "compare" put into ONE, whose steps have been read.
Status Adopt(const std::string& file, const Json& compare, Case& one) {
  const auto seed = compare.find("seed");
  const auto exchange = compare.find("exchange");
  const bool typed = seed != compare.end() && seed->is_number_unsigned() &&
                     exchange != compare.end() && exchange->is_array();
  if (!typed) return Refuse(file, "/compare: \"seed\" and \"exchange\" are expected");
  one.seed = seed->get<uint64_t>();
  for (const Json& item : *exchange) {
    const bool names_a_start =
        item.is_number_unsigned() && item.get<uint64_t>() < one.steps.size() &&
        std::holds_alternative<scenario::Start>(one.steps[item.get<uint64_t>()].action);
    if (!names_a_start)
      return Refuse(file, "/compare/exchange: the numbers of starts are expected");
    one.steps[item.get<uint64_t>()].exchange = true;
  }
  return Status();
}

}  // namespace

std::string PrintCase(const Case& one, const std::string& title, const std::string& requirement) {
  scenario::Scenario printed;
  printed.title = title;
  printed.requirements = {requirement};
  printed.keys = one.keys;
  Json exchange = Json::array();
  for (size_t i = 0; i < one.steps.size(); ++i) {
    if (one.steps[i].exchange) exchange.push_back(i);
    printed.steps.push_back({"", one.steps[i].action});
  }
  for (const std::string& need : scenario::NeedsOf(printed.steps)) printed.needs.push_back(need);
  Json json = Json::parse(scenario::PrintScenario(printed));
  json["compare"] = {{"seed", one.seed}, {"exchange", exchange}};
  return json.dump(2) + "\n";
}

Result<Case> LoadCase(const std::string& file, std::string_view json,
                      std::string_view requirements) {
  const auto known = scenario::Requirements::Parse("the register of requirements", requirements);
  if (!known.ok()) return known.status();
  Json document = Json::parse(json, nullptr, false);
  if (!document.is_object()) return Refuse(file, "a JSON object is expected");
  const auto compare = document.find("compare");
  const Json own = compare == document.end() ? Json() : *compare;
  if (compare != document.end()) document.erase("compare");
  const auto loaded = scenario::LoadScenario(file, "replay", document.dump(), known.value());
  if (!loaded.ok()) return loaded.status();
  Case one;
  one.keys = loaded.value().keys;
  for (const scenario::Step& step : loaded.value().steps) one.steps.push_back({step.action});
  const Status adopted = own.is_null() ? Status() : Adopt(file, own, one);
  if (!adopted.ok()) return adopted;
  return one;
}

}  // namespace atrest::compare
