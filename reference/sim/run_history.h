// What the simulator knows of a run and a checker may ask: which nodes there are, with their files
// and every key that each was ever given; what clients published, what was acknowledged to them,
// what they were delivered. Facts only, and nothing of files, whose contents are for the checker to
// read by itself; but for claims of the simulator that excuse something (forgotten, quorum_lost,
// restore_blocked), which checkers must confirm.
// Ownership: a History and all in it belong to the simulation and are valid during the call of a
// checker. Lists only grow, so that a checker may remember how far it has looked.
// Threads: one.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "reference/base/bytes.h"
#include "reference/env/env.h"

namespace atrest::sim {

// How a node was started.
struct NodeSettings {
  // False with a key: `encrypt: false` beside a key in the configuration file, which leaves the
  // Raft log in clear and the store sealed (bug-catalogue.md N1).
  bool encrypts = true;
  std::string cipher = "AES";  // "AES" or "CHACHA"
  std::string key;             // as configured; "" without encryption
  bool sync = false;           // -cluster_sync
  bool names_peers = true;     // -cluster_peers; without, a node that has no log asks to join
};

struct NodeStart {
  uint64_t event = 0;  // its number in the trace
  int64_t at_ns = 0;
  NodeSettings settings;
  uint64_t wipes = 0;  // how often the node had been wiped before
};

// A damaging fault that a node's files have had (fault_atlas.h); survivable ones are not listed.
struct NodeDamage {
  uint64_t event = 0;
  std::string fault;   // its name in the atlas
  uint64_t wipes = 0;  // how often the node had been wiped before
};

struct NodeHistory {
  std::string id;
  std::string store_directory;       // holds server.dat and the channels
  std::string raft_directory;        // holds raft.log and snapshots/
  env::FileSystem* files = nullptr;  // readable whether the node is up or not
  uint64_t wipes = 0;                // how often both directories were removed
  std::vector<NodeStart> starts;     // in order
  std::vector<NodeDamage> damages;   // in order
  bool is_up = false;
  bool is_leader = false;
  uint64_t applied_index = 0;
  std::optional<std::string> exit_text;  // why it ended by itself, if it did, since the last start
  int exit_code = 0;
  // When it last said that nobody gives it the messages that its snapshot stands for.
  std::optional<int64_t> cannot_restore_ns;

  // Whether a damage is on its files, or was since both directories were last removed.
  bool is_damaged() const { return !damages.empty() && damages.back().wipes == wipes; }
};

// A node began to lead in a term.
struct Led {
  size_t node = 0;
  uint64_t term = 0;
  uint64_t event = 0;
};

// A node was given a committed entry, of any type: all of them in order, but those that a snapshot
// stands for.
struct Applied {
  size_t node = 0;
  size_t start = 0;  // which of the node's starts, from 0
  uint64_t index = 0;
  uint64_t term = 0;
  uint8_t type = 0;
  uint64_t digest = 0;     // of the data; entries that are equal have equal ones
  uint8_t first_byte = 0;  // of the data; 0 where there is none
  uint64_t event = 0;
};

// A snapshot became a node's state, or is about to.
struct Restored {
  enum class Step {
    kAtStart,     // the node begins with its newest one
    kInstalling,  // a leader's has come, and will be stored
    kInstalled,   // and is all there
  };
  Step step = Step::kAtStart;
  size_t node = 0;
  size_t start = 0;  // which of the node's starts, from 0
  uint64_t index = 0;
  uint64_t term = 0;
  uint64_t event = 0;
};

// One for each guid, made before it is sent for the first time. There may be as many copies of it
// stored as there were attempts.
struct Published {
  std::string channel;
  std::string guid;
  Bytes payload;
  uint32_t attempts = 0;               // how often it was sent
  std::optional<int64_t> acked_at_ns;  // without error
};

// A channel of a snapshot that a node was installing when it went down, and passed over when it
// came up again (forgotten_channels.h).
struct ForgottenChannel {
  size_t node = 0;
  size_t start = 0;  // the one that passed over it, from 0
  std::string channel;
  uint64_t id = 0;       // that it has in the snapshot
  bool is_back = false;  // the node has applied an entry of it since
  // When an entry was first applied that the node proposed as a leader, of the channel under a
  // higher id, or under none.
  std::optional<int64_t> made_again_ns;
};

struct Delivered {
  std::string client_id;
  uint64_t subscription = 0;  // counts the subscribe requests of a run, resumed durables too
  std::string channel;
  uint64_t sequence = 0;
  bool redelivered = false;
  // Another number whenever leadership or the network changed: order is promised within one.
  uint64_t epoch = 0;
  Bytes payload;
  int64_t at_ns = 0;
};

struct History {
  std::string cluster_id;
  int64_t now_ns = 0;
  uint64_t event = 0;
  uint64_t epoch = 0;          // see Delivered
  uint64_t subscriptions = 0;  // how many there were
  std::vector<NodeHistory> nodes;
  std::vector<Led> led;
  std::vector<Applied> applied;
  std::vector<Restored> restored;
  std::vector<Published> published;  // what was sent, whatever became of it
  std::vector<Delivered> delivered;
  std::vector<ForgottenChannel> forgotten;
  // The client that subscribed to every channel from the first message on, when all faults were
  // over and messages have to be delivered again; "" if it did not come to that.
  std::string read_back;
  // Why nobody can be elected any more; "" while somebody can.
  std::string quorum_lost;
  // Nodes that stay behind a majority which works, since nobody can give them the messages that
  // their snapshot stands for.
  std::set<size_t> restore_blocked;

  // When CHANNEL was made again by a node that had forgotten it, for the last time.
  std::optional<int64_t> MadeAgain(const std::string& channel) const {
    std::optional<int64_t> latest;
    for (const ForgottenChannel& one : forgotten) {
      if (one.channel == channel && one.made_again_ns > latest) latest = one.made_again_ns;
    }
    return latest;
  }
  // Whether a node has had a damaging fault so far.
  bool IsDamaged() const {
    for (const NodeHistory& node : nodes) {
      if (!node.damages.empty()) return true;
    }
    return false;
  }
};

}  // namespace atrest::sim
