// The books of a load run: what was published, acked and delivered, and whatever does not add up.
// Every publish is acked once; every subscriber of a channel gets each sequence once, in order, and
// of each publisher of that channel each number once, in order; unless flagged as redelivered.
// Publisher p publishes to channel p % CHANNELS, subscriber s reads channel s % CHANNELS. Channels
// are new: sequences begin with 1.
// Threads: none shared; no clock: times come in.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "harness/load/latency.h"
#include "harness/load/payload.h"

namespace atrest::load {

class Ledger {
 public:
  struct Counts {
    uint64_t published = 0;
    uint64_t acked = 0;
    uint64_t delivered = 0;
    uint64_t redelivered = 0;  // flagged so, and had before
    // What does not add up.
    uint64_t refused = 0;          // acked with an error
    uint64_t acked_strangely = 0;  // twice, or for what was never published
    uint64_t sequence_errors = 0;  // missing, twice without the flag, or out of order
    uint64_t number_errors = 0;    // the same of a publisher's numbers
    uint64_t payload_errors = 0;   // other bytes, or of another channel
  };

  Ledger(uint32_t publishers, uint32_t channels, uint32_t subscribers);

  // The number of PUBLISHER's next message; in flight from now on.
  uint64_t Publish(uint32_t publisher, int64_t now_ns);
  void Ack(uint32_t publisher, uint64_t number, bool refused, int64_t now_ns);
  void Deliver(uint32_t subscriber, uint64_t sequence, bool redelivered, const Result<Stamp>& stamp,
               int64_t now_ns);

  size_t in_flight(uint32_t publisher) const { return publishers_[publisher].pending.size(); }
  uint64_t unacked() const;
  // Deliveries that are due as soon as all is acked.
  uint64_t undelivered() const;
  bool balanced() const;
  const Counts& counts() const { return counts_; }
  const Latency& ack_latency() const { return ack_latency_; }
  const Latency& delivery_latency() const { return delivery_latency_; }
  // The first few things that did not add up.
  const std::vector<std::string>& remarks() const { return remarks_; }

 private:
  struct Publisher {
    uint64_t published = 0;
    std::map<uint64_t, int64_t> pending;  // number -> when
  };
  struct Subscriber {
    uint64_t sequence = 0;          // the last one
    std::vector<uint64_t> numbers;  // the last one of each publisher of the channel
  };
  void Remark(uint64_t* counter, const std::string& text);

  uint32_t channels_;
  std::vector<Publisher> publishers_;
  std::vector<Subscriber> subscribers_;
  Counts counts_;
  Latency ack_latency_;
  Latency delivery_latency_;
  std::vector<std::string> remarks_;
};

}  // namespace atrest::load
