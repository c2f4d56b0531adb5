#include "reference/sim/node_log.h"

#include <memory>
#include <utility>
#include <vector>

namespace atrest::sim {
namespace {

constexpr int64_t kNsPerSecondOfLog = 1'000'000'000;

raftlog::LogEntry ToStored(const raft::LogEntry& entry) {
  raftlog::LogEntry stored;
  stored.index = entry.index;
  stored.term = entry.term;
  stored.type = static_cast<raftlog::LogType>(entry.type);
  stored.data = entry.data;
  if (entry.appended_at_ns != 0) stored.appended_at = raftlog::LogTimeOfNs(entry.appended_at_ns);
  return stored;
}

raft::LogEntry FromStored(raftlog::LogEntry stored) {
  raft::LogEntry entry;
  entry.index = stored.index;
  entry.term = stored.term;
  entry.type = static_cast<raft::EntryType>(stored.type);
  entry.data = std::move(stored.data);
  if (stored.appended_at) {
    entry.appended_at_ns = stored.appended_at->seconds * kNsPerSecondOfLog +
                           static_cast<int64_t>(stored.appended_at->nanoseconds);
  }
  return entry;
}

}  // namespace

raftlog::SnapshotMeta ToStored(const raft::SnapshotMeta& meta) {
  raftlog::SnapshotMeta stored;
  stored.index = meta.index;
  stored.term = meta.term;
  stored.configuration_index = meta.configuration_index;
  for (const raft::Server& server : meta.configuration->servers) {
    stored.servers.push_back({static_cast<uint64_t>(server.suffrage), server.id, server.address});
  }
  return stored;
}

raft::SnapshotMetaPtr FromStored(const raftlog::SnapshotMeta& meta) {
  auto configuration = std::make_shared<raft::Configuration>();
  for (const raftlog::RaftServer& server : meta.servers) {
    configuration->servers.push_back(
        {static_cast<raft::Suffrage>(server.suffrage), server.id, server.address});
  }
  return std::make_shared<const raft::SnapshotMeta>(
      raft::SnapshotMeta{meta.index, meta.term, configuration, meta.configuration_index});
}

uint64_t NodeLog::FirstIndex() const {
  const auto index = log_.FirstIndex();
  return index.ok() ? index.value() : 0;
}

uint64_t NodeLog::LastIndex() const {
  const auto index = log_.LastIndex();
  return index.ok() ? index.value() : 0;
}

Result<raft::EntryPtr> NodeLog::Get(uint64_t index) const {
  auto stored = log_.GetLog(index);
  if (!stored.ok()) return stored.status();
  return std::make_shared<const raft::LogEntry>(FromStored(std::move(stored).value()));
}

struct NodeLog::Doer {
  NodeLog& node;

  Status operator()(const raft::SetCurrentTerm& write) {
    return node.log_.SetUint64(raftlog::kCurrentTerm, write.term);
  }
  Status operator()(const raft::SetLastVoteTerm& write) {
    return node.log_.SetUint64(raftlog::kLastVoteTerm, write.term);
  }
  Status operator()(const raft::SetLastVoteCandidate& write) {
    return node.log_.Set(raftlog::kLastVoteCandidate, AsBytes(write.address));
  }
  Status operator()(const raft::StoreEntries& write) {
    std::vector<raftlog::LogEntry> entries;
    entries.reserve(write.entries.size());
    for (const raft::EntryPtr& entry : write.entries) entries.push_back(ToStored(*entry));
    return node.log_.StoreLogs(entries);
  }
  Status operator()(const raft::DeleteEntries& write) {
    return node.log_.DeleteRange(write.first, write.last);
  }
  Status operator()(const raft::StoreSnapshot& write) {
    return node.snapshots_.Create(ToStored(*write.meta), *write.data).status();
  }
};

Status NodeLog::Do(const raft::Write& write) { return std::visit(Doer{*this}, write); }

raft::BytesPtr NodeLog::ReadSnapshot(const raft::SnapshotMeta& meta) {
  const auto list = snapshots_.List();
  if (!list.ok()) return nullptr;
  for (const raftlog::SnapshotMeta& stored : list.value()) {
    if (stored.index != meta.index || stored.term != meta.term) continue;
    auto state = snapshots_.Read(stored.id);
    if (state.ok()) return std::make_shared<const Bytes>(std::move(state).value());
  }
  return nullptr;
}

}  // namespace atrest::sim
