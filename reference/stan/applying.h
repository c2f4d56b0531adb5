// What a node of a cluster does with committed entries, in their order: it decodes operations and
// carries them out, and tells who proposed one here. A publish that would leave a gap at the start
// waits until what is missing was fetched, and all behind it with it.
// Commands that are not operations are passed over in silence (cluster.md 3f), as are those that
// name a channel which was replaced since.
// Specification: cluster.md 1.5 and 3g.
// Ownership: borrows all it is made with.
// Errors: a message that cannot be stored ends the server (Context::fatal), "panic: " and a text.
// Threads: one.
#pragma once

#include <cstdint>
#include <deque>

#include "reference/base/status.h"
#include "reference/raft/log_entry.h"
#include "reference/raftlog/raft_operation.h"
#include "reference/stan/channels.h"
#include "reference/stan/connections.h"
#include "reference/stan/context.h"
#include "reference/stan/message_fetch.h"
#include "reference/stan/proposals.h"
#include "reference/stan/subscribing.h"

namespace atrest::stan {

class Applying {
 public:
  struct Parts {
    Channels& channels;
    Connections& connections;
    Subscribing& subscribing;
    MessageFetch& fetch;
  };

  Applying(Context& context, const Parts& parts) : context_(context), parts_(parts) {}

  void Add(const raft::EntryPtr& entry) { entries_.push_back(entry); }
  // Carries out what was added, up to where it has to wait. To be called again when the wait for
  // anything else is over.
  void Run();
  // Forgets what was added.
  void Clear();
  // For the messages before one that is to be applied.
  bool IsWaiting() const { return is_waiting_; }
  uint64_t applied_index() const { return applied_index_; }

 private:
  // False if it has to wait.
  bool Apply();
  Outcome ApplyAtOnce(raftlog::RaftOperation& operation);
  Outcome ApplySubscribe(const raftlog::RaftOperation& operation);
  void ApplySentAndAcked(const raftlog::SubSentAndAck& told);
  bool BeginPublish();
  void StorePublish(Channel& channel);
  void FailPublish(const Status& why);
  void Finish(const Outcome& outcome);

  Context& context_;
  Parts parts_;
  std::deque<raft::EntryPtr> entries_;  // the first is the one that is being applied
  raftlog::RaftOperation operation_;    // its content
  bool is_waiting_ = false;
  uint64_t applied_index_ = 0;
};

}  // namespace atrest::stan
