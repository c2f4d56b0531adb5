// A process of a simulated node (sim_node.h), from its start to its end: for sim_node.cc.
// Ownership: borrows the node, which ends it. Errors: ended() and what follows it.
// Threads: one. An end is noted at once and carried out by the node, when no call is on the way.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reference/base/logger.h"
#include "reference/env/fixed_env.h"
#include "reference/raft/raft.h"
#include "reference/raftlog/raft_log.h"
#include "reference/raftlog/snapshot_store.h"
#include "reference/sim/node_join.h"
#include "reference/sim/node_log.h"
#include "reference/sim/sim_node.h"
#include "reference/stan/clustered_server.h"
#include "reference/store/store.h"

namespace atrest::sim {

struct SimNode::Process : stan::Replication, stan::Bus, NatsReceiver, Logger {
 public:
  explicit Process(SimNode& node);
  ~Process() override;
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void Start();
  void Stop();
  void Receive(const raft::Message& message);
  void Wake(int64_t at_ns);
  void OnNats(const stan::Incoming& incoming) override;
  void Flush();

  // The node's process has come to its end.
  bool ended() const { return ended_; }
  int exit_code() const { return exit_code_; }
  const std::string& exit_text() const { return exit_text_; }

  // Replication
  Result<uint64_t> Propose(std::vector<Bytes> operations) override;
  uint64_t term() const override { return raft_ != nullptr ? raft_->term() : 0; }
  uint64_t last_index() const override { return raft_ != nullptr ? raft_->last_index() : 0; }
  void ChangeMembership(const raft::MembershipChange& change, uint64_t ticket) override;

  // Bus
  Status Publish(std::string_view subject, std::string_view reply, ByteView payload) override;
  Status Subscribe(uint64_t handle, const std::string& subject) override;
  void Unsubscribe(uint64_t handle) override;

  void Log(LogLevel level, const std::string& text) override;

  bool is_leader() const { return serving_; }
  // The last entry that took effect, by itself or in a snapshot.
  uint64_t applied_index() const;
  // Null until what the node's snapshot stands for is all there: until then it does not vote.
  const raft::Raft* raft() const { return raft_.get(); }

 private:
  int64_t now_ns() const { return node_.world_.queue.now_ns(); }
  Status OpenAll();
  Status OpenStore();
  Status OpenLog();
  Status CheckLastEntry();
  Status RestoreNewest();
  Status StartRaft();
  Result<raft::DurableState> ReadDurable();
  Status Bootstrap();
  void Join();
  bool EndJoin();
  void Fail(const Status& why);
  void End(int code, const std::string& text);

  void Do(raft::Output& output);
  bool DoWrites(const raft::Output& output);
  void SendAll(raft::Output& output);
  void Settle();
  bool SettleOnce();
  void ApplyNext();
  void EnterRole(raft::Role role);
  void NoteApplied(const raft::LogEntry& entry);
  void NoteRestored(Restored::Step step, const raft::SnapshotMeta& meta);
  bool BeginConsensus();
  bool ContinueRestore();
  bool BeginServing();
  bool TakeSnapshot();
  void Schedule();
  void ScheduleFlush();
  void UpdateHistory();

  SimNode& node_;
  const uint64_t seed_;
  const uint64_t number_;  // of this start, from 1
  env::SeededEntropy entropy_;
  env::Env env_;
  NatsConnection connection_ = 0;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<raftlog::RaftLog> log_;
  std::unique_ptr<raftlog::SnapshotStore> snapshots_;
  std::unique_ptr<NodeLog> view_;
  std::unique_ptr<stan::ClusteredServer> server_;
  std::unique_ptr<raft::Raft> raft_;
  std::unique_ptr<NodeJoin> join_;  // while it asks to be let in
  raft::SnapshotMetaPtr restored_;  // at the start, or last

  std::deque<raft::EntryPtr> to_apply_;
  std::deque<raft::Role> roles_;
  std::optional<uint64_t> barrier_;  // of this leader, not applied yet
  bool serving_ = false;
  raft::SnapshotMetaPtr restore_;  // from the leader, being restored
  bool restore_begun_ = false;
  bool wants_snapshot_ = false;
  bool settling_ = false;
  std::optional<int64_t> wake_ns_;  // the next wake that is asked for
  bool flush_scheduled_ = false;

  bool ended_ = false;
  int exit_code_ = 0;
  std::string exit_text_;
};

}  // namespace atrest::sim
