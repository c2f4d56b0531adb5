#include "harness/simcheck/stored_check.h"

namespace atrest::simcheck {
namespace {

constexpr char kSent[] = "K-stored-sent";
constexpr char kAgree[] = "K-nodes-agree";
constexpr char kFaithful[] = "H-faithful";

std::string Shown(const std::string& channel, uint64_t sequence) {
  return "channel " + channel + ", sequence " + std::to_string(sequence);
}

std::string Shown(const std::vector<uint64_t>& sequences) {
  const std::string count = std::to_string(sequences.size()) + " messages";
  if (sequences.empty()) return count;
  return count + " (" + std::to_string(sequences.front()) + " to " +
         std::to_string(sequences.back()) + ")";
}

}  // namespace

void StoredCheck::OnEntry(size_t node, const LogRecord& record) {
  for (const auto& [channel, message] : record.messages) {
    JudgeSent(node, message,
              "raft.log, entry " + std::to_string(record.index) + ", " +
                  Shown(channel, message.sequence));
  }
}

void StoredCheck::OnStored(size_t node, const std::string& channel, const MessageNow& message) {
  // Whether it should open is another checker's question. In clear it may look like this.
  const bool is_closed = message.seal != nullptr && !message.seal->is_open();
  const bool is_sent = view_.payloads().Count(message.payload).sent > 0;
  if (is_closed && !is_sent) return;
  const std::string where = Shown(channel, message.sequence);
  JudgeSent(node, message, where);
  JudgeCopies(node, message, where);
  JudgeSame(node, channel, message);
}

// What a write may have left that was not finished, is no stray.
void StoredCheck::OnStray(size_t node, const std::string& channel, const disktruth::Stray& stray) {
  using Kind = disktruth::Stray::Kind;
  if (stray.kind == Kind::kTorn || stray.kind == Kind::kPadding || stray.kind == Kind::kVersion ||
      stray.kind == Kind::kGarbage) {
    return;
  }
  if (LeewayNow(node).files_odd) return;
  Say(node, "K-record-form",
      "channel " + channel + ", msgs.dat at " + std::to_string(stray.offset) + ": " + stray.what);
}

void StoredCheck::JudgeSent(size_t node, const MessageNow& message, const std::string& where) {
  if (view_.payloads().Count(message.payload).sent > 0) return;
  const Leeway leeway = LeewayNow(node);
  if (message.size == 0 ? leeway.gaps_stored : leeway.unsent_stored) return;
  Say(node, kSent, where + ": " + std::to_string(message.size) + " bytes that nobody sent");
}

void StoredCheck::JudgeCopies(size_t node, const MessageNow& message, const std::string& where) {
  auto& sequences = sequences_[message.payload];
  sequences.insert(message.sequence);
  const uint64_t sent = view_.payloads().Count(message.payload).sent;
  if (sent == 0 || sequences.size() <= sent || LeewayNow(node).sequences_differ) return;
  Say(node, kSent,
      where + ": what was sent " + std::to_string(sent) + " times has " +
          std::to_string(sequences.size()) + " sequences");
}

// Whether the channel was removed and made again, with sequences from 1: by a node that had
// forgotten it, or under a damage.
bool StoredCheck::IsAgain(const std::string& channel) {
  if (view_.MadeAgain(channel)) return true;
  if (!ClusterLeeway(view_.history()).sequences_differ) return false;
  auto& ids = channel_ids_[channel];
  for (size_t node = 0; node < view_.size(); ++node) {
    const auto& now = view_.node(node).channel_ids;
    const auto found = now.find(channel);
    if (found != now.end()) ids.insert(found->second);
  }
  return ids.size() > 1;
}

void StoredCheck::JudgeSame(size_t node, const std::string& channel, const MessageNow& message) {
  const Known now{node, message.payload, message.timestamp};
  const auto [found, is_first] = known_.try_emplace({channel, message.sequence}, now);
  if (is_first) return;
  Known& first = found->second;
  if (!first.timestamp) first.timestamp = message.timestamp;
  const bool is_same = first.payload == message.payload && *first.timestamp == message.timestamp;
  if (is_same || IsAgain(channel) || LeewayNow(node).sequences_differ) return;
  if (first.node != kCluster && LeewayNow(first.node).sequences_differ) return;
  Say(node, kAgree,
      Shown(channel, message.sequence) + ": another " +
          (first.payload == message.payload ? "time" : "payload") + " than " +
          (first.node == kCluster ? "was delivered" : "on " + NameOf(first.node)));
}

PayloadId StoredCheck::PayloadOf(const sim::Delivered& delivered, bool* was_sealed) {
  const PayloadId as_it_is = view_.payloads().Of(delivered.channel, delivered.payload);
  *was_sealed = false;
  if (view_.payloads().Count(as_it_is).sent > 0) return as_it_is;
  if (!disktruth::LooksSealed(delivered.payload)) return as_it_is;
  const auto opened = view_.keys().Open(delivered.payload, delivered.channel, {});
  if (!opened) return as_it_is;
  *was_sealed = true;
  return view_.payloads().Of(delivered.channel, opened->plain);
}

void StoredCheck::JudgeDelivered(const sim::Delivered& delivered, const Leeway& leeway) {
  const std::string where =
      Shown(delivered.channel, delivered.sequence) + ", as delivered to " + delivered.client_id;
  bool was_sealed = false;
  const PayloadId payload = PayloadOf(delivered, &was_sealed);
  if (was_sealed && !leeway.foreign_seals) {
    Say(kCluster, kFaithful, where + ": ciphertext");
  }
  const bool is_excused = delivered.payload.empty() ? leeway.gaps_stored : leeway.unsent_stored;
  if (view_.payloads().Count(payload).sent == 0) {
    if (is_excused || leeway.foreign_seals) return;
    Say(kCluster, kFaithful, where + ": a payload that nobody sent");
    return;
  }
  const auto [found, is_first] = known_.try_emplace({delivered.channel, delivered.sequence},
                                                    Known{kCluster, payload, std::nullopt});
  if (is_first || found->second.payload == payload || leeway.sequences_differ) return;
  if (IsAgain(delivered.channel)) return;
  Say(kCluster, kFaithful, where + ": another payload than is known of it");
}

void StoredCheck::JudgeNode(const sim::History& history, size_t) {
  const Leeway leeway = ClusterLeeway(history);
  // Whether a channel was made again is seen in files.
  if (!history.forgotten.empty() && deliveries_judged_ < history.delivered.size()) {
    view_.Update(history, ClusterView::kAll);
  }
  for (; deliveries_judged_ < history.delivered.size(); ++deliveries_judged_) {
    JudgeDelivered(history.delivered[deliveries_judged_], leeway);
  }
}

bool StoredCheck::MayMiss(size_t node) const {
  const Leeway leeway = LeewayNow(node);
  return leeway.gaps_stored || leeway.sequences_differ;
}

void StoredCheck::JudgeRest(const sim::History& history) {
  std::map<uint64_t, size_t> firsts;  // by the last entry that was applied
  for (size_t node = 0; node < view_.size(); ++node) {
    if (!history.nodes[node].is_up || MayMiss(node) || IsInstalling(node)) continue;
    const size_t first = firsts.try_emplace(history.nodes[node].applied_index, node).first->second;
    for (const std::string& channel : ChannelsOf(first, node)) {
      // Without an id nobody drops it: each node keeps its own.
      if (view_.MadeAgain(channel) && view_.forgotten().IsWithoutId(channel)) continue;
      const std::vector<uint64_t> expected = SequencesOf(first, channel);
      const std::vector<uint64_t> found = SequencesOf(node, channel);
      if (found == expected) continue;
      Say(node, kAgree,
          "channel " + channel + ": " + Shown(found) + " at rest, and " + Shown(expected) + " on " +
              NameOf(first));
    }
  }
}

// That one of the two nodes has.
std::set<std::string> StoredCheck::ChannelsOf(size_t one, size_t other) const {
  std::set<std::string> names;
  for (const size_t node : {one, other}) {
    for (const auto& [channel, messages] : view_.node(node).channels) names.insert(channel);
  }
  return names;
}

std::vector<uint64_t> StoredCheck::SequencesOf(size_t node, const std::string& channel) const {
  std::vector<uint64_t> sequences;
  const auto found = view_.node(node).channels.find(channel);
  if (found == view_.node(node).channels.end()) return sequences;
  for (const auto& [sequence, message] : found->second) sequences.push_back(sequence);
  return sequences;
}

}  // namespace atrest::simcheck
