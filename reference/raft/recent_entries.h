// The last entries of the log, kept in memory by the node that stored them: those that are not
// applied yet, and as many before them as followers that keep up still need. What is in here is
// never read back from the log, which would open it again.
// Threads: one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

#include "reference/raft/log_entry.h"

namespace atrest::raft {

class RecentEntries {
 public:
  // Null if it is not here.
  EntryPtr Find(uint64_t index) const {
    if (entries_.empty() || index < entries_.front()->index) return nullptr;
    const size_t at = static_cast<size_t>(index - entries_.front()->index);
    return at < entries_.size() ? entries_[at] : nullptr;
  }

  // Behind what is here; if it does not follow that, it takes its place.
  void Append(const EntryRun& run) {
    if (!entries_.empty() && entries_.back()->index + 1 != run.first_index()) entries_.clear();
    entries_.insert(entries_.end(), run.begin(), run.end());
  }

  void TruncateFrom(uint64_t index) {
    while (!entries_.empty() && entries_.back()->index >= index) entries_.pop_back();
  }

  void DropBelow(uint64_t index) {
    while (!entries_.empty() && entries_.front()->index < index) entries_.pop_front();
  }

  void Clear() { entries_.clear(); }

 private:
  std::deque<EntryPtr> entries_;
};

}  // namespace atrest::raft
