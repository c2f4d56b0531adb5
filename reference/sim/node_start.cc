// How a process of a node comes up: cluster.md 3, "the start-up rule".
#include <utility>

#include "reference/raftlog/raft_entry.h"
#include "reference/sim/forgotten_channels.h"
#include "reference/sim/node_process.h"
#include "reference/store/crypto_store.h"
#include "reference/store/file_store.h"

namespace atrest::sim {

using raftlog::RaftAddress;

namespace {

// On the bus; the server counts its own up from 1.
constexpr uint64_t kJoinHandles = uint64_t{1} << 63;

}  // namespace

void SimNode::Process::Start() {
  connection_ = node_.world_.nats.Connect(node_.options_.number, *this);
  const Status opened = OpenAll();
  if (!opened.ok() && !ended_) Fail(opened);
  if (!ended_) Settle();
}

Status SimNode::Process::OpenAll() {
  ATREST_TRY(OpenStore());
  ATREST_TRY(OpenLog());
  stan::StreamingOptions streaming;
  streaming.cluster_id = node_.world_.history.cluster_id;
  streaming.io_batch_messages = static_cast<int64_t>(node_.options_.io_batch);
  streaming.heartbeat_interval_ns = node_.options_.heartbeat_ns;
  stan::ClusterOptions cluster;
  cluster.node_id = node_.options_.id;
  server_ = std::make_unique<stan::ClusteredServer>(
      streaming, cluster, *store_, *log_, *this, *this, *this,
      [this](std::span<uint8_t> into) { entropy_.Fill(into); });
  ATREST_TRY(server_->Start(now_ns()));
  ATREST_TRY(CheckLastEntry());
  return RestoreNewest();
}

Status SimNode::Process::OpenStore() {
  const NodeHistory& mine = node_.history();
  store::FileStoreOptions file;
  file.sync = node_.settings_.sync;  // -cluster_sync decides for both
  // Else a kill between the writes of messages and of their index makes acknowledged messages
  // unreadable, which no checker could tell from a loss.
  file.assume_adjacent = false;
  auto opened = store::FileStore::Open(env_, *this, mine.store_directory, {}, file);
  if (!opened.ok()) return opened.status();
  const NodeSettings& settings = node_.settings_;
  auto encryption =
      store::ResolveEncryption({settings.encrypts, settings.cipher, settings.key, ""});
  if (!encryption.ok()) return encryption.status();
  store_ = std::move(opened).value();
  if (!encryption.value()) return Status();
  auto sealed = store::MakeCryptoStore(std::move(store_), entropy_, *encryption.value());
  if (!sealed.ok()) return sealed.status();
  store_ = std::move(sealed).value();
  return Status();
}

Status SimNode::Process::OpenLog() {
  const NodeHistory& mine = node_.history();
  const NodeSettings& settings = node_.settings_;
  auto encryption =
      store::ResolveEncryption({settings.encrypts, settings.cipher, settings.key, ""});
  if (!encryption.ok()) return encryption.status();
  raftlog::RaftLogOptions options;
  options.sync = settings.sync;
  if (encryption.value() && settings.encrypts) {
    options.encryption = {encryption.value()->cipher, encryption.value()->key};
  }
  ATREST_TRY(env_.files.MakeDirectories(mine.raft_directory));
  auto log = raftlog::RaftLog::Open(env_, *this, node_.log_path(), options);
  if (!log.ok()) return log.status();
  log_ = std::move(log).value();
  auto snapshots = raftlog::SnapshotStore::Open(env_, *this, mine.raft_directory,
                                                node_.options_.retained_snapshots);
  if (!snapshots.ok()) return snapshots.status();
  snapshots_ = std::move(snapshots).value();
  view_ = std::make_unique<NodeLog>(*log_, *snapshots_);
  return Status();
}

// It is read before the snapshots are.
Status SimNode::Process::CheckLastEntry() {
  const auto last = log_->LastIndex();
  if (!last.ok()) return last.status();
  if (last.value() == 0) return Status();
  return log_->GetLog(last.value())
      .status()
      .WithPrefix("failed to get last log at index " + std::to_string(last.value()) + ": ");
}

// The newest snapshot that can be read.
Status SimNode::Process::RestoreNewest() {
  const auto list = snapshots_->List();
  if (!list.ok()) return list.status();
  for (const raftlog::SnapshotMeta& meta : list.value()) {
    const auto state = snapshots_->Read(meta.id);
    if (!state.ok()) continue;
    if (node_.is_installing_) {
      NoteForgotten(node_.world_.history, node_.options_.number, state.value(), *server_, *log_);
    }
    if (!server_->RestoreAtStart(now_ns(), state.value()).ok()) continue;
    node_.Note("restore", meta.index, meta.term);
    restored_ = FromStored(meta);
    NoteRestored(Restored::Step::kAtStart, *restored_);
    return Status();
  }
  if (list.value().empty()) return Status();
  return Status(Code::kCorrupt, "failed to load any existing snapshots");
}

// Who restores takes no part in elections: it might be elected, and be asked for what it lacks.
bool SimNode::Process::BeginConsensus() {
  if (server_->phase() == stan::ClusteredServer::Phase::kRestoring) return false;
  node_.is_installing_ = false;
  Status started = StartRaft();
  if (started.ok()) started = Bootstrap();
  if (!started.ok()) Fail(started);
  return started.ok();
}

Result<raft::DurableState> SimNode::Process::ReadDurable() {
  const auto number = [](const Result<uint64_t>& found, uint64_t& into) {
    if (found.ok()) into = found.value();
    return found.status().code() == Code::kNotFound ? Status() : found.status();
  };
  raft::DurableState state;
  ATREST_TRY(number(log_->GetUint64(raftlog::kCurrentTerm), state.current_term));
  ATREST_TRY(number(log_->GetUint64(raftlog::kLastVoteTerm), state.last_vote_term));
  const auto candidate = log_->Get(raftlog::kLastVoteCandidate);
  if (candidate.ok()) {
    state.last_vote_candidate = std::string(AsText(candidate.value()));
  } else if (candidate.status().code() != Code::kNotFound) {
    return candidate.status();
  }
  state.snapshot = restored_;
  return state;
}

Status SimNode::Process::StartRaft() {
  const auto state = ReadDurable();
  if (!state.ok()) return state.status();
  raft::Options options = node_.options_.raft;
  options.id = server_->node_id();
  options.address = RaftAddress(node_.world_.history.cluster_id, options.id);
  raft::Output output;
  auto raft = raft::Raft::Start(options, state.value(), *view_, seed_ ^ 2, now_ns(), output);
  if (!raft.ok()) return raft.status();
  raft_ = std::move(raft).value();
  Do(output);
  return Status();
}

void SimNode::Process::Join() {
  const std::string& own = server_->node_id();
  const std::string replies = "_INBOX.join." + own + "." + std::to_string(number_);
  join_ = std::make_unique<NodeJoin>(*this, *this, node_.world_.history.cluster_id, own, replies,
                                     kJoinHandles);
  join_->Start(now_ns());
}

// With a list of peers each node begins the same cluster, itself first (cluster.md 1.4).
Status SimNode::Process::Bootstrap() {
  if (ended_ || raft_->has_state()) return Status();
  if (server_->has_streaming_state()) {
    // -cluster_log_path, without the cluster's own directory below it.
    const std::string& directory = node_.history().raft_directory;
    return Status(Code::kInvalid, "streaming state was recovered but cluster log path \"" +
                                      directory.substr(0, directory.rfind('/')) + "\" is empty");
  }
  if (!node_.settings_.names_peers) {
    Join();
    return Status();
  }
  const std::string& own = server_->node_id();
  const std::string& cluster = node_.world_.history.cluster_id;
  raft::Configuration configuration;
  configuration.servers.push_back({raft::Suffrage::kVoter, own, RaftAddress(cluster, own)});
  for (const std::string& id : node_.options_.members) {
    if (id == own) continue;
    configuration.servers.push_back({raft::Suffrage::kVoter, id, RaftAddress(cluster, id)});
  }
  raft::Output output;
  ATREST_TRY(raft_->Bootstrap(now_ns(), configuration, output));
  Do(output);
  return Status();
}

}  // namespace atrest::sim
