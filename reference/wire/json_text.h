// Text as a JSON string, as Go's encoding/json writes it. Not for reading JSON.
// Threads: a pure function; it cannot fail. Bytes that are no UTF-8 go through unchanged.
#pragma once

#include <string>
#include <string_view>

namespace atrest::wire {

// TEXT in double quotes; the quote, the backslash, control characters, <, > and & are escaped.
std::string JsonString(std::string_view text);

}  // namespace atrest::wire
