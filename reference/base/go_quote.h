// Text in quotes as Go's %q prints it: error and log texts of the real server are made with it.
// Threads: a pure function.
#pragma once

#include <string>
#include <string_view>

namespace atrest {

// TEXT in double quotes, with the quote, the backslash, control characters and bytes that are not
// UTF-8 escaped. Code points above U+00FF are all taken to be printable.
std::string GoQuote(std::string_view text);

}  // namespace atrest
