// What the faults of the area raftlog that need more than a line do in raft_log.cc (base/fault.h):
// asked instead of the envelope while any fault is on. With none of theirs on, SealAs and OpenAs
// are Envelope's Seal and Open.
// Errors: those of crypto/envelope.h.
// Threads: as the log.
#pragma once

#include <cstdint>

#include "reference/base/check.h"
#include "reference/crypto/envelope.h"
#include "reference/raftlog/raft_entry.h"

namespace atrest::raftlog::faults {

#ifdef ATREST_FAULTS

// Whether ENTRY, which is to be sealed, is stored as it is. IS_FIRST: of its transaction.
bool StaysClear(const LogEntry& entry, bool is_first, int64_t now_ns);
// The data of ENTRY, sealed.
Bytes SealAs(crypto::Envelope& envelope, const LogEntry& entry, bool is_first);
// What STORED, the data of an entry, says. CONFIGURED is what the node seals with.
Result<Bytes> OpenAs(const crypto::Envelope& envelope, crypto::Cipher configured,
                     const Bytes& stored);

#else

// Never called: without faults none is on.
inline bool StaysClear(const LogEntry&, bool, int64_t) { return false; }
inline Bytes SealAs(crypto::Envelope&, const LogEntry&, bool) {
  ATREST_CHECK(false);
  return {};
}
inline Result<Bytes> OpenAs(const crypto::Envelope&, crypto::Cipher, const Bytes&) {
  ATREST_CHECK(false);
  return Bytes();
}

#endif

}  // namespace atrest::raftlog::faults
