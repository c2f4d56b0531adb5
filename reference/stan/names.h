// Which names clients may choose, and the keys that are made of them. Specification: wire.md 2.3
// (client ids), 2.6 (channels), 2.7 (durables).
// Threads: pure functions.
#pragma once

#include <string>
#include <string_view>

namespace atrest::stan {

// True if NAME is not empty and has no '/', no wildcard and no empty token.
bool IsValidChannelName(std::string_view name);

// True if ID is one or more of 0-9A-Za-z_-.
bool IsValidClientId(std::string_view id);

// NAME with A-Z as a-z: two channels may not differ in case alone.
std::string LowerCase(std::string_view name);

// The key of a durable in its channel.
std::string DurableKey(const std::string& client_id, const std::string& channel,
                       const std::string& durable_name);

}  // namespace atrest::stan
