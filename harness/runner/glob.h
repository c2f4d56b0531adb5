// Patterns of ids and messages: '*' stands for any characters, '?' for one.
// Threads: pure functions.
#pragma once

#include <string_view>

namespace atrest::runner {

bool MatchesGlob(std::string_view pattern, std::string_view text);

}  // namespace atrest::runner
