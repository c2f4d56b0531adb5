// Brings one slice back after a start: from its index if that and the last message agree, else
// from the data file, writing the index anew. The steps, and which damage each notices, are in
// FORMAT.md; specification, standalone.md 1.7.
// Nothing is decrypted, and data behind the last index record is not looked at.
// Threads: one.
#pragma once

#include "reference/base/status.h"
#include "reference/store/file_context.h"
#include "reference/store/slice.h"

namespace atrest::store {

// Fills in SLICE's counts; a count of 0 is an empty slice. HAD_INDEX: the index file existed before
// it was opened. On failure the index file has been removed, so that the next start reads the data
// file again. REQUIRES: both files are open; no counts yet.
Status RecoverSlice(const FileContext& context, Slice& slice, bool had_index);

}  // namespace atrest::store
