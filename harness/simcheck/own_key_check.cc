#include "harness/simcheck/own_key_check.h"

#include <algorithm>

namespace atrest::simcheck {
namespace {

constexpr char kRequirement[] = "K-own-key";

// Whether each start in STARTS would have sealed; false where there is none.
bool AllSeal(const sim::NodeHistory& node, const StartSpan& starts,
             bool (*seals)(const sim::NodeSettings&)) {
  const auto settings = SettingsOf(node, starts);
  return !settings.empty() &&
         std::ranges::all_of(settings, [&](const auto* one) { return seals(*one); });
}

}  // namespace

void OwnKeyCheck::OnEntry(size_t node, const LogRecord& record) {
  if (!record.is_command()) return;
  const std::string where = "raft.log, entry " + std::to_string(record.index);
  if (record.is_sealed()) return JudgeSeal(node, *record.seal, record.is_own, where);
  if (!AllSeal(view_.history().nodes[node], record.starts, SealsLog)) return;
  if (IsBroken(node, record.starts)) return;
  if (record.seal != nullptr) return JudgeUnopened(node, *record.seal, where);
  Say(node, "D-10", where + ": a Command in clear, written while encryption was on");
}

void OwnKeyCheck::OnStored(size_t node, const std::string& channel, const MessageNow& message) {
  const std::string where = "channel " + channel + ", sequence " + std::to_string(message.sequence);
  if (message.seal != nullptr && message.seal->is_open()) {
    if (message.size == 0) Say(node, "K-empty-not-sealed", where + ": an empty payload is sealed");
    return JudgeSeal(node, *message.seal, message.is_own, where);
  }
  if (message.size == 0 || !AllSeal(view_.history().nodes[node], message.starts, SealsStore)) {
    return;
  }
  if (IsBroken(node, message.starts)) return;
  if (message.seal != nullptr) return JudgeUnopened(node, *message.seal, where);
  Say(node, "D-01", where + ": a payload in clear, written while encryption was on");
}

bool OwnKeyCheck::IsBroken(size_t node, const StartSpan& starts) const {
  return LeewayNow(node).broken_seals &&
         WasThereAtDamage(view_.history().nodes[node], view_.node(node), starts);
}

void OwnKeyCheck::JudgeSeal(size_t node, const Seal& seal, bool is_own, const std::string& where) {
  if (!is_own || seal.first.node != node || seal.keys.size() > 1) {
    if (LeewayNow(node).foreign_seals || LeewayNow(seal.first.node).foreign_seals) return;
    if (!is_own) {
      Say(node, kRequirement,
          where + ": opens under " + view_.keys().Name(seal.keys[0]) +
              ", which the node was never given");
    } else if (seal.first.node != node) {
      Say(node, kRequirement,
          where + ": the sealed bytes of " + NameOf(seal.first.node) + ", " + seal.first.where);
    } else {
      Say(node, kRequirement, where + ": sealed " + std::to_string(seal.keys.size()) + " times");
    }
    return;
  }
  JudgeSettings(node, seal, where);
}

void OwnKeyCheck::JudgeSettings(size_t node, const Seal& seal, const std::string& where) {
  const auto settings = SettingsOf(view_.history().nodes[node], seal.first.starts);
  if (settings.empty()) return;
  const bool in_log = seal.place == kRaftPlace;
  const auto sealed_by = [&](const sim::NodeSettings& one) {
    return (in_log ? SealsLog(one) : SealsStore(one)) &&
           one.cipher == disktruth::CipherOf(seal.code) &&
           view_.keys().Add(one.key) == seal.keys[0];
  };
  if (std::ranges::any_of(settings, [&](const auto* one) { return sealed_by(*one); })) return;
  if (LeewayNow(node).foreign_seals) return;
  Say(node, kRequirement,
      where + ": sealed with " + disktruth::CipherOf(seal.code) + " under " +
          view_.keys().Name(seal.keys[0]) + ", which is not what the node ran with");
}

void OwnKeyCheck::JudgeUnopened(size_t node, const Seal& seal, const std::string& where) {
  if (LeewayNow(node).foreign_seals) return;
  std::vector<std::string> channels;
  for (const auto& [channel, messages] : view_.node(node).channels) channels.push_back(channel);
  const std::string way = view_.keys().WrongWay(seal.plain, seal.place, channels);
  Say(node, kRequirement, where + ": opens under " + (way.empty() ? "no key of the run" : way));
}

}  // namespace atrest::simcheck
