// Passwords and tokens as options hold them: plain text, or a bcrypt hash (`$2a$10$...`), which the
// C library's crypt checks. Not for making hashes. Specification: wire.md 1.8.
// A hash costs the time that it was made to cost. Threads: pure functions; none can fail.
#pragma once

#include <string>

namespace atrest::broker {

bool IsBcrypt(const std::string& configured);
// True if GIVEN is what CONFIGURED asks for. Of a password with a NUL no hash is taken.
bool PasswordMatches(const std::string& configured, const std::string& given);

}  // namespace atrest::broker
