#include "reference/raft/raft_trace.h"

namespace atrest::raft {
namespace {

std::string Number(uint64_t number) { return std::to_string(number); }

std::string Position(uint64_t index, uint64_t term) { return Number(index) + "/" + Number(term); }

std::string Position(const SnapshotMeta& meta) { return Position(meta.index, meta.term); }

std::string Range(uint64_t first, uint64_t last) { return Number(first) + ".." + Number(last); }

struct BodyText {
  std::string operator()(const VoteRequest& body) const {
    return "vote? log " + Position(body.last_log_index, body.last_log_term);
  }
  std::string operator()(const VoteReply& body) const { return body.granted ? "vote" : "no vote"; }
  std::string operator()(const AppendRequest& body) const {
    if (body.IsHeartbeat()) return "heartbeat";
    return "append after " + Position(body.previous_index, body.previous_term) + " +" +
           Number(body.entries.size()) + " commit " + Number(body.commit_index);
  }
  std::string operator()(const AppendReply& body) const {
    if (body.success) return "appended " + Number(body.match_index);
    return "refused after " + Number(body.previous_index) + " log " + Number(body.last_log);
  }
  std::string operator()(const SnapshotRequest& body) const {
    return "snapshot " + Position(*body.meta);
  }
  std::string operator()(const SnapshotReply& body) const {
    return (body.success ? "installed " : "not installed ") + Number(body.index);
  }
};

struct ActionText {
  std::string operator()(const SetCurrentTerm& write) const { return "term " + Number(write.term); }
  std::string operator()(const SetLastVoteTerm& write) const {
    return "vote term " + Number(write.term);
  }
  std::string operator()(const SetLastVoteCandidate& write) const {
    return "vote for " + write.address;
  }
  std::string operator()(const StoreEntries& write) const {
    return "store " + Range(write.entries.first_index(), write.entries.last_index());
  }
  std::string operator()(const DeleteEntries& write) const {
    return "delete " + Range(write.first, write.last);
  }
  std::string operator()(const StoreSnapshot& write) const {
    return "store snapshot " + Position(*write.meta);
  }
};

}  // namespace

std::string MessageText(const Message& message) {
  return message.from + ">" + message.to + " " + Number(message.term) + " " +
         std::visit(BodyText(), message.body);
}

std::string WriteText(const Write& write) { return std::visit(ActionText(), write); }

const char* RoleText(Role role) {
  switch (role) {
    case Role::kFollower:
      return "follower";
    case Role::kCandidate:
      return "candidate";
    case Role::kLeader:
      return "leader";
    case Role::kShutdown:
      return "shutdown";
  }
  return "";
}

}  // namespace atrest::raft
