#include "reference/store/message_cache.h"

#include <algorithm>
#include <limits>

namespace atrest::store {

void MessageCache::PushBack(Entries& from, Entries::iterator entry, int64_t since_ns) {
  constexpr int64_t kLatest = std::numeric_limits<int64_t>::max() - kTimeToLiveNs;
  entry->expires_ns = std::min(since_ns, kLatest) + kTimeToLiveNs;
  if (!by_expiry_.empty()) {
    entry->expires_ns = std::max(entry->expires_ns, by_expiry_.back().expires_ns);
  }
  by_expiry_.splice(by_expiry_.end(), from, entry);
}

void MessageCache::Add(uint64_t sequence, MessagePtr message, int64_t since_ns) {
  const auto found = by_sequence_.find(sequence);
  if (found != by_sequence_.end()) {
    found->second->message = std::move(message);
    PushBack(by_expiry_, found->second, since_ns);
    return;
  }
  Entries one;
  one.push_back({sequence, std::move(message), 0});
  const Entries::iterator entry = one.begin();
  PushBack(one, entry, since_ns);
  by_sequence_.emplace(sequence, entry);
}

MessagePtr MessageCache::Get(uint64_t sequence, int64_t now_ns) {
  const auto found = by_sequence_.find(sequence);
  if (found == by_sequence_.end()) return nullptr;
  PushBack(by_expiry_, found->second, now_ns);
  return found->second->message;
}

void MessageCache::Evict(int64_t now_ns) {
  while (!by_expiry_.empty() && by_expiry_.front().expires_ns <= now_ns) {
    by_sequence_.erase(by_expiry_.front().sequence);
    by_expiry_.pop_front();
  }
}

void MessageCache::Clear() {
  by_sequence_.clear();
  by_expiry_.clear();
}

}  // namespace atrest::store
