// For tests: nodes of a cluster on one fake bus, each with files of its own, and in the place of
// consensus a log that they share: what the leader proposes is committed at once, or when a test
// says so, and every node that is up applies it.
// Threads: none shared.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "reference/env/fixed_env.h"
#include "reference/env/mem_file_system.h"
#include "reference/raftlog/raft_log.h"
#include "reference/raftlog/raft_snapshot.h"
#include "reference/stan/clustered_server.h"
#include "reference/stan/stan_verbs.h"
#include "reference/store/crypto_store.h"
#include "reference/store/file_store.h"
#include "reference/wire/nats_subject.h"

namespace atrest::stan {

// The bus as one of several servers sees it. What they say reaches each other, too.
class NodeBus : public Bus {
 public:
  NodeBus(FakeBus& shared, uint64_t node) : shared_(shared), node_(node) {}

  static constexpr uint64_t kNodesMax = 8;

  Status Publish(std::string_view subject, std::string_view reply, ByteView payload) override {
    ATREST_TRY(shared_.Publish(subject, reply, payload));
    const bool is_heard = std::ranges::any_of(shared_.patterns, [&](const auto& entry) {
      return wire::SubjectMatches(entry.second, subject);
    });
    if (is_heard) {
      shared_.Deliver(std::string(subject), std::string(reply), payload);
    } else if (subject.starts_with("_STAN.snap.")) {
      shared_.Deliver(std::string(reply), "", {}, /*no_responders=*/true);
    }
    return Status();
  }
  Status Subscribe(uint64_t handle, const std::string& subject) override {
    return shared_.Subscribe(handle * kNodesMax + node_, subject);
  }
  void Unsubscribe(uint64_t handle) override { shared_.Unsubscribe(handle * kNodesMax + node_); }

 private:
  FakeBus& shared_;
  const uint64_t node_;
};

class ClusterFixture : public StanVerbs {
 protected:
  struct Node : Replication {
    Node(ClusterFixture& fixture, size_t number)
        : of(fixture), at(number), entropy(number + 1), bus(fixture.bus_, number) {
      cluster.node_id = std::string(1, static_cast<char>('a' + number));
    }
    Result<uint64_t> Propose(std::vector<Bytes> operations) override {
      if (of.leader_ != at) return Status(Code::kInvalid, "node is not the leader");
      const uint64_t first = of.log_.size() + 1;
      for (Bytes& operation : operations) of.AddEntry(raft::EntryType::kCommand, operation);
      return first;
    }
    uint64_t term() const override { return of.term_; }
    uint64_t last_index() const override { return of.log_.size(); }
    void ChangeMembership(const raft::MembershipChange& change, uint64_t ticket) override {
      changes.emplace_back(change, ticket);
    }

    ClusterFixture& of;
    const size_t at;
    std::unique_ptr<env::MemFileSystem> files = std::make_unique<env::MemFileSystem>();
    env::SeededEntropy entropy;
    LogBuffer log;
    NodeBus bus;
    ClusterOptions cluster;
    std::string key = {};  // not "": the store is encrypted
    std::vector<std::pair<raft::MembershipChange, uint64_t>> changes;
    std::unique_ptr<store::Store> store;
    std::unique_ptr<raftlog::RaftLog> ids;
    std::unique_ptr<ClusteredServer> server;
    uint64_t applied = 0;  // entries that it was given
  };

  static constexpr size_t kNobody = NodeBus::kNodesMax;

  explicit ClusterFixture(size_t count = 3) {
    for (size_t i = 0; i < count; ++i) nodes_.push_back(std::make_unique<Node>(*this, i));
  }

  Node& node(size_t at) { return *nodes_.at(at); }
  ClusteredServer& server(size_t at) { return *nodes_.at(at)->server; }
  ClusteredServer& leader() { return server(leader_); }

  // A new process on what the node has on disk; whatever ran before is killed. It is given all
  // entries from the first again.
  Status TryOpen(size_t at) {
    Kill(at);
    Node& node = *nodes_[at];
    (void)node.log.Take();
    ATREST_TRY(OpenFiles(node));
    node.server = std::make_unique<ClusteredServer>(
        options_, node.cluster, *node.store, *node.ids, node, node.bus, node.log,
        [&node](std::span<uint8_t> into) { node.entropy.Fill(into); });
    return node.server->Start(clock_.NowNs());
  }
  void Open(size_t at) {
    ATREST_CHECK(TryOpen(at).ok());
    Drain();
  }
  void Kill(size_t at) {
    Node& node = *nodes_[at];
    node.server.reset();
    node.ids.reset();
    node.store.reset();
    node.applied = 0;
    std::erase_if(bus_.patterns,
                  [&](const auto& entry) { return entry.first % NodeBus::kNodesMax == at; });
    if (leader_ == at) leader_ = kNobody;
  }
  // What NODE has applied, as consensus would keep it.
  struct Kept {
    uint64_t index = 0;
    Bytes state;
  };
  Kept TakeSnapshot(size_t at) {
    const Result<Bytes> taken = server(at).TakeSnapshot(clock_.NowNs());
    ATREST_CHECK(taken.ok());
    return {server(at).applied_index(), taken.value()};
  }
  // A new process that begins with SNAPSHOT, and is given the entries behind it.
  Status OpenWith(size_t at, const Kept& snapshot) {
    ATREST_TRY(TryOpen(at));
    (void)nodes_[at]->log.Take();
    nodes_[at]->applied = snapshot.index;
    Status restored = server(at).RestoreAtStart(clock_.NowNs(), snapshot.state);
    Drain();
    return restored;
  }
  // The node is given SNAPSHOT by the leader, and the entries behind it.
  Status Install(size_t at, const Kept& snapshot) {
    (void)nodes_[at]->log.Take();
    nodes_[at]->applied = snapshot.index;
    Status restored = server(at).Restore(clock_.NowNs(), snapshot.state);
    Drain();
    return restored;
  }
  // A new process that is not given entries up to INDEX.
  void OpenBehind(size_t at, uint64_t index) {
    ATREST_CHECK(TryOpen(at).ok());
    nodes_[at]->applied = index;
  }
  // It is killed, and its disk is new.
  void Wipe(size_t at) {
    Kill(at);
    nodes_[at]->files = std::make_unique<env::MemFileSystem>();
  }
  // All of them, with the first one leading.
  void OpenAll() {
    for (size_t i = 0; i < nodes_.size(); ++i) ATREST_CHECK(TryOpen(i).ok());
    Lead(0);
  }
  // Entries of the old leader that are not committed by now are lost.
  void Lead(size_t at) {
    if (leader_ != kNobody) server(leader_).LoseLeadership(clock_.NowNs());
    log_.resize(committed_);
    leader_ = at;
    ++term_;
    AddEntry(raft::EntryType::kNoop, {});
    AddEntry(raft::EntryType::kBarrier, {});
    committed_ = log_.size();
    Drain();
    leader().BecomeLeader(clock_.NowNs());
    Drain();
  }
  void AddEntry(raft::EntryType type, Bytes data) {
    raft::LogEntry entry;
    entry.index = log_.size() + 1;
    entry.term = term_;
    entry.type = type;
    entry.data = std::move(data);
    log_.push_back(std::make_shared<const raft::LogEntry>(std::move(entry)));
    if (!holds_) committed_ = log_.size();
  }
  // What is proposed stays uncommitted until Commit.
  void Hold() { holds_ = true; }
  void Commit() {
    holds_ = false;
    committed_ = log_.size();
    Drain();
  }

  void Drain() override {
    for (int i = 0; i < 100'000; ++i) {
      bool has_done = false;
      for (const auto& node : nodes_) has_done = Work(*node) || has_done;
      while (!bus_.incoming.empty()) {
        const FakeBus::Queued message = std::move(bus_.incoming.front());
        bus_.incoming.pop_front();
        Node& to = *nodes_[message.handle % NodeBus::kNodesMax];
        has_done = true;
        if (to.server == nullptr) continue;
        to.server->OnMessage(clock_.NowNs(),
                             {message.handle / NodeBus::kNodesMax, message.subject, message.reply,
                              message.payload, message.no_responders});
      }
      if (!has_done) return;
    }
    ATREST_CHECK(false);
  }

  // Time passes; what becomes due is done at its time.
  void Pass(int64_t ns) {
    const int64_t end = clock_.NowNs() + ns;
    for (std::optional<int64_t> next = NextDeadline(); next && *next <= end;
         next = NextDeadline()) {
      if (*next > clock_.NowNs()) clock_.Set(*next);
      for (const auto& node : nodes_) {
        if (node->server != nullptr) node->server->Tick(clock_.NowNs());
      }
      Drain();
    }
    clock_.Set(end);
  }

  // The messages that the store of a node has in CHANNEL: "1:a 2:b".
  std::string Stored(size_t at, const std::string& channel = "foo") {
    store::Channel* stored = nodes_[at]->store->FindChannel(channel);
    if (stored == nullptr) return "none";
    std::string text;
    const uint64_t last = stored->messages->LastSequence();
    for (uint64_t i = stored->messages->FirstSequence(); i <= last && i != 0; ++i) {
      const Result<wire::MessagePtr> found = stored->messages->Lookup(i);
      if (!text.empty()) text += ' ';
      text += std::to_string(i) + ":";
      if (!found.ok()) {
        text += "!";
      } else if (found.value() != nullptr) {
        text += AsText(found.value()->payload());
      }
    }
    return text;
  }
  raftlog::RaftSnapshot Snapshot(size_t at) {
    return raftlog::DecodeSnapshot(TakeSnapshot(at).state).value();
  }
  // What SNAPSHOT says of subscriptions, in order of their ids; of queues not what is pending:
  // where a message goes from member to member, the leader does not tell all of it, as in the real
  // server.
  static std::string TextOf(const raftlog::RaftSnapshot& snapshot) {
    std::map<std::pair<std::string, uint64_t>, std::string> texts;
    for (const raftlog::ChannelSnapshot& channel : snapshot.channels) {
      for (const raftlog::SubscriptionSnapshot& subscription : channel.subscriptions) {
        const store::SubscriptionState& state = subscription.state;
        std::string& text = texts[{channel.name, state.id}];
        text = channel.name + " " + std::to_string(state.id) + " " + state.client_id + " " +
               state.inbox + " " + state.durable_name + " " + state.queue_group +
               (state.is_closed ? " closed" : "") + " last=" + std::to_string(state.last_sent) +
               " pending=";
        if (!state.queue_group.empty()) continue;
        for (const uint64_t sequence : subscription.pending) {
          text += std::to_string(sequence) + ",";
        }
      }
    }
    std::string all;
    for (const auto& [key, text] : texts) all += text + "\n";
    return all;
  }
  std::vector<std::string> Logged(size_t at) {
    constexpr const char* kTags[] = {"TRC ", "DBG ", "INF ", "WRN ", "ERR ", "FTL "};
    std::vector<std::string> texts;
    for (const LogBuffer::Line& line : nodes_[at]->log.Take()) {
      texts.push_back(kTags[static_cast<int>(line.level)] + line.text);
    }
    return texts;
  }

  env::FixedClock clock_{kStart};
  StreamingOptions options_;
  std::vector<std::unique_ptr<Node>> nodes_;
  size_t leader_ = kNobody;
  uint64_t term_ = 1;
  std::vector<raft::EntryPtr> log_;
  uint64_t committed_ = 0;
  bool holds_ = false;

 private:
  Status OpenFiles(Node& node) {
    const env::Env env{*node.files, clock_, node.entropy};
    auto opened = store::FileStore::Open(env, node.log, "d", options_.limits, {.buffer_size = 0});
    ATREST_TRY(opened.status());
    node.store = std::move(opened).value();
    ATREST_TRY(node.files->MakeDirectories("r"));
    auto ids = raftlog::RaftLog::Open(env, node.log, "r/raft.log", {});
    ATREST_TRY(ids.status());
    node.ids = std::move(ids).value();
    if (node.key.empty()) return Status();
    store::EncryptionOptions encryption;
    encryption.key = crypto::Secret(AsBytes(node.key));
    auto sealed = store::MakeCryptoStore(std::move(node.store), node.entropy, encryption);
    ATREST_TRY(sealed.status());
    node.store = std::move(sealed).value();
    return Status();
  }

  bool Work(Node& node) {
    if (node.server == nullptr) return false;
    bool has_done = false;
    while (node.applied < committed_) {
      node.server->Apply(clock_.NowNs(), log_[node.applied++]);
      has_done = true;
    }
    if (!node.server->HasQueued()) return has_done;
    node.server->Flush(clock_.NowNs());
    return true;
  }

  std::optional<int64_t> NextDeadline() const {
    std::optional<int64_t> next;
    for (const auto& node : nodes_) {
      if (node->server == nullptr) continue;
      const std::optional<int64_t> one = node->server->NextDeadlineNs();
      if (one && (!next || *one < *next)) next = one;
    }
    return next;
  }
};

}  // namespace atrest::stan
