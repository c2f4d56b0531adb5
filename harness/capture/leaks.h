// Looks for what must not be in a captured store: in the bytes of every file below a directory and
// in the names of files and directories.
// Private to harness/capture.
// Threads: none shared.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "reference/base/status.h"
#include "reference/env/env.h"

namespace atrest::capture {

// Texts that are shorter, or nothing but zero bytes, are found everywhere by chance.
inline constexpr size_t kLeakSizeMin = 8;
// Of names and keys, which are fewer.
inline constexpr size_t kNameLeakSizeMin = 6;

struct Secrets {
  std::set<std::string> payloads;
  std::set<std::string> names;  // keys, too
};

// The places of what is found: "PATH at OFFSET", and never the text.
Result<std::vector<std::string>> FindLeaks(env::FileSystem& files, const std::string& directory,
                                           const Secrets& secrets);

}  // namespace atrest::capture
