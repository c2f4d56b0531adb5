// Every payload of a run by channel, each with a number: those that clients sent, with how often
// they did (each attempt counts) and were told that it is kept, and any other that was found.
// Ownership: keeps copies.
// Threads: none shared.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "reference/base/bytes.h"
#include "reference/sim/run_history.h"

namespace atrest::simcheck {

using PayloadId = size_t;

struct PayloadCount {
  uint64_t sent = 0;
  uint64_t acked = 0;
};

class SentPayloads {
 public:
  // Takes in what clients sent, and were acknowledged, since the last call. What is acknowledged is
  // not sent again.
  void Follow(const sim::History& history);

  PayloadId Of(const std::string& channel, ByteView payload);
  const PayloadCount& Count(PayloadId id) const { return counts_[id]; }
  // How many different ones there are: ids are below.
  size_t size() const { return counts_.size(); }
  // Those that were acknowledged, in the order in which that was noticed.
  const std::vector<PayloadId>& acked() const { return acked_; }
  // Numbers of History::published that Follow has seen, in order, as ids.
  const std::vector<PayloadId>& sent() const { return sent_; }

 private:
  std::map<std::string, std::map<Bytes, PayloadId>> ids_;
  std::vector<PayloadCount> counts_;
  std::vector<PayloadId> sent_;
  std::vector<PayloadId> acked_;
  struct Open {
    size_t number = 0;      // of History::published
    uint32_t attempts = 0;  // that are counted
  };
  std::vector<Open> open_;  // not acknowledged so far
};

}  // namespace atrest::simcheck
