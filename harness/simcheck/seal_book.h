// All sealed bytes that were ever seen on any node of a run, each once: what opened them, what was
// in them, and where and when they were seen first. Equal bytes in equal places are the same seal,
// however often a file or a page is read, copied or written again.
// Ownership: seals are kept for the run; pointers to them stay valid.
// Threads: none shared.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "harness/disktruth/sealing.h"
#include "harness/simcheck/run_keys.h"
#include "reference/base/bytes.h"

namespace atrest::simcheck {

// The starts of a node, by number from 0, of which one wrote something.
struct StartSpan {
  size_t first = 0;
  size_t last = 0;
};

struct Sighting {
  size_t node = 0;
  StartSpan starts;
  std::string where;  // "raft.log, entry 5", "channel foo, sequence 2"
};

struct Seal {
  uint64_t number = 0;  // of its own
  std::string place;    // kRaftPlace or a channel
  uint8_t code = 0;
  std::array<uint8_t, disktruth::kNonceBytes> nonce = {};
  // What opened it, from outside to inside: more than one where sealed bytes were sealed again.
  // Empty as long as no key does.
  std::vector<KeyId> keys;
  Bytes plain;  // what is in all of these; as stored where nothing opened it
  Sighting first;
  size_t keys_tried = 0;

  bool is_open() const { return !keys.empty(); }
};

class SealBook {
 public:
  explicit SealBook(RunKeys& keys) : keys_(keys) {}

  // The seal that DATA is. *IS_NEW says whether it was never seen before or never opened before,
  // but is open now. FIRST: keys that should open it. REQUIRES: LooksSealed(DATA).
  const Seal& See(ByteView data, const std::string& place, const std::vector<KeyId>& first,
                  const Sighting& sighting, bool* is_new);

 private:
  // Place, nonce and tag, size, hash of all.
  using Id = std::tuple<std::string, std::array<uint8_t, 28>, size_t, uint64_t>;

  void TryToOpen(ByteView data, const std::vector<KeyId>& first, Seal& seal);

  RunKeys& keys_;
  std::map<Id, Seal> seals_;
};

}  // namespace atrest::simcheck
