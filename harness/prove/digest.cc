#include "harness/prove/digest.h"

#include "harness/prove/sim_trial.h"

namespace atrest::prove {
namespace {

int WeightOf(const fault::Row& row, const Kill& kill) {
  if (row.kind == fault::Kind::kVariant) return BreaksLaw(kill) ? 1 : 0;
  if (IsProof(row, kill)) return 2;
  return IsStated(row, kill) ? 1 : 0;
}

}  // namespace

Digest DigestOf(const fault::Row& row, const Evidence& evidence) {
  Digest digest;
  std::set<std::string> scenarios;
  std::set<std::string> properties;
  for (const Kill& kill : evidence.kills) {
    (kill.by_property ? properties : scenarios).insert(kill.check);
    digest.oracles.insert(kill.oracle);
    digest.eyes.insert(NameOf(kill.eye));
    if (!kill.requirement.empty()) digest.requirements.insert(kill.requirement);
    const bool is_better =
        digest.first == nullptr || WeightOf(row, kill) > WeightOf(row, *digest.first);
    if (is_better) digest.first = &kill;
  }
  digest.scenarios = scenarios.size();
  digest.properties = properties.size();
  return digest;
}

const std::string& ReasonOf(const Kill& kill) {
  return kill.requirement.empty() ? kill.oracle : kill.requirement;
}

std::string ReplayOf(const Tried& tried, const Kill& kill) {
  if (tried.row->place == fault::Place::kCluster)
    return "atrest simulate " + SimArguments(kill.seed) + " --fault " +
           std::string(tried.row->name);
  const std::string target =
      " --target " + tried.target + " --fault " + std::string(tried.row->name);
  const std::string seed = std::to_string(kill.target_seed);
  const bool is_usual = kill.target_seed == 1;
  if (!kill.by_property)
    return "atrest run " + kill.check + target + (is_usual ? "" : " --seed " + seed);
  return "atrest fuzz --property " + kill.check + " --seed " + std::to_string(kill.seed) +
         " --cases 1" + target + (is_usual ? "" : " --driver-seed " + seed);
}

std::string Joined(const std::set<std::string>& words) {
  std::string joined;
  for (const std::string& word : words) joined += (joined.empty() ? "" : ", ") + word;
  return joined;
}

}  // namespace atrest::prove
