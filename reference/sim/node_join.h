// How a node that has no Raft log and names no peers comes into a cluster (cluster.md 3j): it asks
// the leader over NATS to be let in, up to five times, and gives up then. The leader's side is
// stan/membership_requests.h. Consensus runs meanwhile: the leader sends its log before it answers.
// Ownership: borrows the bus and the logger.
// Errors: state() and what follows it; what the leader refuses is asked for again.
// Threads: one.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "reference/base/logger.h"
#include "reference/stan/bus.h"

namespace atrest::sim {

class NodeJoin {
 public:
  enum class State { kAsking, kJoined, kFailed };

  // REPLIES begins the subjects that are answered to, and is nobody else's; so are the handles on
  // the bus behind HANDLES.
  NodeJoin(stan::Bus& bus, Logger& log, std::string cluster_id, std::string node_id,
           std::string replies, uint64_t handles)
      : bus_(bus),
        log_(log),
        cluster_id_(std::move(cluster_id)),
        node_id_(std::move(node_id)),
        replies_(std::move(replies)),
        handles_(handles) {}

  void Start(int64_t now_ns);
  // False if the message is not for it.
  bool OnMessage(int64_t now_ns, const stan::Incoming& incoming);
  void Tick(int64_t now_ns);
  // INT64_MAX when it has ended.
  int64_t deadline_ns() const { return deadline_ns_; }

  State state() const { return state_; }
  // Why it is kFailed.
  std::string failure() const { return "failed to join Raft group " + cluster_id_; }

 private:
  uint64_t handle() const { return handles_ + tries_; }
  void Ask(int64_t now_ns);
  void Rest(int64_t until_ns);
  void End(State state);

  stan::Bus& bus_;
  Logger& log_;
  const std::string cluster_id_;
  const std::string node_id_;
  const std::string replies_;
  const uint64_t handles_;  // and one more for each try
  State state_ = State::kAsking;
  uint64_t tries_ = 0;
  bool waits_for_answer_ = false;  // else it rests between two tries
  int64_t deadline_ns_ = INT64_MAX;
};

}  // namespace atrest::sim
