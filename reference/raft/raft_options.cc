#include "reference/raft/raft_options.h"

#include "reference/base/go_duration.h"

namespace atrest::raft {
namespace {

constexpr int64_t kTimeoutMin = 5 * kMillisecondNs;
constexpr size_t kAppendEntriesMax = 1024;

Status Invalid(const std::string& message) { return Status(Code::kInvalid, message); }

}  // namespace

Status CheckOptions(const Options& options) {
  if (options.id.empty()) return Invalid("LocalID cannot be empty");
  if (options.heartbeat_timeout_ns < kTimeoutMin) return Invalid("HeartbeatTimeout is too low");
  if (options.election_timeout_ns < kTimeoutMin) return Invalid("ElectionTimeout is too low");
  if (options.commit_timeout_ns < kMillisecondNs) return Invalid("CommitTimeout is too low");
  if (options.append_entries_max == 0) return Invalid("MaxAppendEntries must be positive");
  if (options.append_entries_max > kAppendEntriesMax) {
    return Invalid("MaxAppendEntries is too large");
  }
  if (options.snapshot_interval_ns < kTimeoutMin) return Invalid("SnapshotInterval is too low");
  if (options.lease_timeout_ns < kTimeoutMin) return Invalid("LeaderLeaseTimeout is too low");
  if (options.lease_timeout_ns > options.heartbeat_timeout_ns) {
    return Invalid("LeaderLeaseTimeout (" + GoDurationText(options.lease_timeout_ns) +
                   ") cannot be larger than heartbeat timeout (" +
                   GoDurationText(options.heartbeat_timeout_ns) + ")");
  }
  if (options.election_timeout_ns < options.heartbeat_timeout_ns) {
    return Invalid("ElectionTimeout (" + GoDurationText(options.election_timeout_ns) +
                   ") must be equal or greater than Heartbeat Timeout (" +
                   GoDurationText(options.heartbeat_timeout_ns) + ")");
  }
  return Status();
}

}  // namespace atrest::raft
