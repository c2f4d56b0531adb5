#include "reference/sim/fault_atlas.h"

#include <algorithm>
#include <array>

#include "reference/base/check.h"

namespace atrest::sim {
namespace {

constexpr std::array kAtlas = {
    AtlasEntry{FaultKind::kKill, "kill", true, "the process is killed between two events", ""},
    AtlasEntry{FaultKind::kKillInWrite, "kill_in_write", true,
               "the process is killed at any change of its disk: before it, after it, or with a "
               "part of the write done; within the installing of a snapshot that may cost whole "
               "channels, and nothing else (finding forgotten-channel)",
               ""},
    AtlasEntry{FaultKind::kKillInSnapshot, "kill_in_snapshot", true,
               "the process is killed at any change of its snapshots, which kill_in_write seldom "
               "meets",
               ""},
    AtlasEntry{FaultKind::kStop, "stop", true, "SIGTERM, and a new start", ""},
    AtlasEntry{FaultKind::kAllDown, "all_down", true, "all processes are killed at once (3h)", ""},
    AtlasEntry{FaultKind::kPowerLoss, "power_loss", true,
               "the machine stops and loses what was not synced; all nodes run with -cluster_sync",
               ""},
    AtlasEntry{FaultKind::kWipe, "wipe", true,
               "both directories of one node are removed; it has caught up before the next is "
               "(3j)",
               ""},
    AtlasEntry{FaultKind::kJoin, "join", true,
               "a node that is wiped names no peers when it comes back, and asks to be let in (3j)",
               ""},
    AtlasEntry{FaultKind::kCipherSwitch, "cipher_switch", true,
               "a node starts with the other cipher (3c)", ""},
    AtlasEntry{FaultKind::kOwnKeys, "own_keys", true,
               "each node has a key of its own, and another one after a wipe (3a)", ""},
    AtlasEntry{FaultKind::kLoss, "loss", true, "messages between nodes get lost", ""},
    AtlasEntry{FaultKind::kDuplicate, "duplicate", true, "messages between nodes come twice", ""},
    AtlasEntry{FaultKind::kReorder, "reorder", true, "messages between nodes overtake others", ""},
    AtlasEntry{FaultKind::kDelay, "delay", true, "everything takes up to 100 times as long", ""},
    AtlasEntry{FaultKind::kPartition, "partition", true,
               "nodes and clients are divided into two groups that do not hear of each other", ""},
    AtlasEntry{FaultKind::kOneWayCut, "one_way_cut", true, "one node does not hear another", ""},
    AtlasEntry{FaultKind::kWrongKey, "wrong_key", false, "a node starts with another key",
               "3d: exit 1 or 2 by what its log ends in; behind a snapshot it starts and mixes "
               "keys; nothing is lost while it is down"},
    AtlasEntry{FaultKind::kEncryptionOff, "encryption_off", false,
               "a node starts without encryption",
               "3f: starts without a word; as leader it delivers ciphertext, and brings followers "
               "up that then hold it sealed twice"},
    AtlasEntry{FaultKind::kPlainBefore, "plain_before", false,
               "the cluster ran without encryption first",
               "3b, 3k: old entries and messages stay in clear; those that begin with 01 or 02 "
               "block their channel",
               Heals::kAgreement},
    AtlasEntry{
        FaultKind::kPlainLog, "plain_log", false,
        "encrypt: false beside encryption_key in the configuration file",
        "1.6, bug-catalogue.md N1: the store is sealed, the Raft log holds payloads in clear"},
    AtlasEntry{FaultKind::kBitFlip, "bit_flip", false,
               "one bit of a stopped node's Raft log or messages is another one",
               "3g: exit 1 or 2, or starts with an operation skipped; in the store the message is "
               "not delivered"},
    AtlasEntry{FaultKind::kMisdirectedRead, "misdirected_read", false,
               "a block of the Raft log reads as another block of it",
               "3g: does not start, or serves what is committed"},
    AtlasEntry{FaultKind::kSwappedLog, "swapped_log", false,
               "two stopped nodes have each other's Raft log",
               "3g: accepted under one key, where the cluster works; else as a wrong key on both"},
    AtlasEntry{FaultKind::kRolledBackLog, "rolled_back_log", false,
               "a stopped node has an older copy of its Raft log",
               "3g: accepted; what it had promised, as votes, is forgotten", Heals::kNothing},
    AtlasEntry{FaultKind::kForgedOperation, "forged_operation", false,
               "an operation in clear stands in the place of a sealed one",
               "3g: accepted, and delivered where the store has to be rebuilt"},
    AtlasEntry{FaultKind::kLogRemoved, "log_removed", false,
               "a node's Raft directory is removed and its store is kept",
               "3j: exit 1 streaming state was recovered but cluster log path is empty"},
    AtlasEntry{FaultKind::kLostUnsynced, "lost_unsynced", false,
               "the machine loses what was not synced, without -cluster_sync",
               "3i: nothing is promised; the node may be rolled back or not start",
               Heals::kNothing},
    AtlasEntry{FaultKind::kTornStore, "torn_store", false,
               "the process is killed within a write of its message store, a part of which is done",
               "standalone.md 1.8: starts, or does not and says which file it cannot recover"},
};

}  // namespace

std::span<const AtlasEntry> FaultAtlas() { return kAtlas; }

const AtlasEntry& EntryOf(FaultKind kind) {
  const auto found = std::ranges::find(kAtlas, kind, &AtlasEntry::kind);
  ATREST_CHECK(found != kAtlas.end());
  return *found;
}

Result<FaultSet> ParseFaults(const std::string& list) {
  FaultSet faults;
  if (list.empty() || list == "none") return faults;
  for (size_t begin = 0; begin <= list.size();) {
    const size_t end = std::min(list.find(',', begin), list.size());
    const std::string name = list.substr(begin, end - begin);
    const auto found = std::ranges::find(kAtlas, name, &AtlasEntry::name);
    if (found == kAtlas.end()) return Status(Code::kInvalid, "no fault is called \"" + name + "\"");
    faults.insert(found->kind);
    begin = end + 1;
  }
  return faults;
}

std::string FaultsText(const FaultSet& faults) {
  std::string text;
  for (const AtlasEntry& entry : kAtlas) {
    if (!faults.contains(entry.kind)) continue;
    if (!text.empty()) text += ",";
    text += entry.name;
  }
  return text.empty() ? "none" : text;
}

Heals HealsAfter(const FaultSet& faults) {
  Heals least = Heals::kDelivery;
  for (const FaultKind kind : faults) least = std::min(least, EntryOf(kind).heals);
  return least;
}

bool IsSurvivable(const FaultSet& faults) {
  return std::ranges::all_of(faults, [](FaultKind kind) { return EntryOf(kind).survivable; });
}

}  // namespace atrest::sim
