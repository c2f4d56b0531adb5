// What a NATS server sends to a client, read piece by piece: bytes cut anyhow in, events out. The
// client's counterpart of reference/wire/nats_parser.h, for programs that put a server under load:
// subjects and the JSON of INFO are passed on unread. Specification: wire.md 1.1, 1.2, 1.4.
// The reader keeps what is unfinished, which is bounded by kUnfinishedMax.
// Errors: kCorrupt for what no server sends; nothing is read behind it.
// Threads: none shared.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "reference/base/bytes.h"
#include "reference/base/status.h"

namespace atrest::load {

struct NatsEvent {
  enum class Kind : uint8_t { kInfo, kMessage, kPing, kPong, kOk, kError };
  Kind kind = Kind::kOk;
  std::string_view text;  // of INFO and -ERR, without the verb
  // Of MSG and HMSG. The payload is without its header.
  std::string_view subject;
  std::string_view sid;
  std::string_view reply;  // "" where there is none
  ByteView payload;
  bool no_responders = false;  // a header with status 503
};

class NatsSink {
 public:
  virtual ~NatsSink() = default;
  // The views of EVENT are valid during the call.
  virtual void OnEvent(const NatsEvent& event) = 0;
};

class NatsReader {
 public:
  static constexpr size_t kUnfinishedMax = 16 << 20;

  // Passes every event that BYTES complete to SINK.
  Status Take(ByteView bytes, NatsSink& sink);

 private:
  Bytes rest_;  // the beginning of an event
};

}  // namespace atrest::load
