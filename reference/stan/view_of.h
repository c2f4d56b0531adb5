// Makes the views of monitoring (views.h) of what the server holds. Specification: options.md,
// section on monitoring.
// Threads: pure functions of their arguments.
#pragma once

#include <cstdint>

#include "reference/stan/channels.h"
#include "reference/stan/clients.h"
#include "reference/stan/views.h"

namespace atrest::stan {

ClientView ViewOf(const Client& client);
ChannelView ViewOf(const Channel& channel);
// Of active ones and offline durables.
uint64_t CountSubscriptions(const Channel& channel);

}  // namespace atrest::stan
