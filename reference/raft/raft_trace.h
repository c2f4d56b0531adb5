// Messages and writes as one line of text each, for traces and failing tests: "a>b 3 append after
// 5/2 +3 commit 4", "store 6..8". The term of a message stands in front, that of an entry behind a
// slash.
// Threads: pure functions.
#pragma once

#include <string>

#include "reference/raft/raft_output.h"

namespace atrest::raft {

std::string MessageText(const Message& message);
std::string WriteText(const Write& write);
const char* RoleText(Role role);

}  // namespace atrest::raft
