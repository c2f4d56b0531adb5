#include "harness/simcheck/sent_payloads.h"

#include <algorithm>

namespace atrest::simcheck {

void SentPayloads::Follow(const sim::History& history) {
  for (size_t number = sent_.size(); number < history.published.size(); ++number) {
    const sim::Published& published = history.published[number];
    const PayloadId id = Of(published.channel, published.payload);
    ++counts_[id].sent;
    sent_.push_back(id);
    unacked_.push_back(number);
  }
  std::erase_if(unacked_, [&](size_t number) {
    if (!history.published[number].acked_at_ns) return false;
    ++counts_[sent_[number]].acked;
    return true;
  });
}

PayloadId SentPayloads::Of(const std::string& channel, ByteView payload) {
  auto& ids = ids_[channel];
  const auto [found, is_new] =
      ids.try_emplace(Bytes(payload.begin(), payload.end()), counts_.size());
  if (is_new) counts_.emplace_back();
  return found->second;
}

}  // namespace atrest::simcheck
