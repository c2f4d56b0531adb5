#include "reference/sim/sim_node.h"

#include <utility>

#include "reference/base/check.h"
#include "reference/sim/node_process.h"

namespace atrest::sim {
namespace {

constexpr char kStoreDirectory[] = "store";
constexpr char kLogDirectory[] = "raft";

}  // namespace

SimNode::SimNode(World& world, NodeOptions options) : world_(world), options_(std::move(options)) {
  NodeHistory& mine = history();
  mine.id = options_.id;
  mine.store_directory = kStoreDirectory;
  mine.raft_directory = std::string(kLogDirectory) + "/" + world_.history.cluster_id;
  mine.files = &disk_.memory();
}

SimNode::~SimNode() = default;

std::string SimNode::log_path() const {
  return world_.history.nodes[options_.number].raft_directory + "/raft.log";
}

void SimNode::Note(std::string_view what, uint64_t a, uint64_t b, uint64_t c,
                   std::string_view text) {
  world_.trace.Note(world_.queue.now_ns(), {options_.id, what, a, b, c, text});
}

void SimNode::Look() {
  if (world_.on_look) world_.on_look(options_.number);
}

void SimNode::Start(const NodeSettings& settings) {
  ATREST_CHECK(!is_up());
  Look();
  NodeHistory& mine = history();
  if (!mine.starts.empty() && mine.starts.back().settings.cipher != settings.cipher) {
    ++world_.marks.cipher_switches;
  }
  settings_ = settings;
  Note("start", mine.starts.size() + 1, settings.encrypts ? 1 : 0, settings.sync ? 1 : 0,
       settings.cipher);
  mine.starts.push_back({world_.trace.events(), world_.queue.now_ns(), settings, mine.wipes});
  mine.is_up = true;
  mine.exit_text.reset();
  mine.exit_code = 0;
  process_ = std::make_unique<Process>(*this);
  process_->Start();
  if (is_up() && process_->ended()) Ended();
}

void SimNode::Kill() {
  if (!is_up()) return;
  Note("kill");
  disk_.Restart();  // nothing is written any more
  process_.reset();
  Begin();
}

void SimNode::LosePower() {
  Note("power");
  disk_.Restart();
  process_.reset();
  disk_.LosePower();
  Begin();
}

void SimNode::Stop() {
  if (!is_up()) return;
  Note("stop");
  process_->Stop();
  if (disk_.stopped()) ++world_.marks.crashes_in_write;
  disk_.Restart();
  process_.reset();
  Begin();
}

// What a node is before its next start.
void SimNode::Begin() {
  disk_.CancelCrash();
  disk_.Restart();
  disk_.Straighten();
  NodeHistory& mine = history();
  mine.is_up = false;
  mine.is_leader = false;
}

void SimNode::Ended() {
  NodeHistory& mine = history();
  if (disk_.stopped()) {
    ++world_.marks.crashes_in_write;
    Note("torn", disk_.changes());
  } else {
    mine.exit_code = process_->exit_code();
    mine.exit_text = process_->exit_text();
    Note("exit", static_cast<uint64_t>(mine.exit_code), HashOf(AsBytes(*mine.exit_text)) >> 32, 0,
         *mine.exit_text);
  }
  disk_.Restart();
  process_.reset();
  Begin();
  if (world_.on_end) world_.on_end(options_.number);
}

void SimNode::Wipe() {
  ATREST_CHECK(!is_up());
  Note("wipe");
  ++world_.marks.wipes;
  ++history().wipes;
  is_installing_ = false;
  for (const char* directory : {kStoreDirectory, kLogDirectory}) {
    ATREST_CHECK(disk_.memory().RemoveAll(directory).ok());
  }
}

bool SimNode::IsLeader() const { return is_up() && process_->is_leader(); }

bool SimNode::IsVoter() const { return is_up() && process_->raft() != nullptr && !is_installing_; }

uint64_t SimNode::Term() const {
  return is_up() && process_->raft() != nullptr ? process_->raft()->term() : 0;
}

uint64_t SimNode::LastIndex() const {
  return is_up() && process_->raft() != nullptr ? process_->raft()->last_index() : 0;
}

uint64_t SimNode::CommitIndex() const {
  return is_up() && process_->raft() != nullptr ? process_->raft()->commit_index() : 0;
}

uint64_t SimNode::AppliedIndex() const { return is_up() ? process_->applied_index() : 0; }

uint64_t SimNode::SnapshotIndex() const {
  if (!is_up() || process_->raft() == nullptr) return 0;
  const raft::SnapshotMetaPtr snapshot = process_->raft()->snapshot();
  return snapshot != nullptr ? snapshot->index : 0;
}

void SimNode::Receive(const raft::Message& message) {
  if (!is_up()) return;
  process_->Receive(message);
  if (is_up() && process_->ended()) Ended();
}

}  // namespace atrest::sim
