// What the harness saw a target do, as plain data: the only thing the oracles judge. Payloads and
// other bytes are held in std::string. A log line is kept without the time and process prefix of
// the program that wrote it. For drivers, which make observations, and oracles, which read them.
// Nothing here knows how a target is reached.
// Threads: values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace atrest::verdict {

struct LogLine {
  std::string level;  // "INF", "WRN", "ERR", "FTL", "DBG" or "TRC"
  std::string text;   // without "STREAM: "
};

// The outcome of a start.
struct Started {
  bool ok = false;
  std::string refusal;  // the reason the target gave, without "Failed to start: "; "" when ok
  std::optional<int> exit_code = {};  // of a program that refused
};

// The outcome of publishing the payloads of one step, in order; publishing stops at the first that
// is not acked.
struct Published {
  uint64_t acked = 0;
  std::string error;  // of the first payload not acked; "" when all were
};

struct Delivery {
  uint64_t sequence = 0;
  std::string payload;
  std::string subject;
  bool redelivered = false;
};

// What a subscription received until nothing more came.
struct Read {
  std::vector<Delivery> deliveries;
  std::string error;  // of the subscription request; "" when it was accepted
};

// One stored message as the disk shows it.
struct DiskMessage {
  std::string channel;
  uint64_t sequence = 0;
  std::string subject;
  uint64_t data_size = 0;
  std::string cipher;                  // "AES", "CHACHA", or "" for data that does not look sealed
  std::string nonce;                   // 12 bytes, or ""
  std::vector<std::string> opened_by;  // names of the given keys that open it
  std::optional<std::string> payload;  // opened, or the data itself where it does not look sealed
};

// One command in the Raft log of a node that publishes messages, or is sealed and not opened.
struct DiskLogEntry {
  uint64_t index = 0;
  bool is_freed = false;  // it stands in a page that is free
  std::string cipher;     // as in DiskMessage
  std::vector<std::string> opened_by;
  std::string channel;              // of its messages; "" if it is not opened
  std::vector<uint64_t> sequences;  // of its messages
};

struct DiskDamage {
  std::string file;
  uint64_t offset = 0;
  std::string kind;
  std::string why;
};

// A text searched for, and where it was found.
struct ScanHit {
  std::string text;
  std::vector<std::string> contents;  // "PATH at OFFSET", the first place of each file
  std::vector<std::string> names;     // paths with the text in them
};

// What is on disk: the store read by the inspector and, for the searched texts, every byte and name
// in the directory.
struct Disk {
  std::vector<DiskMessage> messages;  // by channel, then position
  std::vector<DiskLogEntry> entries;  // of a node of a cluster
  uint64_t snapshots = 0;             // likewise
  uint64_t configurations = 0;        // likewise: entries of its Raft log that are one
  std::vector<DiskDamage> damage;
  std::vector<std::string> nonce_reuse;  // a description each
  std::vector<ScanHit> hits;             // one for each searched text, in the order asked
  std::vector<std::pair<std::string, uint64_t>> sizes;  // every file's path and size, by path
};

// The target ended although nobody asked it to.
struct Crashed {
  std::string how;  // "signal 11", "exit 2"
};

// Stops, kills, waits and tampering: done, nothing to report.
struct Done {};

// The server's answer to a client's request to connect, subscribe, close and so on.
struct Answered {
  std::string error;  // "" when it was accepted
};

// What came back for bytes that no client library sends.
struct Reply {
  std::string bytes;     // of a request: the reply's payload; of raw bytes: all that was sent back
  bool answered = true;  // false: no reply came to a request
  bool closed = false;   // the server closed the connection
};

// The driver could not tell within its bounds.
struct Undecided {
  std::string why;
};

// The target did not answer within its time.
struct TimedOut {
  std::string why;
};

// What connects us with the target does not keep to its protocol: nothing that it says counts.
struct Violated {
  std::string why;
};

// The target says that it cannot do the step at all.
struct Unimplemented {
  std::string why;
};

using Outcome = std::variant<Done, Started, Published, Read, Disk, Crashed, Answered, Reply,
                             Undecided, TimedOut, Violated, Unimplemented>;

// One step's outcome and what the target logged meanwhile.
struct Observation {
  Outcome outcome;
  std::vector<LogLine> log;
};

}  // namespace atrest::verdict
