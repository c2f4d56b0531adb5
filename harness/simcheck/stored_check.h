// The checker "stored": what is stored, or in a Raft log, or delivered, was sent: with the payload
// of a publish of its channel, not oftener than there were attempts (cluster.md 3h); a sequence has
// the same payload and time on every node, in every delivery and for the whole run; and at rest
// nodes that applied the same entries store the same messages. A record has the fields that
// messages have, and no others.
// Threads: none shared.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "harness/simcheck/shared_check.h"

namespace atrest::simcheck {

class StoredCheck : public SharedCheck {
 public:
  explicit StoredCheck(ClusterView& view) : SharedCheck("stored", view) {}

 private:
  struct Known {
    size_t node = 0;  // kCluster: from a delivery
    PayloadId payload = 0;
    std::optional<int64_t> timestamp;
  };

  void OnEntry(size_t node, const LogRecord& record) override;
  void OnStored(size_t node, const std::string& channel, const MessageNow& message) override;
  void OnStray(size_t node, const std::string& channel, const disktruth::Stray& stray) override;
  void JudgeNode(const sim::History& history, size_t node) override;
  void JudgeRest(const sim::History& history) override;

  void JudgeSent(size_t node, const MessageNow& message, const std::string& where);
  void JudgeCopies(size_t node, const MessageNow& message, const std::string& where);
  void JudgeSame(size_t node, const std::string& channel, const MessageNow& message);
  void JudgeDelivered(const sim::Delivered& delivered, const Leeway& leeway);
  // What was delivered, opened if it is a node's ciphertext.
  PayloadId PayloadOf(const sim::Delivered& delivered, bool* was_sealed);
  bool MayMiss(size_t node) const;
  std::set<std::string> ChannelsOf(size_t one, size_t other) const;
  std::vector<uint64_t> SequencesOf(size_t node, const std::string& channel) const;
  bool IsAgain(const std::string& channel);

  std::map<std::pair<std::string, uint64_t>, Known> known_;  // by channel and sequence
  std::map<PayloadId, std::set<uint64_t>> sequences_;
  std::map<std::string, std::set<uint64_t>> channel_ids_;
  size_t deliveries_judged_ = 0;
};

}  // namespace atrest::simcheck
