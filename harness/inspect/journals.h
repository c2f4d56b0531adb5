// server.dat, clients.dat and subs.dat: what is left after their undamaged records have been
// replayed in order. INSPECT.md; specification, standalone.md 1.3 to 1.5.
// Threads: pure functions.
#pragma once

#include <optional>
#include <vector>

#include "harness/inspect/framing.h"
#include "reference/store/journal.h"
#include "reference/store/store.h"

namespace atrest::inspect {

// Each adds the damage of the file to DAMAGE, in any order.
std::optional<store::ServerInfo> ReadServer(ByteView file, const Crc32& crc,
                                            std::vector<DamagedBytes>& damage);
// By id.
std::vector<store::ClientInfo> ReadClients(ByteView file, const Crc32& crc,
                                           std::vector<DamagedBytes>& damage);
std::vector<store::RecoveredSubscription> ReadSubscriptions(ByteView file, const Crc32& crc,
                                                            std::vector<DamagedBytes>& damage);

}  // namespace atrest::inspect
