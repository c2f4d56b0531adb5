// The page ids of a bolt file that may be allocated, as runs of adjacent pages. Allocation takes
// the lowest run that is long enough, as the real server's does, so that the same transactions give
// the same file.
// Not for pages that the last transaction freed: bolt_pager.h keeps them apart until the next one.
// Threads: a value.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "reference/raftlog/bolt_format.h"

namespace atrest::raftlog {

class FreePages {
 public:
  // False, and nothing is changed, if one of the COUNT pages from FIRST on is in here already.
  bool Add(PageId first, uint64_t count);
  // The first of COUNT adjacent pages, which are removed; nullopt if there are none.
  std::optional<PageId> Take(uint64_t count);

  uint64_t size() const { return size_; }
  // Ascending.
  std::vector<PageId> Ids() const;

 private:
  std::map<PageId, uint64_t> runs_;  // first page -> length; no two runs touch
  uint64_t size_ = 0;
};

}  // namespace atrest::raftlog
