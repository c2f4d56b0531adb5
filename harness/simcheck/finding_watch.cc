#include "harness/simcheck/finding_watch.h"

#include <algorithm>

namespace atrest::simcheck {
namespace {

std::string EntryName(const LogRecord& record) {
  return "raft.log, entry " + std::to_string(record.index);
}

std::string MessageName(const std::string& channel, uint64_t sequence) {
  return "channel " + channel + ", sequence " + std::to_string(sequence);
}

bool IsPlainOperation(const LogRecord& record) {
  return record.is_command() && record.seal == nullptr && record.is_operation;
}

// The settings that the node runs with, or ran last.
const sim::NodeSettings* LatestOf(const sim::NodeHistory& node) {
  return node.starts.empty() ? nullptr : &node.starts.back().settings;
}

const MessageNow* StoredOf(const NodeView& view, const std::string& channel, uint64_t sequence) {
  const auto found = view.channels.find(channel);
  if (found == view.channels.end()) return nullptr;
  const auto message = found->second.find(sequence);
  return message != found->second.end() ? &message->second : nullptr;
}

}  // namespace

const std::vector<std::string>& FindingNames() {
  static const std::vector<std::string> kNames = {"N1",
                                                  "N15",
                                                  "forged-operation",
                                                  "plaintext-residue",
                                                  "double-encryption",
                                                  "mixed-keys",
                                                  "forgotten-channel",
                                                  "quorum-lost",
                                                  "restore-blocked"};
  return kNames;
}

void FindingWatch::Find(const char* name, size_t node, std::string evidence) {
  if (!found_.insert({name, node}).second) return;
  const sim::History& history = view_.history();
  findings_.push_back({name, history.nodes[node].id, std::move(evidence), history.event});
}

void FindingWatch::JudgeNode(const sim::History& history, size_t node) {
  if (!IsFound("N1", node)) FindPlainLog(history, node);
  if (!IsFound("N15", node)) FindUnencrypted(history, node);
  if (!IsFound("forged-operation", node)) FindForged(history, node);
  if (!IsFound("plaintext-residue", node)) FindResidue(history, node);
  if (!IsFound("double-encryption", node)) FindDoubled(node);
  if (!IsFound("mixed-keys", node)) FindMixedKeys(node);
  if (!IsFound("forgotten-channel", node)) FindForgotten(history, node);
}

// One start wrote an operation in clear and its message sealed. Entries that are replayed into an
// empty store have an earlier start than their messages.
void FindingWatch::FindPlainLog(const sim::History& history, size_t node) {
  const NodeView& view = view_.node(node);
  const auto faults = FaultsOf(history, node, view);
  if (std::ranges::find(faults, "forged_operation") != faults.end()) return;
  for (const auto& [index, record] : view.log) {
    if (!IsPlainOperation(record) || record.starts.first != record.starts.last) continue;
    for (const auto& [channel, message] : record.messages) {
      const MessageNow* stored = StoredOf(view, channel, message.sequence);
      if (stored == nullptr || stored->seal == nullptr || !stored->seal->is_open()) continue;
      const StartSpan& sealed = stored->starts;
      const bool is_sent = view_.payloads().Count(message.payload).sent > 0;
      if (!is_sent || stored->payload != message.payload || sealed.first != record.starts.first ||
          sealed.last != record.starts.last) {
        continue;
      }
      return Find("N1", node,
                  EntryName(record) + ": in clear; " + MessageName(channel, message.sequence) +
                      ": sealed under " + view_.keys().Name(stored->seal->keys[0]));
    }
  }
}

void FindingWatch::FindUnencrypted(const sim::History& history, size_t node) {
  const auto* latest = LatestOf(history.nodes[node]);
  if (latest == nullptr || SealsStore(*latest)) return;
  const auto seals = [](const sim::NodeHistory& other) {
    const auto* settings = LatestOf(other);
    return settings != nullptr && SealsStore(*settings);
  };
  const auto other = std::ranges::find_if(history.nodes, seals);
  if (other == history.nodes.end()) return;
  const NodeView& view = view_.node(node);
  for (const auto& [index, record] : view.log) {
    if (!IsPlainOperation(record) || record.starts.last + 1 != history.nodes[node].starts.size()) {
      continue;
    }
    for (const auto& [channel, message] : record.messages) {
      const MessageNow* stored = StoredOf(view, channel, message.sequence);
      if (stored == nullptr || stored->seal != nullptr) continue;
      return Find("N15", node,
                  EntryName(record) + " and " + MessageName(channel, message.sequence) +
                      ": in clear, while node " + other->id + " encrypts");
    }
  }
}

std::string FindingWatch::AcceptedWhere(const sim::History& history, const std::string& channel,
                                        const MessageNow& message) {
  for (size_t node = 0; node < view_.size(); ++node) {
    const MessageNow* stored = StoredOf(view_.node(node), channel, message.sequence);
    if (stored != nullptr && stored->payload == message.payload) return "stored by " + NameOf(node);
  }
  for (const sim::Delivered& delivered : history.delivered) {
    if (delivered.sequence != message.sequence || delivered.channel != channel) continue;
    if (view_.payloads().Of(channel, delivered.payload) == message.payload) {
      return "delivered to " + delivered.client_id;
    }
  }
  return "";
}

void FindingWatch::FindForged(const sim::History& history, size_t node) {
  const auto* latest = LatestOf(history.nodes[node]);
  if (latest == nullptr || !SealsLog(*latest)) return;
  for (const auto& [index, record] : view_.node(node).log) {
    if (!IsPlainOperation(record)) continue;
    for (const auto& [channel, message] : record.messages) {
      if (view_.payloads().Count(message.payload).sent > 0) continue;
      const std::string where = AcceptedWhere(history, channel, message);
      if (where.empty()) continue;
      return Find("forged-operation", node,
                  EntryName(record) + ": in clear, " + MessageName(channel, message.sequence) +
                      " that nobody sent, " + where);
    }
  }
}

void FindingWatch::FindResidue(const sim::History& history, size_t node) {
  const auto* latest = LatestOf(history.nodes[node]);
  const auto& lingering = view_.node(node).lingering;
  if (latest == nullptr || !SealsLog(*latest) || lingering.empty()) return;
  const auto& starts = history.nodes[node].starts;
  const bool had_plain = std::any_of(
      starts.begin() + static_cast<std::ptrdiff_t>(view_.node(node).first_start), starts.end(),
      [](const sim::NodeStart& start) { return !SealsLog(start.settings); });
  if (!had_plain) return;
  Find("plaintext-residue", node,
       "raft.log at " + std::to_string(lingering[0].offset) + ", a free page: entry " +
           std::to_string(lingering[0].index) + " in clear, one of " +
           std::to_string(lingering.size()));
}

void FindingWatch::FindDoubled(size_t node) {
  const auto is_doubled = [](const Seal* seal) { return seal != nullptr && seal->keys.size() > 1; };
  const auto keys = [&](const Seal& seal) {
    return view_.keys().Name(seal.keys[0]) + ", and within under " +
           view_.keys().Name(seal.keys[1]);
  };
  for (const auto& [index, record] : view_.node(node).log) {
    if (!is_doubled(record.seal)) continue;
    return Find("double-encryption", node,
                EntryName(record) + ": sealed under " + keys(*record.seal));
  }
  for (const auto& [channel, messages] : view_.node(node).channels) {
    for (const auto& [sequence, message] : messages) {
      if (!is_doubled(message.seal)) continue;
      return Find("double-encryption", node,
                  MessageName(channel, sequence) + ": sealed under " + keys(*message.seal));
    }
  }
}

void FindingWatch::FindMixedKeys(size_t node) {
  const NodeView& view = view_.node(node);
  if (view.snapshots.empty()) return;
  for (const auto& [channel, messages] : view.channels) {
    const Seal* first = nullptr;
    for (const auto& [sequence, message] : messages) {
      if (message.seal == nullptr || !message.seal->is_open()) continue;
      if (first == nullptr) first = message.seal;
      if (first->keys[0] == message.seal->keys[0]) continue;
      return Find("mixed-keys", node,
                  MessageName(channel, sequence) + ": sealed under " +
                      view_.keys().Name(message.seal->keys[0]) + ", others before it under " +
                      view_.keys().Name(first->keys[0]) + "; snapshot " +
                      view.snapshots.rbegin()->first);
    }
  }
}

void FindingWatch::JudgeRest(const sim::History& history) {
  for (const size_t node : history.restore_blocked) {
    Find("restore-blocked", node,
         "said \"unable to restore messages\" after all faults had ended, and stays behind");
  }
  if (history.quorum_lost.empty()) return;
  const auto damaged = std::ranges::find_if(
      history.nodes, [](const sim::NodeHistory& node) { return !node.damages.empty(); });
  if (damaged == history.nodes.end()) return;
  const auto node = static_cast<size_t>(damaged - history.nodes.begin());
  if (!IsFound("quorum-lost", node)) Find("quorum-lost", node, history.quorum_lost);
}

void FindingWatch::FindForgotten(const sim::History& history, size_t node) {
  for (const sim::ForgottenChannel& forgotten : history.forgotten) {
    if (forgotten.node != node || !forgotten.made_again_ns) continue;
    if (!view_.forgotten().WhyNot(history, forgotten).empty()) continue;
    return Find("forgotten-channel", node,
                "channel " + forgotten.channel + ", id " + std::to_string(forgotten.id) +
                    ", forgotten within the installing of a snapshot, and made again by this node "
                    "as a leader: what was in it is not delivered any more");
  }
}

}  // namespace atrest::simcheck
