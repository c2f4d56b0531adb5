// UTF-8 in text of foreign origin. The formats put no condition on their strings, so that names and
// ids may be any bytes where a person or JSON wants text.
// Threads: pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace atrest {

// The bytes of the UTF-8 character that TEXT begins with, 1 to 4; 0 if it begins with none.
// Overlong forms and surrogates are none.
size_t Utf8Length(std::string_view text);

// TEXT with U+FFFD in place of each byte that is not part of a character.
std::string ReplaceBadUtf8(std::string_view text);

}  // namespace atrest
