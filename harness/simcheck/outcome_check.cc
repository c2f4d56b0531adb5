#include "harness/simcheck/outcome_check.h"

#include <algorithm>
#include <string_view>

#include "harness/simcheck/snapshot_check.h"

namespace atrest::simcheck {
namespace {

constexpr char kRequirement[] = "K-node-start";
constexpr char kHeals[] = "K-cluster-heals";

// Why RECORD cannot be read with KEY; "" if it can.
std::string Unreadable(const LogRecord& record, KeyId key) {
  if (record.seal == nullptr) return "";
  if (record.is_sealed() && record.seal->keys[0] == key) return "";
  return disktruth::CipherOf(record.seal->code) == std::string("CHACHA")
             ? "chacha20poly1305: message authentication failed"
             : "cipher: message authentication failed";
}

// The messages before the one that it applies are missing, and the leader did not give them.
bool AskedInVain(const std::string& text) {
  return text.starts_with("panic: failed to store replicated message ") &&
         (text.ends_with(": nats: timeout") ||
          text.ends_with(": nats: no responders available for request"));
}

// How a start ends over files that a damage changed (cluster.md 3g, standalone.md 1.8): by what is
// read first. Anything else is no outcome of a damage.
bool IsEndOfDamage(const std::string& text) {
  constexpr std::string_view kBegins[] = {"unable to recover ",
                                          "failed to get last log at index ",
                                          "failed to restore snapshot",
                                          "failed to load any existing snapshots",
                                          "panic: cipher: ",
                                          "panic: chacha20poly1305: ",
                                          "panic: msgpack ",
                                          "panic: failed to decode ",
                                          "panic: EOF",
                                          "panic: freepages: ",
                                          "panic: assertion failed: ",
                                          "panic: unrecognized log type",
                                          "panic: log not found",
                                          "panic: page ",
                                          "panic: invalid freelist",
                                          "invalid database",
                                          "checksum error",
                                          "file size too small",
                                          "panic: trying to decrypt ",
                                          "panic: unexpected "};
  return std::ranges::any_of(kBegins, [&](std::string_view one) { return text.starts_with(one); });
}

uint64_t CoveredBy(const NodeView& view) {
  const SnapshotNow* newest = NewestSnapshot(view);
  return newest != nullptr ? newest->meta->index : 0;
}

// The first entry behind the newest snapshot that existed before start BEFORE and cannot be read.
const LogRecord* FirstUnreadable(const NodeView& view, KeyId key, size_t before) {
  for (auto at = view.log.upper_bound(CoveredBy(view)); at != view.log.end(); ++at) {
    const LogRecord& record = at->second;
    if (record.starts.last < before && !Unreadable(record, key).empty()) return &record;
  }
  return nullptr;
}

}  // namespace

std::optional<StartEnd> PredictStart(const NodeView& view, const sim::NodeSettings& settings,
                                     KeyId key) {
  if (view.log.empty()) {
    const bool is_new = view.snapshots.empty() && !view.has_votes;
    if (!is_new || !view.has_server_record) return std::nullopt;
    return StartEnd{1, "streaming state was recovered but cluster log path"};
  }
  if (!SealsLog(settings)) return std::nullopt;
  const LogRecord& last = view.log.rbegin()->second;
  const std::string why_last = Unreadable(last, key);
  if (!why_last.empty()) {
    return StartEnd{
        1, "failed to get last log at index " + std::to_string(last.index) + ": " + why_last};
  }
  const LogRecord* first = FirstUnreadable(view, key, SIZE_MAX);
  if (first == nullptr) return std::nullopt;
  return StartEnd{2, Unreadable(*first, key)};
}

void OutcomeCheck::JudgeEnd(const sim::NodeHistory& node, size_t number) {
  const sim::NodeSettings& settings = node.starts.back().settings;
  const std::string& text = *node.exit_text;
  const auto expected = PredictStart(view_.node(number), settings, view_.keys().Add(settings.key));
  if (!expected) {
    if (LeewayNow(number).starts_end && IsEndOfDamage(text)) return;
    // Nobody led who could have given it the messages of a snapshot (3j); it may start again.
    if (text.ends_with("unable to restore messages, aborting")) return;
    if (LeewayNow(number).gaps_stored && AskedInVain(text)) return;
    // Nobody led for as long as it asked to be let in (3j).
    if (!settings.names_peers && text.starts_with("failed to join Raft group ")) return;
    // The real server does not start either where it was ended between making a file and writing
    // its version; the cure is to wipe the node (3d).
    const bool is_begun = text.find("unable to verify file version") != std::string::npos;
    if (is_begun && view_.node(number).has_begun_file) return;
    Say(number, kRequirement, "the node ended by itself: " + text);
    return;
  }
  if (node.exit_code == expected->exit_code && text.find(expected->text) != std::string::npos) {
    return;
  }
  // The store is opened before the log.
  if (LeewayNow(number).starts_end && text.starts_with("unable to recover")) return;
  Say(number, kRequirement,
      "exit " + std::to_string(node.exit_code) + ", " + text + "; its files call for exit " +
          std::to_string(expected->exit_code) + ", " + expected->text);
}

bool OutcomeCheck::HasApplied(const sim::History& history, size_t number, size_t start) {
  const auto of_start = [&](const sim::Applied& applied) {
    return applied.node == number && applied.start == start;
  };
  return std::any_of(history.applied.rbegin(), history.applied.rend(), of_start);
}

// The node took part although an entry that it has had to read at its start does not open.
void OutcomeCheck::JudgeStarted(const sim::History& history, size_t number) {
  const sim::NodeHistory& node = history.nodes[number];
  const sim::NodeSettings& settings = node.starts.back().settings;
  const size_t start = node.starts.size() - 1;
  if (!HasApplied(history, number, start) || !SealsLog(settings)) return;
  const LogRecord* unreadable =
      FirstUnreadable(view_.node(number), view_.keys().Add(settings.key), start);
  if (unreadable == nullptr) return;
  Say(number, kRequirement,
      "the node took part, although entry " + std::to_string(unreadable->index) +
          " does not open under its key");
}

void OutcomeCheck::JudgeNode(const sim::History& history, size_t number) {
  const sim::NodeHistory& node = history.nodes[number];
  for (const sim::NodeDamage& damage : node.damages) {
    if (FindOutcome(damage.fault) == nullptr) {
      Say(number, kRequirement, "the fault " + damage.fault + " has no documented outcome");
    }
  }
  if (node.starts.empty()) return;
  if (node.exit_text) {
    JudgeEnd(node, number);
  } else {
    JudgeStarted(history, number);
  }
}

bool OutcomeCheck::MustEnd(const sim::NodeHistory& node, size_t number) {
  if (!node.exit_text || node.starts.empty()) return false;
  const sim::NodeSettings& settings = node.starts.back().settings;
  return PredictStart(view_.node(number), settings, view_.keys().Add(settings.key)).has_value();
}

// Whether a node has applied entries since it was damaged: before, nothing of it can have spread.
bool OutcomeCheck::HasSpread(const sim::History& history) {
  return std::ranges::any_of(history.applied, [&](const sim::Applied& applied) {
    const auto& damages = history.nodes[applied.node].damages;
    return !damages.empty() && applied.event > damages.front().event;
  });
}

void OutcomeCheck::JudgeRest(const sim::History& history) {
  const bool has_spread = HasSpread(history);
  const auto may_wait = [&](size_t node) {
    return has_spread && LeewayNow(node).restore_fails &&
           history.nodes[node].cannot_restore_ns.has_value();
  };
  for (const size_t node : history.restore_blocked) {
    if (may_wait(node)) continue;
    Say(node, kHeals,
        "the node stays behind, since nobody gives it the messages of its snapshot; no fault of "
        "this run makes them unreadable");
  }
  if (!history.quorum_lost.empty()) JudgeQuorum(history, may_wait);
}

// One is down for a documented reason, or cannot be given its snapshot's messages; others wait for
// a leader to give them theirs, or to let them in.
void OutcomeCheck::JudgeQuorum(const sim::History& history,
                               const std::function<bool(size_t)>& may_wait) {
  bool has_reason = false;
  for (size_t node = 0; node < history.nodes.size(); ++node) {
    const sim::NodeHistory& one = history.nodes[node];
    if (one.is_up && !one.cannot_restore_ns) continue;
    const bool must_end = one.is_damaged() && (LeewayNow(node).starts_end || MustEnd(one, node));
    has_reason = has_reason || must_end || may_wait(node);
    const bool is_outside = !one.starts.empty() && !one.starts.back().settings.names_peers;
    if (must_end || one.cannot_restore_ns || is_outside) continue;
    Say(node, kHeals, "the node is down for no reason, and nobody can be elected for want of it");
  }
  if (has_reason) return;
  Say(kCluster, kHeals, "nobody can be elected, and no fault of this run has that outcome");
}

}  // namespace atrest::simcheck
