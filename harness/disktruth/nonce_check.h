// The check "nonces": no nonce is used twice under one key and cipher in the whole history of a
// run, records included that have gone since. Apart from that, as facts of compatibility
// (standalone.md 2.4, 3.9): each start gives a channel a new random prefix, and the counter begins
// behind the last sequence and grows by one with each sealed payload.
// A record that is seen again (same channel, sequence, time and data) is the same use.
// Threads: none shared.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>

#include "harness/disktruth/seen_record.h"

namespace atrest::disktruth {

class NonceCheck {
 public:
  // A record that no look has seen before; records of a channel in the order in which they stand.
  // UNACKED: how many publishes of the channel failed so far, each of which may have used up a
  // nonce. With JUDGED unset its nonce is only noted.
  void See(const SeenRecord& record, uint64_t unacked, bool judged, Findings& findings);

  // The channel begins again, or somebody else changed it: counters are not followed across this.
  void Forget(const std::string& channel) { last_.erase(channel); }

 private:
  using Nonce = std::array<uint8_t, kNonceBytes>;
  using Use = std::tuple<Digest32, uint8_t, Nonce>;  // derived key, code, nonce
  struct Last {
    Nonce nonce = {};
    uint64_t sequence = 0;
    uint64_t unused = 0;  // counters passed over so far
  };

  void JudgeReuse(const SeenRecord& record, const Nonce& nonce, bool judged, Findings& findings);
  void JudgePrefix(const SeenRecord& record, const Nonce& nonce, bool judged, Findings& findings);
  void JudgeCounter(const SeenRecord& record, const Nonce& nonce, uint64_t unacked, bool judged,
                    Findings& findings);

  std::map<Use, std::string> uses_;                              // to the place of the first
  std::map<std::pair<std::string, uint32_t>, size_t> prefixes_;  // channel, prefix -> start
  std::map<std::string, Last> last_;
};

}  // namespace atrest::disktruth
