#include "harness/simcheck/documented_outcomes.h"

#include <algorithm>

#include "harness/simcheck/cluster_view.h"

namespace atrest::simcheck {
namespace {

constexpr Leeway kNothing;

Leeway OtherLog() {
  Leeway leeway;
  leeway.logs_differ = true;
  leeway.gaps_stored = true;
  leeway.sequences_differ = true;
  return leeway;
}

Leeway AnyLog() {
  Leeway leeway = OtherLog();
  leeway.unsent_stored = true;
  return leeway;
}

Leeway RestoreFails() {
  Leeway leeway;
  leeway.restore_fails = true;
  return leeway;
}

Leeway DamagedLog() {
  Leeway leeway = AnyLog();
  leeway.restore_fails = true;
  return leeway;
}

Leeway BitFlip() {
  Leeway leeway = AnyLog();
  // A code byte that is neither 1 nor 2 is read as plaintext.
  leeway.broken_seals = true;
  leeway.files_odd = true;
  leeway.snapshots_odd = true;
  leeway.starts_end = true;
  return leeway;
}

// What is read in the place of something else may be written on.
Leeway Misdirected() {
  Leeway leeway = BitFlip();
  leeway.foreign_seals = true;
  return leeway;
}

Leeway Swapped() {
  Leeway leeway = OtherLog();
  leeway.foreign_seals = true;
  leeway.starts_end = true;
  return leeway;
}

Leeway RolledBack() {
  Leeway leeway = OtherLog();
  // What had been compacted away is there again, sealed as it was then.
  leeway.foreign_seals = true;
  leeway.snapshots_odd = true;
  leeway.starts_end = true;
  return leeway;
}

Leeway Lost() {
  Leeway leeway = OtherLog();
  leeway.acked_lost = true;
  return leeway;
}

Leeway LostAndNotGiven() {
  Leeway leeway = Lost();
  leeway.restore_fails = true;
  return leeway;
}

Leeway Clear() {
  Leeway leeway;
  leeway.clear_log = true;
  leeway.clear_store = true;
  return leeway;
}

// Sealed Commands that are read without a key are passed on as they are, and do nothing: what they
// stood for is missing where they were not applied before.
Leeway CiphertextAsOperations() {
  Leeway leeway;
  leeway.foreign_seals = true;
  leeway.gaps_stored = true;
  leeway.sequences_differ = true;
  leeway.acked_lost = true;
  return leeway;
}

Leeway ClearLog() {
  Leeway leeway;
  leeway.clear_log = true;
  return leeway;
}

Leeway Forged() {
  Leeway leeway = AnyLog();
  leeway.clear_put_there = true;
  leeway.broken_seals = true;
  leeway.starts_end = true;
  return leeway;
}

std::vector<DocumentedOutcome> MakeTable() {
  return {
      {"wrong_key", "3d, 3e",
       "exit 1 or 2 where a Command would be read; else it takes part and mixes keys", kNothing,
       RestoreFails()},
      {"encryption_off", "3b, 3f",
       "starts; ciphertext is delivered and passed on, new contents are in clear", Clear(),
       CiphertextAsOperations()},
      {"not_encrypted", "3b, N15", "takes part as any other; its contents are in clear", Clear(),
       kNothing},
      {"plain_before", "3b, 3k",
       "what was in clear stays so; messages that look sealed cannot be given to others", Clear(),
       RestoreFails()},
      {"log_removed", "3j", "exit 1 where the store is kept", kNothing, kNothing},
      {"plain_log", "1.6, N1", "the store is sealed, the Raft log is not", ClearLog(), kNothing},
      {"log_encryption_off", "1.6, 3f, N1",
       "the same, and what was sealed in the log before is read and passed on as it is", ClearLog(),
       CiphertextAsOperations()},
      {"bit_flip", "3g",
       "exit 2 within a sealed entry, exit 1 in the last; elsewhere skipped or no effect",
       BitFlip(), DamagedLog()},
      {"misdirected_read", "3g", "an entry in the place of another is accepted", Misdirected(),
       DamagedLog()},
      {"swapped_log", "3g", "accepted under one key, else as a wrong key", Swapped(), Lost()},
      {"rolled_back_log", "3g", "accepted; what came later is gone without a word", RolledBack(),
       Lost()},
      {"restored_directory", "3g", "accepted; what came later is gone without a word", RolledBack(),
       Lost()},
      {"lost_unsynced", "3i, 6", "without -cluster_sync nothing is on disk for certain", BitFlip(),
       LostAndNotGiven()},
      {"forged_operation", "3g", "accepted and delivered, without any key", Forged(), AnyLog()},
  };
}

// Files begin anew where a node is wiped, and it may then have any key.
bool HasAnotherKey(const sim::NodeHistory& node, size_t first_start) {
  std::string key;
  for (size_t at = first_start; at < node.starts.size(); ++at) {
    const bool is_wiped = at > 0 && node.starts[at].wipes != node.starts[at - 1].wipes;
    if (is_wiped) key.clear();
    const std::string& now = node.starts[at].settings.key;
    if (!key.empty() && !now.empty() && now != key) return true;
    if (!now.empty()) key = now;
  }
  return false;
}

}  // namespace

void Leeway::Add(const Leeway& other) {
  acked_lost = acked_lost || other.acked_lost;
  unsent_stored = unsent_stored || other.unsent_stored;
  gaps_stored = gaps_stored || other.gaps_stored;
  sequences_differ = sequences_differ || other.sequences_differ;
  logs_differ = logs_differ || other.logs_differ;
  clear_log = clear_log || other.clear_log;
  clear_store = clear_store || other.clear_store;
  clear_put_there = clear_put_there || other.clear_put_there;
  broken_seals = broken_seals || other.broken_seals;
  foreign_seals = foreign_seals || other.foreign_seals;
  files_odd = files_odd || other.files_odd;
  snapshots_odd = snapshots_odd || other.snapshots_odd;
  starts_end = starts_end || other.starts_end;
  restore_fails = restore_fails || other.restore_fails;
}

const std::vector<DocumentedOutcome>& DocumentedOutcomes() {
  static const std::vector<DocumentedOutcome> kTable = MakeTable();
  return kTable;
}

const DocumentedOutcome* FindOutcome(const std::string& fault) {
  const auto& table = DocumentedOutcomes();
  const auto found = std::ranges::find_if(
      table, [&](const DocumentedOutcome& outcome) { return fault == outcome.fault; });
  return found != table.end() ? &*found : nullptr;
}

std::vector<std::string> FaultsOf(const sim::History& history, size_t number,
                                  const NodeView& view) {
  const sim::NodeHistory& node = history.nodes[number];
  std::vector<std::string> faults;
  for (size_t at = view.first_damage; at < node.damages.size(); ++at) {
    faults.push_back(node.damages[at].fault);
  }
  bool has_sealed = false;
  bool has_sealed_log = false;
  for (size_t at = view.first_start; at < node.starts.size(); ++at) {
    const sim::NodeSettings& settings = node.starts[at].settings;
    if (!SealsStore(settings)) faults.emplace_back(has_sealed ? "encryption_off" : "not_encrypted");
    if (!SealsLog(settings) && SealsStore(settings)) {
      faults.emplace_back(has_sealed_log ? "log_encryption_off" : "plain_log");
    }
    has_sealed = has_sealed || SealsStore(settings);
    has_sealed_log = has_sealed_log || SealsLog(settings);
  }
  if (HasAnotherKey(node, view.first_start)) faults.emplace_back("wrong_key");
  std::ranges::sort(faults);
  faults.erase(std::unique(faults.begin(), faults.end()), faults.end());
  return faults;
}

bool WasThereAtDamage(const sim::NodeHistory& node, const NodeView& view, const StartSpan& starts) {
  if (starts.first >= node.starts.size()) return false;
  for (size_t at = view.first_damage; at < node.damages.size(); ++at) {
    const auto* outcome = FindOutcome(node.damages[at].fault);
    if (outcome == nullptr || !outcome->node.broken_seals) continue;
    if (node.starts[starts.first].event <= node.damages[at].event) return true;
  }
  return false;
}

bool IsJustDamaged(const sim::NodeHistory& node, const NodeView& view) {
  if (node.starts.empty()) return false;
  const size_t last = node.starts.size() - 1;
  return WasThereAtDamage(node, view, {last, last});
}

// What spreads is not undone where the node that it came from is wiped.
Leeway ClusterLeeway(const sim::History& history) {
  Leeway leeway;
  const NodeView whole_run;
  for (size_t node = 0; node < history.nodes.size(); ++node) {
    for (const std::string& fault : FaultsOf(history, node, whole_run)) {
      if (const auto* outcome = FindOutcome(fault)) leeway.Add(outcome->cluster);
    }
  }
  return leeway;
}

Leeway LeewayOf(const sim::History& history, size_t node, const NodeView& view) {
  Leeway leeway = ClusterLeeway(history);
  for (const std::string& fault : FaultsOf(history, node, view)) {
    if (const auto* outcome = FindOutcome(fault)) leeway.Add(outcome->node);
  }
  return leeway;
}

}  // namespace atrest::simcheck
