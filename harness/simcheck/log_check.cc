#include "harness/simcheck/log_check.h"

#include <algorithm>

#include "harness/simcheck/snapshot_check.h"

namespace atrest::simcheck {
namespace {

constexpr char kRequirement[] = "K-raft-agree";

std::string Shown(uint64_t index, uint64_t term) {
  return "entry " + std::to_string(index) + " of term " + std::to_string(term);
}

// What has to be equal on all nodes.
Bytes Comparable(const LogRecord& record) {
  const ByteView plain = record.Plain();
  if (record.index == 1 && record.entry.type == disktruth::EntryType::kConfiguration) {
    if (const auto servers = disktruth::ReadConfiguration(plain)) {
      std::string all;
      for (const std::string& server : *servers) all += server + "\n";
      return ToBytes(all);
    }
  }
  return Bytes(plain.begin(), plain.end());
}

}  // namespace

void LogCheck::JudgeForm(size_t node, const LogRecord& record) {
  std::string wrong;
  if (!record.is_entry) {
    wrong = "cannot be read";
  } else if (record.entry.index != record.index) {
    wrong = "says that it is entry " + std::to_string(record.entry.index);
  } else if (record.entry.has_extensions) {
    wrong = "has extensions";
  } else if (!record.entry.at && record.index > 1) {
    wrong = "has no time, as the bootstrap entry alone";
  }
  if (wrong.empty() || LeewayNow(node).files_odd) return;
  Say(node, kRequirement, "raft.log, entry " + std::to_string(record.index) + ": " + wrong);
}

void LogCheck::OnEntry(size_t node, const LogRecord& record) {
  JudgeForm(node, record);
  // Whether it should open is another checker's question.
  if (!record.is_entry || (record.seal != nullptr && !record.seal->is_open())) return;
  Said now{node, record.entry.type, record.entry.at, Comparable(record)};
  const auto [found, is_first] =
      said_by_place_.try_emplace({record.index, record.entry.term}, std::move(now));
  if (is_first) return;
  const Said& first = found->second;
  const char* what = first.type != now.type             ? "type"
                     : !(first.at == now.at)            ? "time"
                     : first.data != Comparable(record) ? "data"
                                                        : nullptr;
  if (what == nullptr || MayDiffer(node, first.node)) return;
  Say(node, kRequirement,
      Shown(record.index, record.entry.term) + ": another " + what + " than on " +
          NameOf(first.node));
}

// Pages are written before the meta that reaches them: wherever a write ends, what the meta in
// force reaches is whole.
void LogCheck::JudgeFile(size_t node) {
  for (const disktruth::BoltDamage& damage : view_.node(node).log_damages) {
    if (damage.what.starts_with("meta ") || LeewayNow(node).files_odd) continue;
    Say(node, "K-raft-file", "raft.log at " + std::to_string(damage.offset) + ": " + damage.what);
  }
}

void LogCheck::JudgeGaps(size_t node) {
  const NodeView& view = view_.node(node);
  const SnapshotNow* newest = NewestSnapshot(view);
  const uint64_t covered = newest != nullptr ? newest->meta->index : 0;
  uint64_t expected = 1;
  for (const auto& [index, record] : view.log) {
    const uint64_t first_missing = std::max(expected, covered + 1);
    expected = index + 1;
    if (first_missing >= index || LeewayNow(node).files_odd) continue;
    Say(node, "K-raft-file",
        "raft.log lacks entries " + std::to_string(first_missing) + " to " +
            std::to_string(index - 1) + ", which no snapshot stands for");
  }
}

void LogCheck::JudgeNode(const sim::History& history, size_t node) {
  JudgeFile(node);
  JudgeGaps(node);
  const uint64_t applied = history.nodes[node].applied_index;
  const auto& log = view_.node(node).log;
  uint64_t& judged = judged_[node];
  if (applied < judged) judged = 0;  // it started again
  for (auto at = log.upper_bound(judged); at != log.end() && at->first <= applied; ++at) {
    const LogRecord& record = at->second;
    if (!record.is_entry) continue;
    const Committed now{node, record.entry.term};
    const auto [found, is_first] = committed_.try_emplace(at->first, now);
    if (is_first || found->second.term == now.term || MayDiffer(node, found->second.node)) continue;
    Say(node, kRequirement,
        Shown(at->first, now.term) + " was applied, and one of term " +
            std::to_string(found->second.term) + " by " + NameOf(found->second.node));
  }
  judged = std::max(judged, applied);
}

void LogCheck::JudgeRest(const sim::History& history) {
  std::map<uint64_t, Committed> all;
  for (size_t node = 0; node < view_.size(); ++node) {
    if (!history.nodes[node].is_up) continue;
    if (!view_.node(node).has_log && history.nodes[node].applied_index > 0) {
      Say(node, "K-raft-file",
          "no raft.log in " + history.nodes[node].raft_directory + " of a node that runs");
    }
    for (const auto& [index, record] : view_.node(node).log) {
      if (!record.is_entry) continue;
      const auto [found, is_first] = all.try_emplace(index, Committed{node, record.entry.term});
      if (is_first || found->second.term == record.entry.term) continue;
      if (MayDiffer(node, found->second.node)) continue;
      Say(node, kRequirement,
          Shown(index, record.entry.term) + " at rest, and one of term " +
              std::to_string(found->second.term) + " on " + NameOf(found->second.node));
    }
  }
}

}  // namespace atrest::simcheck
