// What happens in a simulation, one event after the other: each goes into a hash, by which two runs
// are compared, and on demand into a line of fixed width:
//   number  seconds since the begin  who  what  three numbers  text
// What the numbers mean stands where the event is noted; README.md has the table.
// Ownership: OUT is borrowed, and null where nobody reads along.
// Threads: one.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>

#include "reference/base/bytes.h"

namespace atrest::sim {

// Eight bytes at a time; the same on every machine.
uint64_t HashOf(ByteView bytes, uint64_t seed = 0);

struct TraceEvent {
  std::string_view who;   // a node, a client, "net", "sim"
  std::string_view what;  // at most 12 characters
  uint64_t a = 0;
  uint64_t b = 0;
  uint64_t c = 0;
  std::string_view text = {};
};

class SimTrace {
 public:
  SimTrace() = default;
  explicit SimTrace(std::ostream* out) : out_(out) {}

  void Note(int64_t now_ns, const TraceEvent& event);
  // Bytes that the hash is to depend on, too.
  void Mix(ByteView bytes) { hash_ = HashOf(bytes, hash_); }

  // Whether lines are made: who notes an event may save the work for a text that only a reader
  // needs. Texts are not in the hash.
  bool is_read() const { return out_ != nullptr; }
  uint64_t events() const { return events_; }
  uint64_t hash() const { return hash_; }
  // 16 hexadecimal digits.
  std::string HashText() const;

 private:
  std::ostream* out_ = nullptr;
  uint64_t events_ = 0;
  uint64_t hash_ = 0;
};

}  // namespace atrest::sim
