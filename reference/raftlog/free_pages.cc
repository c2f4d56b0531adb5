#include "reference/raftlog/free_pages.h"

#include <algorithm>
#include <iterator>

namespace atrest::raftlog {

bool FreePages::Add(PageId first, uint64_t count) {
  auto next = runs_.lower_bound(first);
  const auto before = next == runs_.begin() ? runs_.end() : std::prev(next);
  if (next != runs_.end() && first + count > next->first) return false;
  if (before != runs_.end() && before->first + before->second > first) return false;
  size_ += count;
  if (next != runs_.end() && next->first == first + count) {
    count += next->second;
    next = runs_.erase(next);
  }
  if (before != runs_.end() && before->first + before->second == first) {
    before->second += count;
  } else {
    runs_.emplace_hint(next, first, count);
  }
  return true;
}

std::optional<PageId> FreePages::Take(uint64_t count) {
  const auto run = std::ranges::find_if(runs_, [&](const auto& r) { return r.second >= count; });
  if (run == runs_.end()) return std::nullopt;
  const auto [first, length] = *run;
  runs_.erase(run);
  if (length > count) runs_.emplace(first + count, length - count);
  size_ -= count;
  return first;
}

std::vector<PageId> FreePages::Ids() const {
  std::vector<PageId> ids;
  for (const auto& [first, length] : runs_) {
    for (uint64_t i = 0; i < length; ++i) ids.push_back(first + i);
  }
  return ids;
}

}  // namespace atrest::raftlog
