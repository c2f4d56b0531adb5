// The check "history" (d): what was published, stored and delivered agree. Every acked publish is
// stored unless a limit or something done by the harness explains its absence; everything stored
// was published; everything delivered was stored under its sequence; no sequence has two payloads.
// It also tells the other checks which publish a stored record is, and so which settings were in
// force when it was written.
// Payloads longer than 32 bytes are kept as their digest.
// Ownership: a Mode is borrowed and outlives the History.
// Threads: none shared.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "harness/disktruth/disk_finding.h"
#include "reference/base/bytes.h"

namespace atrest::disktruth {

// The settings of one start of the target that decide what it must write.
struct Mode {
  bool is_judged = true;  // false where nobody says what the settings mean
  bool encrypt = false;
  std::string key;             // as configured, bytes
  std::string cipher;          // "AES", "CHACHA", or "" where none is promised
  bool cipher_chosen = false;  // by an option, rather than by the platform
  bool in_memory = false;      // the store keeps nothing on disk
  bool limits = false;         // messages or channels may be removed
};

struct Publication {
  std::string payload;  // Identified()
  uint64_t size = 0;
  bool acked = false;
  uint64_t sequence = 0;  // the one it gets if nothing was lost; 0 where it was not acked
  const Mode* mode = nullptr;
  struct KnownRecord* stored = nullptr;  // the record that it became
  bool excused = false;                  // no longer asked for
};

// A stored message, by what never changes of it.
struct KnownRecord {
  std::string data;     // Identified(), as stored
  std::string payload;  // Identified(), opened where it could be, else as stored
  Publication* publication = nullptr;
  bool delivered = false;
  uint64_t copies = 0;  // in the files of the last look
};

// A payload, or its digest where it is long: equal exactly if the payloads are.
std::string Identified(ByteView payload);

class History {
 public:
  // The target runs with limits from now on: what was published before may be removed, too.
  void Limit() { limits_ = true; }

  // A payload published under MODE. Payloads of a channel in the order in which they were sent.
  void Publish(const std::string& channel, ByteView payload, bool acked, const Mode& mode);
  void Deliver(const std::string& channel, uint64_t sequence, ByteView payload, const Mode& mode);

  // The record of this identity, if it has been seen before.
  KnownRecord* Find(const std::string& channel, uint64_t sequence, int64_t timestamp,
                    const std::string& data);
  // A record not seen before.
  KnownRecord& Add(const std::string& channel, uint64_t sequence, int64_t timestamp,
                   KnownRecord record);

  // Publications of PAYLOAD that no record is known for, oldest first.
  std::vector<Publication*> Open(const std::string& channel, const std::string& payload);
  // The oldest, of any payload, that should have been sealed; nullptr if there is none.
  Publication* OldestSealed(const std::string& channel);
  void Join(const std::string& channel, Publication& publication, KnownRecord& record);

  // Whether a sequence that was acked or delivered with another payload is given again: the
  // offence, or "".
  std::string SequenceTwice(const std::string& channel, uint64_t sequence,
                            const KnownRecord& record) const;

  // Publishes of CHANNEL that were not acked: each may have used up a nonce.
  uint64_t Unacked(const std::string& channel) const;

  // The records of CHANNEL have changed: Judge is to look again.
  void Touch(const std::string& channel) { channels_[channel].is_changed = true; }
  // What is missing and what was delivered but never stored, as of this look; each said once.
  void Judge(const std::string& channel, Findings& findings);

  // The harness changed the files: what is missing now is not asked for again, and sequences may be
  // given twice.
  void Excuse(const std::string& channel);
  // The channel was removed and begins again.
  void Restart(const std::string& channel);

  std::vector<std::string> Channels() const;

 private:
  using Identity = std::tuple<uint64_t, int64_t, std::string>;  // sequence, timestamp, data
  struct Delivered {
    uint64_t sequence = 0;
    std::string payload;
    const Mode* mode = nullptr;
  };
  struct Channel {
    std::deque<Publication> publications;
    std::map<std::string, std::set<size_t>> open;  // by payload: those without a record
    std::set<size_t> all_open;
    std::map<Identity, KnownRecord> records;
    std::map<uint64_t, std::vector<KnownRecord*>> by_sequence;
    std::vector<Delivered> delivered;  // since the last look
    bool disturbed = false;
    bool is_changed = false;  // since it was judged
    uint64_t unacked = 0;
    uint64_t last_sequence = 0;  // if nothing was lost
  };

  void JudgeMissing(const std::string& name, Channel& channel, Findings& findings) const;
  static void JudgeDelivered(const std::string& name, Channel& channel, Findings& findings);

  std::map<std::string, Channel> channels_;
  bool limits_ = false;  // some start had limits
};

}  // namespace atrest::disktruth
