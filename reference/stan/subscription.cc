#include "reference/stan/subscription.h"

#include <algorithm>
#include <cstddef>

namespace atrest::stan {

std::vector<Subscription::Expiry> Subscription::PendingByExpiry() const {
  std::vector<Expiry> sorted;
  sorted.reserve(pending.size());
  bool all_known = true;
  for (const auto& [sequence, at_ns] : pending) {
    sorted.push_back({sequence, at_ns});
    all_known = all_known && at_ns != 0;
  }
  if (all_known) {
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const Expiry& a, const Expiry& b) { return a.at_ns < b.at_ns; });
  }
  return sorted;
}

SubscriptionPtr QueueGroup::PickMember() {
  if (members.empty()) return nullptr;
  size_t best = members.size();
  for (size_t i = 0; i < members.size(); ++i) {
    const Subscription& member = *members[i];
    if (member.stalled || member.has_failed_heartbeat) continue;
    if (best == members.size() || member.pending.size() < members[best]->pending.size()) best = i;
  }
  if (best == members.size()) best = 0;
  SubscriptionPtr picked = members[best];
  if (best == 0) std::rotate(members.begin(), members.begin() + 1, members.end());
  return picked;
}

bool RemoveFrom(SubscriptionList& list, const Subscription& subscription) {
  for (SubscriptionPtr& entry : list) {
    if (entry.get() != &subscription) continue;
    std::swap(entry, list.back());
    list.pop_back();
    return true;
  }
  return false;
}

}  // namespace atrest::stan
