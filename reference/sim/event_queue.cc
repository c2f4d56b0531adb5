#include "reference/sim/event_queue.h"

#include <algorithm>
#include <utility>

#include "reference/base/check.h"

namespace atrest::sim {

bool EventQueue::IsLater(const Event& a, const Event& b) {
  return a.at_ns != b.at_ns ? a.at_ns > b.at_ns : a.number > b.number;
}

void EventQueue::At(int64_t at_ns, Action action) {
  heap_.push_back({std::max(at_ns, now_ns_), next_number_++, std::move(action)});
  std::push_heap(heap_.begin(), heap_.end(), IsLater);
}

std::optional<int64_t> EventQueue::NextNs() const {
  if (heap_.empty()) return std::nullopt;
  return heap_.front().at_ns;
}

void EventQueue::RunNext() {
  ATREST_CHECK(!heap_.empty());
  std::pop_heap(heap_.begin(), heap_.end(), IsLater);
  const Event event = std::move(heap_.back());
  heap_.pop_back();
  now_ns_ = event.at_ns;
  ++count_;
  event.action();
}

void EventQueue::RunUntil(int64_t end_ns) {
  while (!heap_.empty() && heap_.front().at_ns <= end_ns) RunNext();
  now_ns_ = std::max(now_ns_, end_ns);
}

}  // namespace atrest::sim
