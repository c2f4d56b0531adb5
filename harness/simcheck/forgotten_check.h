// The checker "forgotten": a channel that the simulator calls forgotten, which excuses that its
// messages are lost, is forgotten by what the node's files say (forgotten_book.h).
// Threads: none shared.
#pragma once

#include "harness/simcheck/shared_check.h"

namespace atrest::simcheck {

class ForgottenCheck : public SharedCheck {
 public:
  explicit ForgottenCheck(ClusterView& view) : SharedCheck("forgotten", view) {}

 private:
  void JudgeNode(const sim::History& history, size_t node) override;

  size_t judged_ = 0;  // of History::forgotten
};

}  // namespace atrest::simcheck
