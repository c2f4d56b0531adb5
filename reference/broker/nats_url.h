// Where an outside NATS server is: the value of -ns as its parts. Not for other kinds of URL; TLS
// and websocket schemes are taken as plain ones. Specification: options.md, row -ns.
// Errors: kInvalid with the real server's text, which follows "Failed to start: ".
// Threads: values and pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/status.h"

namespace atrest::broker {

struct NatsUrl {
  std::string text;  // with its port, as log lines show it but for the credentials
  std::string host;  // without brackets
  uint16_t port = 0;
  // Of the URL; a user without a password is a token.
  bool has_credentials = false;
  std::string user;
  std::string password;
  std::string token;
};

// A value with a comma or an "@" is a list of URLs, each with or without scheme, credentials and
// port; any other is scheme://host:port.
Result<std::vector<NatsUrl>> ParseNatsUrls(const std::string& value);

// TEXT with "[REDACTED]" in place of its credentials.
std::string RedactUrl(const std::string& text);

}  // namespace atrest::broker
