#include "reference/sim/node_join.h"

#include "reference/raftlog/raft_entry.h"
#include "reference/sim/event_queue.h"
#include "reference/stan/membership_requests.h"

namespace atrest::sim {
namespace {

constexpr uint64_t kTriesMax = 5;
constexpr int64_t kAnswerMaxNs = kNsPerSecond;
constexpr int64_t kPauseNs = 20 * kNsPerMs;

}  // namespace

void NodeJoin::Start(int64_t now_ns) {
  log_.Log(LogLevel::kDebug, "Joining Raft group " + cluster_id_);
  Ask(now_ns);
}

// Each try has a subject of its own: an answer that comes too late is nobody's.
void NodeJoin::Ask(int64_t now_ns) {
  const std::string reply = replies_ + "." + std::to_string(++tries_);
  const stan::JoinRequest request{node_id_, raftlog::RaftAddress(cluster_id_, node_id_)};
  waits_for_answer_ = true;
  deadline_ns_ = now_ns + kAnswerMaxNs;
  const bool is_sent =
      bus_.Subscribe(handle(), reply).ok() &&
      bus_.Publish(stan::JoinSubject(cluster_id_), reply, stan::EncodeJoinRequest(request)).ok();
  if (!is_sent) Rest(now_ns + kPauseNs);
}

bool NodeJoin::OnMessage(int64_t now_ns, const stan::Incoming& incoming) {
  if (incoming.handle < handles_) return false;
  if (incoming.handle != handle() || !waits_for_answer_) return true;  // it comes too late
  const auto error = stan::DecodeJoinResponse(incoming.payload);
  if (incoming.no_responders) {
    Rest(now_ns + kAnswerMaxNs + kPauseNs);
  } else if (!error.ok() || !error.value().empty()) {
    Rest(now_ns + kPauseNs);
  } else {
    End(State::kJoined);
  }
  return true;
}

void NodeJoin::Tick(int64_t now_ns) {
  if (state_ != State::kAsking || now_ns < deadline_ns_) return;
  if (waits_for_answer_) {
    Rest(now_ns + kPauseNs);
  } else if (tries_ < kTriesMax) {
    Ask(now_ns);
  } else {
    End(State::kFailed);
  }
}

void NodeJoin::Rest(int64_t until_ns) {
  bus_.Unsubscribe(handle());
  waits_for_answer_ = false;
  deadline_ns_ = until_ns;
}

void NodeJoin::End(State state) {
  if (waits_for_answer_) bus_.Unsubscribe(handle());
  waits_for_answer_ = false;
  deadline_ns_ = INT64_MAX;
  state_ = state;
}

}  // namespace atrest::sim
