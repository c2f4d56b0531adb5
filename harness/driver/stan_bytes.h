// The few messages of the streaming protocol that a driver makes or reads itself, since no client
// library does it that way. Specification: clients.md (PubMsg, PubAck).
// Threads: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace atrest::driver {

// A PubMsg of CLIENT, with this id, to CHANNEL, whose data field is there and empty.
std::string ExplicitlyEmpty(std::string_view client, std::string_view id, std::string_view channel);

// The error in a PubAck, "" for none; nullopt if BYTES are no PubAck.
std::optional<std::string> ErrorOfAck(std::string_view bytes);

}  // namespace atrest::driver
