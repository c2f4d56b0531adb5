// What happens to a server: everything from outside that its state machine (machine.h) reacts to,
// with its time, so that a session can be recorded and replayed (event_log.h).
// Threads: values. Ownership: the bytes of an event are borrowed.
#pragma once

#include <cstdint>

#include "reference/base/bytes.h"

namespace atrest::server {

struct Event {
  // Persisted in recorded sessions. Do not renumber.
  enum class Kind : uint8_t {
    kOpen = 1,          // the process begins: its store is made
    kStartNats = 2,     // the NATS part begins, before it listens
    kListening = 3,     // on port `number`
    kStart = 4,         // the streaming part begins
    kAccepted = 5,      // a connection from port `number` of the address in `bytes`
    kReceived = 6,      // `bytes` came
    kWritten = 7,       // `number` more bytes of output are with the operating system
    kClosed = 8,        // by the peer, or as the machine wanted
    kDialed = 9,        // the connection that the machine asked for stands
    kDialFailed = 10,   // or does not, for the reason in `bytes`
    kRound = 11,        // what came is to be acted on, and what is due
    kStop = 12,         // an orderly end
    kEntropy = 13,      // recorded only: `bytes` were drawn
    kOutput = 14,       // recorded only: `bytes` were sent
    kCloseOutput = 15,  // recorded only: the connection was to be closed
  };

  Kind kind = Kind::kRound;
  int64_t now_ns = 0;  // since 1970
  uint64_t connection = 0;
  uint64_t number = 0;
  ByteView bytes = {};
};

}  // namespace atrest::server
