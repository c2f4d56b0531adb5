// What a NATS server sends: INFO, MSG, HMSG, PING, PONG, +OK and -ERR, appended to a buffer, and
// the texts of its errors. Not for what clients send (nats_parser.h reads that), and no decision is
// taken here about who gets what. Specification: wire.md 1.2, 1.4, 1.5.
// Nothing here can fail: sizes and texts are the caller's. Views are read during the call only.
// Threads: none shared.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/bytes.h"

namespace atrest::wire {

// The texts of -ERR (wire.md 1.3 and 1.5) that hold no argument. The first group closes the
// connection, the second does not.
inline constexpr char kUnknownProtocolOperation[] = "Unknown Protocol Operation";
inline constexpr char kMaximumControlLineExceeded[] = "maximum control line exceeded";
inline constexpr char kMaximumPayloadViolation[] = "Maximum Payload Violation";
inline constexpr char kAuthorizationViolation[] = "Authorization Violation";
inline constexpr char kAuthenticationTimeout[] = "Authentication Timeout";
inline constexpr char kMaximumConnectionsExceeded[] = "maximum connections exceeded";
inline constexpr char kStaleConnection[] = "Stale Connection";
inline constexpr char kTlsRequired[] = "Secure Connection - TLS Required";
inline constexpr char kNoRespondersRequiresHeaders[] = "no responders requires headers support";
inline constexpr char kInvalidClientProtocol[] = "invalid client protocol";

inline constexpr char kInvalidSubject[] = "Invalid Subject";
inline constexpr char kInvalidPublishSubject[] = "Invalid Publish Subject";
inline constexpr char kMaximumSubscriptionsExceeded[] = "maximum subscriptions exceeded";

struct NatsInfo {
  std::string server_id;
  std::string server_name;
  std::string version;
  std::string git_commit;  // "" is left out
  std::string go;
  std::string host;
  uint16_t port = 0;
  bool headers = true;
  // Each of these four is left out where it is false.
  bool auth_required = false;
  bool tls_required = false;
  bool tls_verify = false;
  bool tls_available = false;
  uint64_t max_payload = 0;
  uint64_t client_id = 0;
  std::string client_ip;
  std::string nonce;                      // "" is left out
  std::string cluster;                    // "" is left out
  std::vector<std::string> connect_urls;  // left out where there is none
  bool ldm = false;                       // left out where it is false
};

// A message on its way to subscribers.
struct NatsMessageView {
  std::string_view subject;
  std::string_view reply;  // "" where there is none
  ByteView body;           // the header, if any, and the payload
  bool has_header = false;
  size_t header_size = 0;  // of BODY
  // The sizes as the publisher wrote them, which subscribers get to see ("0001"); "" stands for the
  // shortest form.
  std::string_view header_size_text;
  std::string_view size_text;
};

// Strings of INFO go out as UTF-8 in JSON, escaped as the real server's library does.
void WriteInfo(const NatsInfo& info, Bytes& to);
// HMSG if the message has a header and the subscriber takes headers, else MSG, where the bytes of
// the header are left out.
// REQUIRES: header_size <= body.size().
void WriteMessage(const NatsMessageView& message, std::string_view sid, bool takes_headers,
                  Bytes& to);
// The HMSG with status 503 that tells a requester that nobody got the request.
void WriteNoResponders(std::string_view reply, std::string_view sid, Bytes& to);
void WritePing(Bytes& to);
void WritePong(Bytes& to);
void WriteOk(Bytes& to);
// "-ERR 'TEXT'".
void WriteErr(std::string_view text, Bytes& to);

}  // namespace atrest::wire
