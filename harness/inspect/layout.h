// Which files of a directory belong to a file store (specification, standalone.md 1.1), and which
// do not: INSPECT.md, other_files.
// Errors: the Status of a directory that cannot be listed.
// Threads: pure but for the listing.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "reference/base/status.h"
#include "reference/env/env.h"

namespace atrest::inspect {

struct ChannelFiles {
  bool subscriptions = false;       // has subs.dat
  std::map<uint64_t, bool> slices;  // number of each msgs.N.dat: whether it has a msgs.N.idx
};

struct Layout {
  bool server = false;
  bool clients = false;
  std::map<std::string, ChannelFiles> channels;
  std::vector<std::string> other_files;  // by path
};

Result<Layout> ReadLayout(env::FileSystem& files, const std::string& directory);

// "CHANNEL/msgs.NUMBERSUFFIX", relative to the store.
std::string SliceName(const std::string& channel, uint64_t number, const char* suffix);

}  // namespace atrest::inspect
