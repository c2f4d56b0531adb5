// What may differ between two correct targets, and nothing else: each rule below replaces one thing
// that the specification calls random, or that follows from it, and cites the line that allows it.
// Whatever is not named here is compared byte for byte. To allow another difference: a rule here, a
// test in normaliser_test.cc that shows which real difference of that kind is still seen.
// N1 Identifiers: inboxes, guids and connection ids hold NUIDs, 12 random characters and a counter
//    with a random start (wire.md 2.2 "NUID"; standalone.md 1.4 "ConnID = 22-char NUID"). They are
//    numbered in the order in which they appear, so that one in place of another is still seen.
// N2 Times: a message's timestamp is the server's clock (wire.md 2.6 "timestamp = server clock in
//    ns"). What is left of it is that it never decreases within a file (standalone.md 1.6
//    "Timestamps never decrease") and that the index repeats it.
// N3 Nonces: "bytes 0-3 random" (standalone.md 2.4), anew for each channel at each start. Equal
//    prefixes are numbered in order of appearance; the counter is compared.
// N4 Ciphertext and tag follow from the nonce (standalone.md 2.2). They are replaced by what a key
//    of the case opens (also under a code byte that somebody has changed), or, where none does and
//    the code is that of a cipher or the nonce's prefix has been seen before, by their length. What
//    the case itself published is never taken for a sealed payload.
// N5 Checksums cover times and ciphertext (standalone.md 1.2, 1.6): a record's is right or wrong;
//    in a log line its value is left out.
// N6 A dump of a damaged record in the log prints such bytes (standalone.md 1.8 "Dump written"):
//    its lines are replaced by how many bytes they show.
// N7 The order of journal records. Requests of different subjects "have separate queues (no
//    cross-subject order)" (wire.md 2.2), acks arrive on a connection of their own, and compaction
//    writes clients, subscriptions and pending messages in "map order" (standalone.md 1.4, 1.5). So
//    the records of clients.dat are compared client by client, those of subs.dat subscription by
//    subscription; there the messages sent, and the acks, between two changes of the subscription
//    are compared as sets in which one may be twice.
// N8 The order of log lines about messages that cannot be delivered, among themselves: they come
//    from one thread for each subject and one for each timer (wire.md 2.2 "no cross-subject order",
//    2.9 "One timer per subscription"), after a start in the order of a map of channels.
// N9 The store's directory, which the harness chose, reads <store>.
// Threads: one.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reference/base/bytes.h"
#include "reference/crypto/envelope.h"

namespace atrest::compare {

// One for each target, for as long as one case runs: it remembers what it has numbered.
class Normaliser {
 public:
  // KEYS: all that the case uses, by name.
  Normaliser(std::string directory, std::map<std::string, std::string> keys)
      : directory_(std::move(directory)), keys_(std::move(keys)) {}

  // The case publishes PAYLOAD: wherever it stands, it is itself (N4).
  void Know(const std::string& payload) { published_.insert(payload); }

  // The two targets have exchanged their stores, and with them what is known of the bytes.
  void ExchangeMemory(Normaliser& other) {
    identifiers_.swap(other.identifiers_);
    prefixes_.swap(other.prefixes_);
  }

  // A log line, a refusal, an error, a string of a record: N1, N5, N6, N9.
  std::string Text(std::string text);
  // A whole field that ought to be one NUID: N1. Anything else is shown as it is.
  std::string Identifier(std::string_view value);
  // Stored or delivered data of CHANNEL: N3, N4.
  std::string Payload(const std::string& channel, ByteView data);

 private:
  std::string Number(std::map<std::string, size_t>& seen, const std::string& value);
  void ReplaceIdentifiers(std::string& text, const std::string& before);
  // What DATA, taken for a sealed payload under either code, holds and which key opens it.
  std::optional<std::string> Opened(const std::string& channel, ByteView data);
  const std::vector<std::pair<std::string, crypto::Envelope>>& KeysOf(const std::string& channel);

  std::string directory_;
  std::map<std::string, std::string> keys_;
  std::set<std::string> published_;
  std::map<std::string, size_t> identifiers_;
  std::map<std::string, size_t> prefixes_;
  std::map<std::string, std::vector<std::pair<std::string, crypto::Envelope>>> envelopes_;
};

// N2: the text for a time in a file where it follows PREVIOUS, which becomes it.
std::string Time(int64_t time_ns, int64_t& previous_ns);

// N5.
std::string Checksum(bool right);

// One record of clients.dat or subs.dat, as N7 needs it.
struct JournalRecord {
  enum class Kind { kState, kSent, kAcked };
  std::string owner;  // the client or subscription, as text
  Kind kind = Kind::kState;
  std::string text;
};

// LINES, "[ERR] text", in the order in which two logs are compared (N8).
std::vector<std::string> OrderedLog(std::vector<std::string> lines);

// RECORDS in the order in which two files are compared (N7).
std::vector<JournalRecord> Ordered(std::vector<JournalRecord> records);

}  // namespace atrest::compare
