// Nodes a, b, c ... in one thread with a clock, a network and disks that only move when a test says
// so. It does for Raft what an owner has to do (raft_output.h), and can stop in the middle of it: a
// node may crash after any number of the writes of an output, and a disk may lose what was not
// synced. Messages wait until they are delivered, dropped, doubled or overtaken.
// It also watches: one leader a term, the same entry applied everywhere, leaders that have all that
// was applied, logs that agree from wherever they agree back to their beginning. violations() says
// what was broken.
// For tests only, of this folder.
// Ownership: it owns its nodes. Threads: one.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "reference/raft/raft.h"

namespace atrest::raft {

// What a node has written. As a LogView it may show damage.
struct ScriptDisk : LogView {
  uint64_t current_term = 0;
  uint64_t last_vote_term = 0;
  std::optional<std::string> last_vote_candidate;
  std::map<uint64_t, EntryPtr> log;
  SnapshotMetaPtr snapshot;
  BytesPtr snapshot_data;
  std::set<uint64_t> unreadable;  // entries that are there and do not open

  uint64_t FirstIndex() const override { return log.empty() ? 0 : log.begin()->first; }
  uint64_t LastIndex() const override { return log.empty() ? 0 : log.rbegin()->first; }
  Result<EntryPtr> Get(uint64_t index) const override;
  void Do(const Write& write);
};

struct ScriptNode {
  ServerId id;
  Options options;
  std::unique_ptr<Raft> raft;  // null while it is down
  ScriptDisk disk;
  ScriptDisk synced;  // what a crash leaves, where the disk does not sync each write
  bool syncs = true;
  std::optional<int> writes_left;    // until it crashes
  int writes = 0;                    // done since it was made
  std::vector<std::string> applied;  // the state machine: all commands
  std::vector<ChangeResult> changes;
  Status failure;
  uint64_t restores = 0;
};

class ScriptNetwork {
 public:
  struct Setup {
    int nodes = 3;
    bool bootstrap = true;  // with the list of all nodes; else they know of nobody
    uint64_t seed = 1;
    Options options = {};  // id and address are filled in
  };
  explicit ScriptNetwork(const Setup& setup);
  ScriptNetwork() : ScriptNetwork(Setup{}) {}

  ScriptNode& node(const ServerId& id) { return nodes_.at(id); }
  Raft& raft(const ServerId& id) { return *nodes_.at(id).raft; }
  bool IsUp(const ServerId& id) { return nodes_.at(id).raft != nullptr; }
  std::vector<ServerId> ids() const;
  // The leader of the highest term among nodes that are up; "" if there is none.
  ServerId Leader() const;

  // Time. Run: messages arrive at once, nodes tick when they want to.
  int64_t now_ns() const { return now_ns_; }
  void Run(int64_t duration_ns);
  // Until there is a leader, at most MAX_NS; it.
  ServerId RunUntilLeader(int64_t max_ns = 60 * kSecondNs);
  // Only ID's time comes: the others do not notice. Messages wait.
  void TickAtDeadline(const ServerId& id);
  // Moves the clock without telling anybody.
  void Pass(int64_t duration_ns) { now_ns_ += duration_ns; }
  void Tick(const ServerId& id);
  // Makes ID lead: the other nodes are started again, so that they know no leader, and ID's time
  // comes. False if it does not get the votes.
  bool Elect(const ServerId& id);
  // The same with the votes of VOTERS only, whatever is cut. What the new leader sends waits.
  bool ElectBy(const ServerId& id, const std::vector<ServerId>& voters);

  // Requests. Propose: the index, 0 if refused.
  uint64_t Propose(const ServerId& id, const std::string& command);
  uint64_t ProposeMany(const ServerId& id, const std::vector<std::string>& commands);
  uint64_t ProposeBarrier(const ServerId& id);
  void Change(const ServerId& id, const MembershipChange& change, uint64_t ticket = 0);
  Status Bootstrap(const ServerId& id, const std::vector<ServerId>& others);
  // Takes a snapshot now. False if there is nothing to take.
  bool Snapshot(const ServerId& id);

  // Messages.
  std::vector<Message>& wire() { return wire_; }
  size_t Waiting(const ServerId& from, const ServerId& to) const;
  // Delivers the message at AT.
  void Deliver(size_t at);
  // Gives MESSAGE to the node that it is for, past the wire; what that sends.
  std::vector<Message> Hand(const Message& message);
  // The oldest from FROM to TO; false if there is none.
  bool DeliverNext(const ServerId& from, const ServerId& to);
  // All that wait, and all that come of them.
  void DeliverAll();
  void Drop(const ServerId& from, const ServerId& to);
  void DropAll() { wire_.clear(); }
  void Duplicate(size_t at) { wire_.push_back(wire_[at]); }
  // What is sent from FROM to TO is lost from now on.
  void Cut(const ServerId& from, const ServerId& to) { cut_.insert({from, to}); }
  void Isolate(const ServerId& id);
  // Only TOGETHER talk to each other, from now on.
  void Connect(const std::vector<ServerId>& together);
  // This share of what is sent from now on is lost.
  void Lose(int percent) { loss_percent_ = percent; }
  void Heal() {
    cut_.clear();
    loss_percent_ = 0;
  }

  // Nodes. A crashed node loses what is on its way to it, too.
  void Crash(const ServerId& id);
  void Restart(const ServerId& id);
  // ID crashes with COUNT more writes done, before anything that depends on later ones.
  void CrashAfterWrites(const ServerId& id, int count) { nodes_.at(id).writes_left = count; }
  void Wipe(const ServerId& id);
  // A node that knows nobody, to be added.
  ScriptNode& AddNode(const ServerId& id);

  // Compares all logs with each other, which is not done by itself.
  void CheckLogs();
  const std::vector<std::string>& violations() const { return violations_; }
  // Terms in the log of ID, "1 2 2".
  std::string Terms(const ServerId& id);

 private:
  void Do(ScriptNode& node, Output& output);
  bool DoWrites(ScriptNode& node, const Output& output);
  void SendAll(ScriptNode& node, Output& output);
  void ApplyAll(ScriptNode& node, const Output& output);
  void NoteLeader(const ScriptNode& node);
  void NoteApplied(const ScriptNode& node, const EntryPtr& entry);
  void CheckPair(const ScriptNode& one, const ScriptNode& other);

  int64_t now_ns_ = kSecondNs;
  uint64_t seed_;
  Random random_;
  int loss_percent_ = 0;
  const Options options_;
  std::map<ServerId, ScriptNode> nodes_;
  std::vector<Message> wire_;
  std::set<std::pair<ServerId, ServerId>> cut_;
  std::map<uint64_t, ServerId> leaders_;    // by term
  std::map<uint64_t, EntryPtr> committed_;  // by index
  std::vector<std::string> violations_;
};

}  // namespace atrest::raft
