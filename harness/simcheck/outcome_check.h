// The checker "outcome": a node ends by itself only where cluster.md 3 documents it, and then with
// the documented exit code and text. From the node's files it works out how a start with the last
// settings must go (the rule of section 3, as found): the log's last entry is read first, then all
// behind the newest snapshot; and says where the node did otherwise. Faults that the table of
// documented outcomes does not know are violations, too. At rest, nodes that stay behind and
// clusters without a leader are excused by faults alone that document it.
// Threads: none shared.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "harness/simcheck/shared_check.h"

namespace atrest::simcheck {

// How a start must end.
struct StartEnd {
  int exit_code = 0;
  std::string text;  // which the node's own must contain
};

// Of a node whose files are VIEW, if it starts with SETTINGS and KEY is the number of its key.
// nullopt: it starts, or fails for a reason that is not in its entries.
std::optional<StartEnd> PredictStart(const NodeView& view, const sim::NodeSettings& settings,
                                     KeyId key);

class OutcomeCheck : public SharedCheck {
 public:
  explicit OutcomeCheck(ClusterView& view) : SharedCheck("outcome", view) {}

 private:
  void JudgeNode(const sim::History& history, size_t node) override;
  void JudgeRest(const sim::History& history) override;
  // MAY_WAIT: whether a node documentedly cannot be given its snapshot's messages.
  void JudgeQuorum(const sim::History& history, const std::function<bool(size_t)>& may_wait);
  static bool HasSpread(const sim::History& history);
  // Whether the files of node NUMBER, which has ended, call for that.
  bool MustEnd(const sim::NodeHistory& node, size_t number);
  void JudgeEnd(const sim::NodeHistory& node, size_t number);
  void JudgeStarted(const sim::History& history, size_t number);
  // Whether node NUMBER has come so far in its start START as to take part.
  static bool HasApplied(const sim::History& history, size_t number, size_t start);
};

}  // namespace atrest::simcheck
