// Changes the files of a stopped target, as an accident or an attacker with the disk would: bytes,
// sizes, names, and single records with or without a repaired checksum. The operations are those of
// fixtures/damage/cases.json. Written from the format's description; shares no code with the reader
// or writer of the store.
// Errors: kInvalid where an operation does not fit the files (no such record, position outside the
// file).
// Threads: pure functions on the given file system.
#pragma once

#include <string>
#include <vector>

#include "harness/scenario/scenario.h"
#include "reference/base/status.h"
#include "reference/env/env.h"

namespace atrest::tamper {

// Applies OPERATIONS in order to the files below DIRECTORY.
Status Apply(const std::vector<scenario::TamperOperation>& operations, const std::string& directory,
             env::FileSystem& files);

}  // namespace atrest::tamper
