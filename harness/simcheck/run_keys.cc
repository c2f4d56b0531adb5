#include "harness/simcheck/run_keys.h"

#include <algorithm>

namespace atrest::simcheck {

using disktruth::Derivation;
using disktruth::Opener;

KeyId RunKeys::Add(const std::string& key, const std::string& node) {
  const auto [found, is_new] = ids_.try_emplace(key, keys_.size());
  if (is_new) {
    keys_.push_back(key);
    first_nodes_.push_back(node);
  }
  return found->second;
}

std::string RunKeys::Name(KeyId key) const {
  const std::string& node = first_nodes_[key];
  return "key " + std::to_string(key + 1) + " of the run" +
         (node.empty() ? "" : " (first given to node " + node + ")");
}

Opener& RunKeys::OpenerOf(KeyId key, const std::string& place) {
  auto found = openers_.find({key, place});
  if (found == openers_.end()) {
    const auto how = place == kRaftPlace ? Derivation::kPlain : Derivation::kChannel;
    found =
        openers_.emplace(std::pair(key, place), Opener(disktruth::Derive(how, keys_[key], place)))
            .first;
  }
  return found->second;
}

std::optional<Bytes> RunKeys::OpenWith(KeyId key, ByteView data, const std::string& place) {
  return OpenerOf(key, place).Open(data);
}

std::optional<Unsealed> RunKeys::Open(ByteView data, const std::string& place,
                                      const std::vector<KeyId>& first) {
  for (const KeyId key : first) {
    if (auto plain = OpenWith(key, data, place)) return Unsealed{key, *std::move(plain)};
  }
  for (KeyId key = 0; key < keys_.size(); ++key) {
    if (std::ranges::find(first, key) != first.end()) continue;
    if (auto plain = OpenWith(key, data, place)) return Unsealed{key, *std::move(plain)};
  }
  return std::nullopt;
}

std::string RunKeys::WrongWay(ByteView data, const std::string& place,
                              const std::vector<std::string>& channels) {
  for (KeyId key = 0; key < keys_.size(); ++key) {
    for (const std::string& channel : channels) {
      if (channel != place && OpenWith(key, data, channel)) {
        return Name(key) + " as derived for channel " + channel;
      }
      const auto unprefixed = disktruth::Derive(Derivation::kUnprefixed, keys_[key], channel);
      if (Opener(unprefixed).Open(data)) return Name(key) + " derived without its zero bytes";
    }
    if (place != kRaftPlace && OpenWith(key, data, kRaftPlace)) {
      return Name(key) + " as derived for the Raft log";
    }
  }
  return "";
}

}  // namespace atrest::simcheck
