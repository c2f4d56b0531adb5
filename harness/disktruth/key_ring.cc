#include "harness/disktruth/key_ring.h"

namespace atrest::disktruth {

void KeyRing::AddKey(const std::string& name, const std::string& key) {
  names_.try_emplace(key, name);
}

std::string KeyRing::Name(const std::string& key) const {
  const auto found = names_.find(key);
  return found != names_.end() ? "key " + found->second : "a key without a name";
}

std::string KeyRing::Describe(const Opening& opening) const {
  std::string text = Name(opening.key) + " by " + NameOf(opening.how);
  if (opening.how != Derivation::kPlain) text += " of channel " + opening.channel;
  return text;
}

std::optional<Opening> KeyRing::Try(ByteView data, const How& how) {
  auto found = derived_.find(how);
  if (found == derived_.end()) {
    const auto& [derivation, key, channel] = how;
    const Digest32 derived = Derive(derivation, key, channel);
    found = derived_.emplace(how, Derived{derived, Opener(derived)}).first;
  }
  auto payload = found->second.opener.Open(data);
  if (!payload) return std::nullopt;
  const auto& [derivation, key, channel] = how;
  return Opening{key, derivation, channel, found->second.key, data[0], *std::move(payload)};
}

std::vector<KeyRing::How> KeyRing::Wrong(const std::string& channel) const {
  std::vector<How> all;
  for (const auto& [key, name] : names_) {
    all.emplace_back(Derivation::kPlain, key, "");
    all.emplace_back(Derivation::kUnprefixed, key, channel);
    for (const std::string& other : channels_) {
      if (other == channel) continue;
      all.emplace_back(Derivation::kChannel, key, other);
      all.emplace_back(Derivation::kUnprefixed, key, other);
    }
  }
  return all;
}

std::optional<Opening> KeyRing::Open(ByteView data, const std::string& channel,
                                     const std::vector<std::string>& first) {
  Bytes recoded;  // with the other code bytes, once the own one has failed
  for (const uint8_t code : {data[0], uint8_t{1}, uint8_t{2}}) {
    ByteView tried = data;
    if (code != data[0]) {
      if (recoded.empty()) recoded.assign(data.begin(), data.end());
      recoded[0] = code;
      tried = recoded;
    }
    if (!LooksSealed(tried)) continue;
    for (const std::string& key : first) {
      if (auto opening = Try(tried, {Derivation::kChannel, key, channel})) return opening;
    }
    for (const auto& [key, name] : names_) {
      if (auto opening = Try(tried, {Derivation::kChannel, key, channel})) return opening;
    }
    for (const How& how : Wrong(channel)) {
      if (auto opening = Try(tried, how)) return opening;
    }
  }
  return std::nullopt;
}

std::vector<Opening> KeyRing::OpenAll(ByteView data, const std::string& channel) {
  std::vector<How> all = Wrong(channel);
  for (const auto& [key, name] : names_) all.emplace_back(Derivation::kChannel, key, channel);
  std::vector<Opening> openings;
  for (const How& how : all) {
    if (auto opening = Try(data, how)) openings.push_back(*std::move(opening));
  }
  return openings;
}

}  // namespace atrest::disktruth
