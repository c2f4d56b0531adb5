// One entry of the Raft log, and runs of consecutive entries that are passed around without copying
// them: from a proposal to the log and to every follower it is one object. The bytes of a command
// are opaque here, and plaintext: sealing them is the log's business (cluster.md 1.6).
// Ownership: an entry never changes once it is shared.
// Threads: values; none shared.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "reference/base/bytes.h"
#include "reference/base/check.h"

namespace atrest::raft {

// Persisted, do not renumber. 2 and 3 are what old releases wrote for peers; never written now.
enum class EntryType : uint8_t {
  kCommand = 0,
  kNoop = 1,
  kAddPeer = 2,
  kRemovePeer = 3,
  kBarrier = 4,
  kConfiguration = 5,
};

struct LogEntry {
  uint64_t index = 0;
  uint64_t term = 0;
  EntryType type = EntryType::kCommand;  // from a log: may be any byte
  // The leader's clock, nanoseconds since 1970. 0 stands for the zero time of the bootstrap entry.
  int64_t appended_at_ns = 0;
  Bytes data;
  friend bool operator==(const LogEntry&, const LogEntry&) = default;
};
using EntryPtr = std::shared_ptr<const LogEntry>;

// Entries with consecutive indexes. A copy, and a part, share what they hold.
class EntryRun {
 public:
  EntryRun() = default;
  explicit EntryRun(std::vector<EntryPtr> entries)
      : all_(std::make_shared<const std::vector<EntryPtr>>(std::move(entries))),
        end_(all_->size()) {}

  bool empty() const { return begin_ == end_; }
  size_t size() const { return end_ - begin_; }
  const EntryPtr* begin() const { return all_ ? all_->data() + begin_ : nullptr; }
  const EntryPtr* end() const { return all_ ? all_->data() + end_ : nullptr; }
  const EntryPtr& operator[](size_t at) const { return (*all_)[begin_ + at]; }

  // REQUIRES: !empty().
  uint64_t first_index() const { return (*this)[0]->index; }
  uint64_t last_index() const { return (*this)[size() - 1]->index; }

  // Without the first COUNT entries. REQUIRES: count <= size().
  EntryRun Without(size_t count) const {
    ATREST_CHECK(count <= size());
    EntryRun rest = *this;
    rest.begin_ += count;
    return rest;
  }

 private:
  std::shared_ptr<const std::vector<EntryPtr>> all_;
  size_t begin_ = 0;
  size_t end_ = 0;
};

}  // namespace atrest::raft
