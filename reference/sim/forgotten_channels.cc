#include "reference/sim/forgotten_channels.h"

#include <algorithm>
#include <string>

#include "reference/raftlog/raft_operation.h"
#include "reference/raftlog/raft_snapshot.h"

namespace atrest::sim {
namespace {

// No id, on either side, is the right one.
bool HasChannel(const stan::ClusteredServer& server, raftlog::RaftLog& log,
                const raftlog::ChannelSnapshot& channel) {
  if (std::ranges::count(server.ChannelNames(), channel.name) == 0) return false;
  const Result<uint64_t> id = log.GetChannelId(channel.name);
  return !id.ok() || id.value() == 0 || channel.channel_id == 0 || id.value() == channel.channel_id;
}

std::string ChannelOf(const raftlog::RaftOperation& operation) {
  if (!operation.messages.empty()) return operation.messages.front().subject;
  return operation.subscription ? operation.subscription->request.subject : "";
}

bool DidLead(const History& history, size_t node, uint64_t term) {
  return std::ranges::any_of(history.led,
                             [&](const Led& led) { return led.node == node && led.term == term; });
}

}  // namespace

void NoteForgotten(History& history, size_t node, ByteView state,
                   const stan::ClusteredServer& server, raftlog::RaftLog& log) {
  const auto snapshot = raftlog::DecodeSnapshot(state);
  if (!snapshot.ok()) return;
  for (const raftlog::ChannelSnapshot& channel : snapshot.value().channels) {
    if (HasChannel(server, log, channel)) continue;
    ForgottenChannel forgotten;
    forgotten.node = node;
    forgotten.start = history.nodes[node].starts.size() - 1;
    forgotten.channel = channel.name;
    forgotten.id = channel.channel_id;
    history.forgotten.push_back(forgotten);
  }
}

void NoteForgottenApplied(History& history, size_t node, const raft::LogEntry& entry,
                          int64_t now_ns) {
  if (history.forgotten.empty() || entry.type != raft::EntryType::kCommand) return;
  const auto operation = raftlog::DecodeOperation(entry.data);
  if (!operation.ok()) return;
  const std::string channel = ChannelOf(operation.value());
  for (ForgottenChannel& forgotten : history.forgotten) {
    if (forgotten.channel != channel || forgotten.is_back || forgotten.made_again_ns) continue;
    const NodeHistory& forgetful = history.nodes[forgotten.node];
    if (forgetful.starts[forgotten.start].wipes != forgetful.wipes) continue;
    const uint64_t id = operation.value().channel_id;
    const bool is_of_another = id == 0 || id > forgotten.id;
    if (is_of_another && DidLead(history, forgotten.node, entry.term)) {
      forgotten.made_again_ns = now_ns;
    } else if (node == forgotten.node) {
      forgotten.is_back = true;  // or made again by another node, which is that one's loss
    }
  }
}

}  // namespace atrest::sim
