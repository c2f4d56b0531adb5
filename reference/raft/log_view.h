// What consensus reads of the log. Everything that it wants written it says as Writes
// (raft_output.h); a view must show every write of earlier outputs, synced or not.
// Errors: Get says kNotFound ("log not found") for an index that the log does not hold, which means
// that it was compacted, and anything else for an entry that is there and cannot be read (another
// key, a damaged file). The two are treated differently: only the first leads to a snapshot.
// Threads: called from within the calls of Raft.
#pragma once

#include <cstdint>

#include "reference/base/status.h"
#include "reference/raft/log_entry.h"

namespace atrest::raft {

class LogView {
 public:
  virtual ~LogView() = default;
  // 0 if the log is empty.
  virtual uint64_t FirstIndex() const = 0;
  virtual uint64_t LastIndex() const = 0;
  virtual Result<EntryPtr> Get(uint64_t index) const = 0;
};

}  // namespace atrest::raft
