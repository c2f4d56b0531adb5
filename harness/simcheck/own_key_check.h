// The checker "own-key": every node's files are sealed under its own key (cluster.md 1.6, 3a, 3c).
// What a node wrote while encryption was on is sealed, once, under the key and with the cipher of
// the start that wrote it, with the derivation of its place; empty payloads are not sealed; and no
// sealed bytes are those of another node. What opens under one key opens under another only if
// somebody made it so; that is not looked for.
// Threads: none shared.
#pragma once

#include <string>

#include "harness/simcheck/shared_check.h"

namespace atrest::simcheck {

class OwnKeyCheck : public SharedCheck {
 public:
  explicit OwnKeyCheck(ClusterView& view) : SharedCheck("own-key", view) {}

 private:
  void OnEntry(size_t node, const LogRecord& record) override;
  void OnStored(size_t node, const std::string& channel, const MessageNow& message) override;
  bool IsBroken(size_t node, const StartSpan& starts) const;
  void JudgeSeal(size_t node, const Seal& seal, bool is_own, const std::string& where);
  void JudgeUnopened(size_t node, const Seal& seal, const std::string& where);
  void JudgeSettings(size_t node, const Seal& seal, const std::string& where);
};

}  // namespace atrest::simcheck
