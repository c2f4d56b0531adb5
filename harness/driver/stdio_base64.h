// Base64 (RFC 4648 section 4, with padding), as payloads and keys are written in the protocol of
// adapters.
// Threads: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace atrest::driver {

std::string ToBase64(std::string_view bytes);
// nullopt for anything but what ToBase64 makes.
std::optional<std::string> FromBase64(std::string_view text);

}  // namespace atrest::driver
