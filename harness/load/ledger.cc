#include "harness/load/ledger.h"

#include <algorithm>

namespace atrest::load {
namespace {

constexpr size_t kRemarksMax = 10;

}  // namespace

Ledger::Ledger(uint32_t publishers, uint32_t channels, uint32_t subscribers)
    : channels_(channels), publishers_(publishers), subscribers_(subscribers) {
  for (Subscriber& subscriber : subscribers_) subscriber.numbers.resize(publishers / channels + 1);
}

uint64_t Ledger::Publish(uint32_t publisher, int64_t now_ns) {
  ++counts_.published;
  const uint64_t number = ++publishers_[publisher].published;
  publishers_[publisher].pending.emplace(number, now_ns);
  return number;
}

void Ledger::Ack(uint32_t publisher, uint64_t number, bool refused, int64_t now_ns) {
  auto& pending = publishers_[publisher].pending;
  const auto found = pending.find(number);
  const auto what = [&] {
    return "publish " + std::to_string(number) + " of client " + std::to_string(publisher);
  };
  if (found == pending.end()) return Remark(&counts_.acked_strangely, what() + " acked again");
  if (refused) Remark(&counts_.refused, what() + " refused");
  ++counts_.acked;
  ack_latency_.Add(now_ns - found->second);
  pending.erase(found);
}

void Ledger::Deliver(uint32_t subscriber, uint64_t sequence, bool redelivered,
                     const Result<Stamp>& stamp, int64_t now_ns) {
  Subscriber& to = subscribers_[subscriber];
  const auto what = [&] {
    return "message " + std::to_string(sequence) + " to subscriber " + std::to_string(subscriber);
  };
  if (sequence <= to.sequence && redelivered) {
    ++counts_.redelivered;
    return;
  }
  ++counts_.delivered;
  if (sequence != to.sequence + 1) {
    Remark(&counts_.sequence_errors, what() + " came after " + std::to_string(to.sequence));
  }
  to.sequence = std::max(to.sequence, sequence);
  if (!stamp.ok()) {
    return Remark(&counts_.payload_errors, what() + " has " + stamp.status().message());
  }
  const Stamp& of = stamp.value();
  if (of.publisher >= publishers_.size() || of.publisher % channels_ != subscriber % channels_) {
    return Remark(&counts_.payload_errors, what() + " is of another channel");
  }
  uint64_t& last = to.numbers[of.publisher / channels_];
  if (of.number != last + 1) {
    Remark(&counts_.number_errors, what() + " is number " + std::to_string(of.number) +
                                       " of client " + std::to_string(of.publisher) + " after " +
                                       std::to_string(last));
  }
  last = of.number;
  delivery_latency_.Add(now_ns - of.sent_ns);
}

uint64_t Ledger::unacked() const { return counts_.published - counts_.acked; }

uint64_t Ledger::undelivered() const {
  std::vector<uint64_t> published(channels_);
  for (size_t i = 0; i < publishers_.size(); ++i) {
    published[i % channels_] += publishers_[i].published;
  }
  uint64_t missing = 0;
  for (size_t i = 0; i < subscribers_.size(); ++i) {
    const uint64_t due = published[i % channels_];
    missing += due - std::min(due, subscribers_[i].sequence);
  }
  return missing;
}

bool Ledger::balanced() const {
  return unacked() == 0 && undelivered() == 0 && counts_.refused == 0 &&
         counts_.acked_strangely == 0 && counts_.sequence_errors == 0 &&
         counts_.number_errors == 0 && counts_.payload_errors == 0;
}

void Ledger::Remark(uint64_t* counter, const std::string& text) {
  ++*counter;
  if (remarks_.size() < kRemarksMax) remarks_.push_back(text);
}

}  // namespace atrest::load
