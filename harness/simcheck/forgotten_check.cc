#include "harness/simcheck/forgotten_check.h"

namespace atrest::simcheck {

void ForgottenCheck::JudgeNode(const sim::History& history, size_t) {
  for (; judged_ < history.forgotten.size(); ++judged_) {
    const sim::ForgottenChannel& claim = history.forgotten[judged_];
    const std::string why_not = view_.forgotten().WhyNot(history, claim);
    if (why_not.empty()) continue;
    Say(claim.node, "K-acked-stored",
        "channel " + claim.channel + ", id " + std::to_string(claim.id) +
            ", is called forgotten by start " + std::to_string(claim.start + 1) + "; but " +
            why_not);
  }
}

}  // namespace atrest::simcheck
