// The changes that make starts simpler.
// Private to harness/shrink.
// Threads: pure functions.
#pragma once

#include <vector>

#include "harness/shrink/search.h"

namespace atrest::shrink {

// Every setting that has nothing to do with encryption goes: a change for each, in all starts.
std::vector<Change> DropOtherSettings();

// Encryption, the cipher, the key: in all starts.
std::vector<Change> SimplifyEncryption();

// Each setting of the start that is step AT.
std::vector<Change> SimplifyStart(size_t at);

}  // namespace atrest::shrink
