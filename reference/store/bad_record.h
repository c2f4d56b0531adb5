// What recovery does about a record that cannot be read: it writes what is there to the log, byte
// for byte, and, where the options allow it, cuts a torn tail off. The lines are the real
// server's; specification, standalone.md 1.8. They hold the stored bytes of the record, so an
// unencrypted payload reaches the log in clear.
// Threads: one.
#pragma once

#include <string>

#include "reference/base/status.h"
#include "reference/env/env.h"
#include "reference/store/file_context.h"
#include "reference/store/record.h"

namespace atrest::store {

// READER has stopped, with neither kEnd nor kZeroPadding, in FILE at PATH (or, for one odd case, in
// another file: FORMAT.md). Ok if FILE has been truncated to where the record starts and recovery
// goes on; otherwise READER's status.
Status HandleBadRecord(const FileContext& context, env::File& file, const std::string& path,
                       Framing framing, const RecordReader& reader);

}  // namespace atrest::store
