#include "harness/simcheck/reuse_check.h"

namespace atrest::simcheck {

void ReuseCheck::OnSeal(const Seal& seal) {
  if (!seal.is_open()) return;
  const auto [first, is_new] =
      uses_.try_emplace(Use{seal.place, seal.keys[0], seal.code, seal.nonce}, &seal);
  if (is_new || first->second == &seal) return;
  const Sighting& before = first->second->first;
  Say(seal.first.node, "H-nonce-reuse",
      seal.first.where + ": the nonce " + ToHex(seal.nonce) + " under " +
          view_.keys().Name(seal.keys[0]) + ", as before on " + NameOf(before.node) + ", " +
          before.where);
}

void ReuseCheck::OnEntry(size_t node, const LogRecord& record) {
  if (record.seal == nullptr || LeewayNow(node).logs_differ) return;
  JudgePlace(node, *record.seal, record.index, "raft.log, entry " + std::to_string(record.index));
}

void ReuseCheck::OnStored(size_t node, const std::string& channel, const MessageNow& message) {
  if (message.seal == nullptr || LeewayNow(node).sequences_differ) return;
  JudgePlace(node, *message.seal, message.sequence,
             "channel " + channel + ", sequence " + std::to_string(message.sequence));
}

void ReuseCheck::JudgePlace(size_t node, const Seal& seal, uint64_t number,
                            const std::string& where) {
  if (!seal.is_open()) return;
  const auto [found, is_first] = places_.try_emplace(seal.number, number);
  if (is_first || found->second == number) return;
  Say(node, "H-nonce-reuse",
      where + ": sealed once with that of " + std::to_string(found->second) + ", byte for byte");
}

}  // namespace atrest::simcheck
