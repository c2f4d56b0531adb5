// What a NATS client says of itself in CONNECT, and how a further CONNECT changes it. Not for
// judging it: credentials and protocol are the broker's. Specification: wire.md 1.3.
// Errors: kInvalid with the text of Go's encoding/json, as the real server logs it.
// Threads: values and a pure function.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "reference/base/status.h"

namespace atrest::broker {

struct ConnectOptions {
  bool verbose = true;
  bool pedantic = true;
  bool echo = true;
  bool headers = false;
  bool no_responders = false;
  bool tls_required = false;
  bool new_account = false;
  int64_t protocol = 0;
  std::string user;
  std::string pass;
  std::string auth_token;
  std::string account;
  std::string name;
  std::string lang;
  std::string version;
  // Accepted and not used: there are neither nkeys nor JWTs here.
  std::string nkey;
  std::string jwt;
  std::string sig;
};

// Writes the members that JSON gives over OPTIONS: those that are absent or null stay, names are
// compared without case, unknown ones are ignored. After an error OPTIONS is of no use.
Status MergeConnect(std::string_view json, ConnectOptions& options);

}  // namespace atrest::broker
