// Paths as text, for the file systems of this folder. Threads: pure functions.
#pragma once

#include <string>
#include <vector>

namespace atrest::env {

// The directories to make, outermost first, so that PATH exists: "/a//b" gives "/a", "/a//b". PATH
// itself is the last, also when it is "". Empty for the root.
std::vector<std::string> PathPrefixes(const std::string& path);

}  // namespace atrest::env
