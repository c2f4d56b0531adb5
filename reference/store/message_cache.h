// The messages of a channel that were stored or looked up within the last second, as stored. A
// lookup that finds one does not touch the disk, so damage there goes unnoticed for that long:
// specification, standalone.md 1.10. Not bounded in number: what is written and read within a
// second is in memory anyway, and eviction comes with each Tick.
// Threads: one. Time comes from the caller.
#pragma once

#include <cstdint>
#include <list>
#include <map>

#include "reference/store/store.h"

namespace atrest::store {

class MessageCache {
 public:
  static constexpr int64_t kTimeToLiveNs = 1'000'000'000;

  // Caches MESSAGE for a second from SINCE_NS on, which is its timestamp when it is new, and now
  // when it was read.
  void Add(uint64_t sequence, MessagePtr message, int64_t since_ns);
  // The message, for another second; null if it is not cached.
  MessagePtr Get(uint64_t sequence, int64_t now_ns);
  void Evict(int64_t now_ns);
  void Clear();

 private:
  struct Entry {
    uint64_t sequence;
    MessagePtr message;
    int64_t expires_ns;
  };
  using Entries = std::list<Entry>;
  // Expiry never decreases along the list.
  void PushBack(Entries& from, Entries::iterator entry, int64_t since_ns);

  Entries by_expiry_;
  std::map<uint64_t, Entries::iterator> by_sequence_;
};

}  // namespace atrest::store
