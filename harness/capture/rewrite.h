// The files of a store with stand-ins in place of what was in them (disguise.h), byte for byte of
// the same sizes: records stay where they are, sealed data is sealed anew with the same cipher and
// nonce, checksums that were right are right again and those that were not stay as they were. Bytes
// that belong to no record are overwritten where they are not zero.
// The format is reference/store/FORMAT.md's.
// Private to harness/capture.
// Threads: none shared.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "harness/capture/disguise.h"
#include "harness/inspect/inspection.h"
#include "reference/base/bytes.h"
#include "reference/base/crc32.h"
#include "reference/base/status.h"

namespace atrest::capture {

// What is known of the messages of one slice, by the offsets of their records.
using SliceMessages = std::map<uint64_t, const inspect::StoredMessage*>;

// A message file of CHANNEL (its original name). RESUME_AT: as inspect::ReadRecords.
Result<Bytes> RewriteMessages(Bytes file, const std::string& channel, const SliceMessages& messages,
                              const std::vector<uint64_t>& resume_at, const Crc32& crc,
                              Disguise& disguise);

// clients.dat, subs.dat.
Result<Bytes> RewriteJournal(Bytes file, const Crc32& crc, Disguise& disguise);

// server.dat: CLUSTER_ID wherever it stands as a part of a subject.
Result<Bytes> RewriteServer(Bytes file, const std::string& cluster_id, const Crc32& crc,
                            Disguise& disguise);

}  // namespace atrest::capture
