// Snapshots of what a node of a cluster has applied: who is connected, which channels there are,
// and what subscriptions wait for. Taking one, and taking one over. Messages are not in it: those
// that the node lacks are fetched from the leader, ten times before it gives up.
// Specification: cluster.md 2 and 3j. Format: reference/raftlog/raft_snapshot.h.
// Ownership: borrows all it is made with.
// Errors: kCorrupt where a snapshot cannot be read, and the store's. What ends the server is in
// Context::fatal, with the text of the real server's last line.
// Threads: one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>

#include "reference/base/status.h"
#include "reference/raftlog/raft_snapshot.h"
#include "reference/stan/channels.h"
#include "reference/stan/clients.h"
#include "reference/stan/context.h"
#include "reference/stan/leaving.h"
#include "reference/stan/message_fetch.h"
#include "reference/stan/recovery.h"

namespace atrest::stan {

class ClusterSnapshot {
 public:
  struct Parts {
    Channels& channels;
    Clients& clients;
    Leaving& leaving;
    Recovery& recovery;
    MessageFetch& fetch;
  };

  ClusterSnapshot(Context& context, const Parts& parts) : context_(context), parts_(parts) {}

  // state.bin. Flushes the stores.
  Result<Bytes> Take();

  enum class When {
    kStart,    // channels that the store does not have are passed over
    kRunning,  // they are made, and others are deleted
  };
  // In the place of all there is. With PROCEED, messages that cannot be had are done without.
  Status Restore(ByteView state, When when, bool proceed);
  // Messages are still being fetched.
  bool IsRestoring() const { return is_restoring_; }

 private:
  void SoilPadding(Bytes& state) const;
  Status DropState();
  void RestoreNext();
  void RestoreAll();
  void BeginChannel(Channel& channel);
  void FetchMessages(Channel& channel);
  void OnFetched(Channel& channel, const Status& fetched);
  void GiveUp(Channel& channel);
  void FinishChannel(Channel& channel);
  void FinishRestore();
  void Fail(const Status& why);

  Context& context_;
  Parts parts_;
  bool is_restoring_ = false;
  bool is_in_loop_ = false;
  raftlog::RaftSnapshot snapshot_;  // that is being restored
  size_t at_ = 0;                   // the channel of it
  When when_ = When::kStart;
  bool proceed_ = false;
  int attempts_ = 0;
  Timers::Id pause_ = 0;
  std::set<std::string> others_;  // channels that are not in it
};

}  // namespace atrest::stan
