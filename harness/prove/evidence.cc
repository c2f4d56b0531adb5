#include "harness/prove/evidence.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace atrest::prove {
namespace {

using Json = nlohmann::json;

Json ToJson(const Kill& kill) {
  return {{"check", kill.check},
          {"property", kill.by_property},
          {"quick", kill.quick},
          {"suite", static_cast<int>(kill.suite)},
          {"kind", kill.kind},
          {"oracle", kill.oracle},
          {"requirement", kill.requirement},
          {"eye", static_cast<int>(kill.eye)},
          {"cases", kill.cases},
          {"seed", kill.seed},
          {"target_seed", kill.target_seed},
          {"message", kill.message}};
}

Kill KillFrom(const Json& json) {
  Kill kill;
  kill.check = json.at("check");
  kill.by_property = json.at("property");
  kill.quick = json.at("quick");
  kill.suite = static_cast<verdict::Suite>(json.at("suite").get<int>());
  kill.kind = json.at("kind");
  kill.oracle = json.at("oracle");
  kill.requirement = json.at("requirement");
  kill.eye = static_cast<Eye>(json.at("eye").get<int>());
  kill.cases = json.at("cases");
  kill.seed = json.at("seed");
  kill.target_seed = json.at("target_seed");
  kill.message = json.at("message");
  return kill;
}

}  // namespace

const char* NameOf(Eye eye) {
  switch (eye) {
    case Eye::kClient:
      return "client";
    case Eye::kDisk:
      return "disk";
    case Eye::kNonces:
      return "nonces";
  }
  return "";
}

bool IsFailure(const Kill& kill) { return kill.kind == verdict::NameOf(verdict::Kind::kFail); }

void Evidence::Add(Kill kill) {
  const bool is_known = std::ranges::any_of(kills, [&](const Kill& other) {
    return other.check == kill.check && other.oracle == kill.oracle &&
           other.requirement == kill.requirement && other.kind == kill.kind;
  });
  if (!is_known) kills.push_back(std::move(kill));
}

void Merge(const Evidence& more, Evidence& evidence) {
  evidence.executed = evidence.executed || more.executed;
  evidence.scenarios += more.scenarios;
  evidence.cases += more.cases;
  for (const Kill& kill : more.kills) evidence.Add(kill);
  evidence.undecided.insert(more.undecided.begin(), more.undecided.end());
  if (evidence.trouble.empty()) evidence.trouble = more.trouble;
  evidence.seconds += more.seconds;
}

// Texts are the target's and may hold bytes that are not UTF-8, which CBOR takes as they are.
std::string Packed(const Evidence& evidence) {
  Json kills = Json::array();
  for (const Kill& kill : evidence.kills) kills.push_back(ToJson(kill));
  const Json json = {{"executed", evidence.executed},  {"scenarios", evidence.scenarios},
                     {"cases", evidence.cases},        {"kills", kills},
                     {"trouble", evidence.trouble},    {"seconds", evidence.seconds},
                     {"undecided", evidence.undecided}};
  std::string bytes;
  Json::to_cbor(json, nlohmann::detail::output_adapter<char>(bytes));
  return bytes;
}

Result<Evidence> Unpacked(const std::string& bytes) {
  try {
    const Json json = Json::from_cbor(bytes);
    Evidence evidence;
    evidence.executed = json.at("executed");
    evidence.scenarios = json.at("scenarios");
    evidence.cases = json.at("cases");
    for (const Json& kill : json.at("kills")) evidence.kills.push_back(KillFrom(kill));
    evidence.undecided = json.at("undecided").get<std::set<std::string>>();
    evidence.trouble = json.at("trouble");
    evidence.seconds = json.at("seconds");
    return evidence;
  } catch (const Json::exception& broken) {
    return Status(Code::kInvalid, std::string("no evidence: ") + broken.what());
  }
}

}  // namespace atrest::prove
