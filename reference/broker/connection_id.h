// The name of a TCP connection, accepted or dialed: given by the host of sockets (tcp_host.h),
// ascending, never used twice, and shared with the state machines that answer it. Not the `cid` of
// log lines and INFO, which is the broker's own.
// Threads: a value.
#pragma once

#include <cstdint>

namespace atrest::broker {

using ConnectionId = uint64_t;

}  // namespace atrest::broker
