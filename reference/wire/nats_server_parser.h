// What a NATS server sends to a client, read piece by piece: bytes cut anyhow in, messages out. The
// counterpart of nats_parser.h, for the connection to an outside server. Not for judging what an
// INFO or an -ERR means. Specification: wire.md 1.1, 1.2, 1.4.
// "+OK" is read and dropped; verbs are taken in any case; a payload must be followed by CR LF.
// The parser keeps what is unfinished: a line of at most kLineMax, or the bytes of a payload that
// have arrived, never memory for those announced. Messages own their bytes.
// Errors: the first one is the end of the connection; nothing is read behind it.
// Threads: none shared.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "reference/base/bytes.h"
#include "reference/wire/nats_parser.h"

namespace atrest::wire {

struct NatsServerInfo {
  std::string json;  // not looked at
  friend bool operator==(const NatsServerInfo&, const NatsServerInfo&) = default;
};

// MSG or HMSG.
struct NatsDelivery {
  std::string subject;
  std::string sid;
  std::string reply;  // "" where there is none
  Bytes body;         // of HMSG the header and the payload
  size_t header_size = 0;

  ByteView payload() const { return ByteView(body).subspan(header_size); }
  // The server's answer to a request that nobody got.
  bool no_responders() const;
  friend bool operator==(const NatsDelivery&, const NatsDelivery&) = default;
};

struct NatsServerErr {
  std::string text;  // without the quotes
  friend bool operator==(const NatsServerErr&, const NatsServerErr&) = default;
};

using NatsServerEvent =
    std::variant<NatsServerInfo, NatsDelivery, NatsPing, NatsPong, NatsServerErr>;

class NatsServerParser {
 public:
  static constexpr size_t kLineMax = 1 << 20;

  // Takes bytes from the front of *INPUT up to the end of the next event, which is returned, or all
  // of them: then nullopt, and the event goes on in the next input, or error() is set.
  std::optional<NatsServerEvent> Next(ByteView* input);

  // What could not be read, beginning with "nats: Parse Error".
  const std::optional<std::string>& error() const { return error_; }

 private:
  std::optional<NatsServerEvent> EndLine(std::string_view line);
  void BeginDelivery(std::string_view arguments, bool has_header);
  std::optional<NatsServerEvent> TakeBody(ByteView* input);
  void Fail(std::string_view at);

  std::string line_;  // so far
  bool in_body_ = false;
  NatsDelivery delivery_;    // while its body is read
  size_t body_missing_ = 0;  // with the CR LF behind it
  std::optional<std::string> error_;
};

}  // namespace atrest::wire
