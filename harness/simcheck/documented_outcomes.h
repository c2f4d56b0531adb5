// What cluster.md section 3 documents for each damaging fault, as the checkers need it: which of
// their demands the outcome breaks, on the damaged node alone or wherever it spreads. One table; a
// checker asks LeewayOf and relaxes nothing else. A fault that the table does not know relaxes
// nothing, and is a violation by itself (outcome_check.h).
// Settings count as faults, too: starts without encryption, another key than before on the same
// files.
// Threads: pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "harness/simcheck/node_view.h"
#include "reference/sim/run_history.h"

namespace atrest::simcheck {

// What may be so, although it must not without a fault.
struct Leeway {
  bool acked_lost = false;        // acknowledged messages are nowhere
  bool unsent_stored = false;     // stored or delivered is what nobody sent
  bool gaps_stored = false;       // messages are missing, or empty in their place
  bool sequences_differ = false;  // a sequence has not the same message everywhere
  bool logs_differ = false;       // entries of one index and term
  bool clear_log = false;         // payloads are found in clear
  bool clear_store = false;
  bool clear_put_there = false;  // the same, in the log: those that the damage put there
  // Entries and records are in clear, or do not open, although a start with encryption wrote them:
  // those that were there when the node was damaged, and no later ones.
  bool broken_seals = false;
  bool foreign_seals = false;  // under keys that the node was never given, or under none
  bool files_odd = false;      // the form of pages, entries and records; never of another node's
  bool snapshots_odd = false;  // they do not fit their checksum or the store
  bool starts_end = false;     // the node ends at its start or while it runs
  bool restore_fails = false;  // nobody can give the node what its snapshot stands for

  void Add(const Leeway& other);
};

struct DocumentedOutcome {
  const char* fault;    // as the fault atlas or this table's own settings name it
  const char* section;  // of cluster.md
  const char* outcome;
  Leeway node;     // on the node that has the fault
  Leeway cluster;  // on every node
};

const std::vector<DocumentedOutcome>& DocumentedOutcomes();
const DocumentedOutcome* FindOutcome(const std::string& fault);

// The faults that NODE has had since both its directories were last removed: damages, and what its
// starts amount to.
std::vector<std::string> FaultsOf(const sim::History& history, size_t node, const NodeView& view);

// Whether what one of STARTS wrote was there when the node was damaged in a way that breaks seals.
// Of files that are looked at between a damage and the start after it (sim::Checker::OnLook).
bool WasThereAtDamage(const sim::NodeHistory& node, const NodeView& view, const StartSpan& starts);
// Whether the node has not been started since such a damage.
bool IsJustDamaged(const sim::NodeHistory& node, const NodeView& view);

// What spreads: allowed on every node, for the rest of the run.
Leeway ClusterLeeway(const sim::History& history);
// What is allowed on NODE, for its own faults and those that spread.
Leeway LeewayOf(const sim::History& history, size_t node, const NodeView& view);

}  // namespace atrest::simcheck
