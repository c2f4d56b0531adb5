#include "harness/prove/digest.h"

#include "harness/prove/matrix.h"

namespace atrest::prove {

Digest DigestOf(const fault::Row& row, const Evidence& evidence) {
  Digest digest;
  std::set<std::string> scenarios;
  std::set<std::string> properties;
  for (const Kill& kill : evidence.kills) {
    (kill.by_property ? properties : scenarios).insert(kill.check);
    digest.oracles.insert(kill.oracle);
    digest.eyes.insert(NameOf(kill.eye));
    digest.requirements.insert(kill.requirement);
    const bool better =
        digest.first == nullptr || (!IsStated(row, *digest.first) && IsStated(row, kill));
    if (better) digest.first = &kill;
  }
  digest.scenarios = scenarios.size();
  digest.properties = properties.size();
  return digest;
}

std::string Joined(const std::set<std::string>& words) {
  std::string joined;
  for (const std::string& word : words) joined += (joined.empty() ? "" : ", ") + word;
  return joined;
}

}  // namespace atrest::prove
