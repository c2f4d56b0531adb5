// A cluster on disks in memory that a test makes publish by publish, as nodes would or with one
// thing wrong in it, with the history that the simulator would tell of it: the base of the
// checkers' tests.
// Threads: none shared.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "harness/disktruth/doctored_node.h"
#include "harness/simcheck/sim_checks.h"
#include "reference/base/check.h"
#include "reference/env/mem_file_system.h"
#include "reference/sim/run_history.h"

namespace atrest::simcheck {

class DoctoredCluster {
 public:
  static constexpr char kStore[] = "/store";
  static constexpr char kRaft[] = "/raft";

  struct Node {
    env::MemFileSystem files;
    disktruth::DoctoredBolt bolt;
    sim::NodeSettings settings;
    uint32_t prefix = 0;  // of the nonces of this start
    uint64_t counter = 0;
    std::map<std::string, uint64_t> stored_bytes;  // of msgs.1.dat, by channel
  };

  // COUNT nodes with keys of their own, started, with entries 1 to 3 in their logs.
  explicit DoctoredCluster(size_t count = 3) {
    history.cluster_id = "gold";
    history.nodes.resize(count);
    for (size_t node = 0; node < count; ++node)
      history.nodes[node].id = static_cast<char>('a' + node);
    for (size_t node = 0; node < count; ++node) {
      nodes.emplace_back();
      sim::NodeHistory& now = history.nodes[node];
      now.store_directory = kStore;
      now.raft_directory = kRaft;
      now.files = &nodes[node].files;
      now.is_up = true;
      sim::NodeSettings settings;
      settings.key = "key of " + now.id;
      settings.cipher = node == 1 ? "CHACHA" : "AES";
      Start(node, settings);
      BeginLog(node);
    }
    index = 3;
  }

  // Entries 1 to 3.
  void BeginLog(size_t node) {
    const std::string& own = history.nodes[node].id;
    std::vector<std::string> itself_first = {own};
    for (const sim::NodeHistory& other : history.nodes) {
      if (other.id != own) itself_first.push_back(other.id);
    }
    disktruth::DoctoredEntry first{.index = 1, .term = 1};
    first.type = disktruth::EntryType::kConfiguration;
    first.at.reset();
    first.data = disktruth::Configuration(itself_first);
    Put(node, first);
    Put(node, {.index = 2, .type = disktruth::EntryType::kNoop});
    Put(node, {.index = 3, .type = disktruth::EntryType::kBarrier});
  }

  // As the simulator does, it has the node's files looked at before.
  void Start(size_t node, const sim::NodeSettings& settings) {
    if (!history.nodes[node].starts.empty()) LookAt(node);
    ++history.event;
    nodes[node].settings = settings;
    nodes[node].prefix = ++prefixes_;
    nodes[node].counter = index;
    sim::NodeHistory& now = history.nodes[node];
    now.starts.push_back({history.event, history.now_ns, settings, now.wipes});
    history.nodes[node].is_up = true;
    history.nodes[node].exit_text.reset();
  }
  // The node's start as it ran before, with CHANGE made to it.
  template <typename Change>
  void Restart(size_t node, Change change) {
    Down(node);
    sim::NodeSettings settings = nodes[node].settings;
    change(settings);
    Start(node, settings);
  }

  // A client publishes PAYLOAD, every node keeps it, and the client hears of it.
  void Publish(const std::string& payload, const std::string& channel = "foo") {
    Send(payload, channel);
    history.published.back().acked_at_ns = history.now_ns;
    const disktruth::DoctoredMessage message = Next(payload, channel);
    ++index;
    for (size_t node = 0; node < nodes.size(); ++node) Keep(node, message);
  }
  void Send(const std::string& payload, const std::string& channel = "foo") {
    history.published.push_back({channel, "guid-" + std::to_string(history.published.size()),
                                 ToBytes(payload), 1, std::nullopt});
  }
  disktruth::DoctoredMessage Next(const std::string& payload, const std::string& channel = "foo") {
    return {++sequences[channel], channel, payload, static_cast<int64_t>(++history.now_ns)};
  }
  // In NODE's log, as entry INDEX, and in its store.
  void Keep(size_t node, const disktruth::DoctoredMessage& message) {
    Log(node, message);
    Store(node, message);
    history.nodes[node].applied_index = index;
  }
  void Log(size_t node, const disktruth::DoctoredMessage& message) {
    nodes[node].bolt.Put("channels", message.channel, disktruth::IndexKey(4));
    const Bytes plain = disktruth::PublishOperation({message}, 4);
    disktruth::DoctoredEntry entry{.index = index};
    entry.data = nodes[node].settings.encrypts ? SealedFor(node, "", plain) : plain;
    Put(node, entry);
  }
  void Store(size_t node, disktruth::DoctoredMessage message) {
    const sim::NodeSettings& settings = nodes[node].settings;
    if (!message.payload.empty() && !settings.key.empty()) {
      message.payload = AsText(SealedFor(node, message.channel, AsBytes(message.payload)));
    }
    StoreAsItIs(node, message);
  }
  void StoreAsItIs(size_t node, const disktruth::DoctoredMessage& message) {
    const std::string directory = std::string(kStore) + "/" + message.channel;
    ATREST_CHECK(nodes[node].files.MakeDirectories(directory).ok());
    auto file =
        nodes[node].files.Open(directory + "/msgs.1.dat", env::FileSystem::Mode::kCreate).value();
    if (file->Size().value() == 0) ATREST_CHECK(file->Append(Bytes{1, 0, 0, 0}).ok());
    ATREST_CHECK(file->Append(disktruth::Framed(disktruth::EncodedMessage(message))).ok());
  }
  Bytes SealedFor(size_t node, const std::string& channel, ByteView plain) {
    Node& now = nodes[node];
    const auto how =
        channel.empty() ? disktruth::Derivation::kPlain : disktruth::Derivation::kChannel;
    return disktruth::Sealed(now.settings.cipher == "CHACHA" ? 2 : 1,
                             disktruth::Derive(how, now.settings.key, channel),
                             disktruth::Nonce(now.prefix, ++now.counter), plain);
  }

  void Put(size_t node, const disktruth::DoctoredEntry& entry) {
    nodes[node].bolt.Put("logs", disktruth::IndexKey(entry.index),
                         std::string(AsText(entry.Encoded())));
    Write(node, std::string(kRaft) + "/raft.log", nodes[node].bolt.File());
  }
  void Write(size_t node, const std::string& path, const Bytes& bytes) {
    ATREST_CHECK(nodes[node].files.MakeDirectories(path.substr(0, path.rfind('/'))).ok());
    ATREST_CHECK(env::WriteWhole(nodes[node].files, path, bytes).ok());
  }
  void PutSnapshot(size_t node, const disktruth::DoctoredSnapshot& snapshot) {
    const std::string directory = std::string(kRaft) + "/snapshots/" + snapshot.Name();
    Write(node, directory + "/meta.json", snapshot.Meta());
    Write(node, directory + "/state.bin", snapshot.State());
  }
  void Wipe(size_t node) {
    ATREST_CHECK(nodes[node].files.RemoveAll(kStore).ok());
    ATREST_CHECK(nodes[node].files.RemoveAll(kRaft).ok());
    nodes[node].bolt = {};
    ++history.nodes[node].wipes;
  }
  void Damage(size_t node, const std::string& fault) {
    ++history.event;
    history.nodes[node].damages.push_back({history.event, fault});
  }

  // Nodes are not compared with each other at rest.
  void AllAreDown() {
    for (sim::NodeHistory& node : history.nodes) node.is_up = false;
  }
  // As before something is removed from the node's files.
  void LookAt(size_t node) {
    ++history.event;
    for (sim::Checker* checker : checks.all()) checker->OnLook(history, node, found);
  }
  // The node has ended; what the checkers say of it is kept for Look.
  void Down(size_t node) {
    history.nodes[node].is_up = false;
    ++history.event;
    for (sim::Checker* checker : checks.all()) checker->OnNodeDown(history, node, found);
  }
  // "CHECKER NODE: TEXT", one for each violation.
  std::vector<std::string> Look() {
    ++history.event;
    for (sim::Checker* checker : checks.all()) checker->AtRest(history, found);
    return Said();
  }
  // The same of what was said since, without another look.
  std::vector<std::string> Said() {
    std::vector<std::string> lines;
    for (const sim::Violation& violation : found) {
      lines.push_back(violation.checker + " " + violation.node + ": " + violation.text);
    }
    found.clear();
    return lines;
  }
  // "NAME NODE"
  std::vector<std::string> Findings() const {
    std::vector<std::string> lines;
    for (const NamedFinding& finding : checks.findings()) {
      lines.push_back(finding.name + " " + finding.node);
    }
    return lines;
  }

  sim::History history;
  std::deque<Node> nodes;
  SimChecks checks;
  std::vector<sim::Violation> found;
  uint64_t index = 0;  // of the last entry
  std::map<std::string, uint64_t> sequences;

 private:
  uint32_t prefixes_ = 0xA0;
};

// 24 bytes that occur nowhere else, for each NUMBER.
inline std::string Secret(uint64_t number) { return disktruth::MakeCanary(number); }

}  // namespace atrest::simcheck
