// The process that kills what we started when we end in a way that runs no destructor. It is forked
// from us once, holds one end of a socket pair and nothing else, and lives in a session of its own,
// so that no signal of a terminal reaches it. The groups it is told of are killed when the other
// end is closed: when we are gone. Private to child_process.cc.
// Threads: any; Guard and Unguard are single messages.
#pragma once

#include <sys/types.h>

#include "reference/base/status.h"

namespace atrest::driver {

// Forks the guardian; once a process, later calls do nothing.
Status StartGuardian();
void Guard(pid_t group);
// Before GROUP's leader is reaped: afterwards its number may be another's.
void Unguard(pid_t group);

// In a freshly forked child: asks the kernel to kill it when the thread that forked it ends.
void DieWithTheParent();

}  // namespace atrest::driver
