#include "harness/simcheck/sent_payloads.h"

#include <algorithm>

namespace atrest::simcheck {

void SentPayloads::Follow(const sim::History& history) {
  for (size_t number = sent_.size(); number < history.published.size(); ++number) {
    const sim::Published& published = history.published[number];
    const PayloadId id = Of(published.channel, published.payload);
    sent_.push_back(id);
    open_.push_back({number, 0});
  }
  std::erase_if(open_, [&](Open& open) {
    const sim::Published& published = history.published[open.number];
    PayloadCount& count = counts_[sent_[open.number]];
    count.sent += published.attempts - open.attempts;
    open.attempts = published.attempts;
    if (published.acked_at_ns) {
      ++count.acked;
      acked_.push_back(sent_[open.number]);
    }
    return published.acked_at_ns.has_value();
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
