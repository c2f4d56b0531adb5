#include "reference/stan/timers.h"

namespace atrest::stan {

Timers::Id Timers::Start(int64_t at_ns, std::function<void()> action) {
  const Id id = ++last_id_;
  actions_.emplace(std::make_pair(at_ns, id), std::move(action));
  due_.emplace(id, at_ns);
  return id;
}

void Timers::Stop(Id& id) {
  const auto found = due_.find(std::exchange(id, 0));
  if (found == due_.end()) return;
  actions_.erase({found->second, found->first});
  due_.erase(found);
}

std::optional<int64_t> Timers::Next() const {
  if (actions_.empty()) return std::nullopt;
  return actions_.begin()->first.first;
}

void Timers::RunDue(int64_t now_ns) {
  const Id last = last_id_;
  auto next = actions_.begin();
  while (next != actions_.end() && next->first.first <= now_ns) {
    const auto key = next->first;
    if (key.second > last) {
      ++next;
      continue;
    }
    const std::function<void()> action = std::move(next->second);
    actions_.erase(next);
    due_.erase(key.second);
    action();
    next = actions_.upper_bound(key);
  }
}

}  // namespace atrest::stan
