#include "harness/simcheck/shared_check.h"

#include <utility>

namespace atrest::simcheck {
namespace {

// What one checker says in a run: the first says it all, mostly.
constexpr size_t kSaidMax = 40;

}  // namespace

void SharedCheck::OnLook(const sim::History& history, size_t node,
                         std::vector<sim::Violation>& found) {
  view_.UpdateOnce(history, node, round_);
  HandOver(found);
}

void SharedCheck::OnNodeDown(const sim::History& history, size_t node,
                             std::vector<sim::Violation>& found) {
  view_.UpdateOnce(history, node, round_);
  JudgeNode(history, node);
  HandOver(found);
}

void SharedCheck::AtRest(const sim::History& history, std::vector<sim::Violation>& found) {
  view_.UpdateOnce(history, ClusterView::kAll, round_);
  for (size_t node = 0; node < view_.size(); ++node) JudgeNode(history, node);
  JudgeRest(history);
  HandOver(found);
}

void SharedCheck::HandOver(std::vector<sim::Violation>& found) {
  for (sim::Violation& violation : std::exchange(pending_, {})) {
    found.push_back(std::move(violation));
  }
}

void SharedCheck::Say(size_t node, const char* requirement, std::string text) {
  const std::string id = node == kCluster ? "" : view_.history().nodes[node].id;
  if (said_.size() >= kSaidMax || !said_.insert(id + " " + text).second) return;
  pending_.push_back({name_, id, requirement, std::move(text)});
}

}  // namespace atrest::simcheck
