// What the configuration parser does with single values: numbers of tokens, the weight of a copy.
// Not for syntax (config_scanner.h, nats_config.h).
// Section: options.md 2.2.
// Errors: Status kInvalid with the real server's text, without the text of a secret.
// Threads: pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "reference/base/status.h"
#include "reference/server/config_scanner.h"

namespace atrest::server {

std::string AsciiLower(std::string_view text);

// REQUIRES: not a variable. SECRET: an error does not repeat the token.
Result<ConfigValue> ConfigScalar(const ConfigToken& token, bool secret);

// Levels of VALUE, 1 for a scalar; adds its approximate size to BYTES.
int WeighConfig(const ConfigValue& value, size_t& bytes);

}  // namespace atrest::server
