// Key material: bytes that are wiped when they go, and the two derivations of the real server. The
// configured key is any non-empty byte string, used exactly as given (no trimming, no decoding).
// Formats: FORMAT.md; specification, standalone.md 2.1 and cluster.md 1.6.
// Never printed: there is no conversion to text, and nothing here logs.
// Threads: a Secret may be read by many.
#pragma once

#include <memory>
#include <string_view>

#include "reference/base/bytes.h"

namespace atrest::crypto {

// Owns its bytes in wiped memory; copies share them.
class Secret {
 public:
  Secret();  // empty
  explicit Secret(ByteView bytes);
  // Valid while this Secret or a copy of it lives.
  ByteView view() const;
  bool empty() const { return view().empty(); }
  // Constant time in the contents.
  friend bool operator==(const Secret& a, const Secret& b);

 private:
  struct Storage;  // Botan::secure_vector
  std::shared_ptr<const Storage> storage_;
};

// SHA-256(00 * n | SHA-256(key) | "." | channel), n = 33 + len(channel): the zero bytes come from
// an upstream slip and are part of the format. 32 bytes; one key per channel, the same for both
// ciphers.
Secret DeriveChannelKey(const Secret& key, std::string_view channel);

// SHA-256(key). 32 bytes; one key for a node's Raft log, the same for both ciphers.
Secret DeriveRaftKey(const Secret& key);

}  // namespace atrest::crypto
