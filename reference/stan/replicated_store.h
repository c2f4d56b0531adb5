// The store of a server in a cluster: server information and messages are those of the store below;
// clients and subscriptions are not stored at all, since the Raft log has them. What a store has of
// them from elsewhere is passed over, but for the highest id of a subscription.
// Specification: cluster.md 1 (what a node has on disk).
// Ownership: borrows the store below, which must outlive it; closes it with Close.
// Errors: those of the store below, and "too many subscriptions per channel" (kInvalid).
// Threads: one.
#pragma once

#include <memory>

#include "reference/store/limits.h"
#include "reference/store/store.h"

namespace atrest::stan {

// A subscription that comes with an id keeps it.
std::unique_ptr<store::Store> MakeReplicatedStore(store::Store& below,
                                                  const store::StoreLimits& limits);

}  // namespace atrest::stan
