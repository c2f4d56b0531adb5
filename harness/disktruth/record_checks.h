// The checks of one record by itself. Each adds what it has against the record.
//
// records  opens under the derived key expected for it, and under no other key of the run;
// cipher   the code byte is that of the cipher that was in force, and of the cipher that sealed it;
//          empty payloads have no data; sealing adds 29 bytes.
//
// Where several settings can have been in force, any of them will do.
// Threads: pure.
#pragma once

#include "harness/disktruth/seen_record.h"

namespace atrest::disktruth {

void CheckRecordKey(const SeenRecord& record, const KeyRing& keys, Findings& findings);
void CheckRecordCipher(const SeenRecord& record, Findings& findings);

}  // namespace atrest::disktruth
