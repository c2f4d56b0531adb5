// Where the commands of a node's Raft log stand in its file, for changes in place: found by the
// disk oracle's reader of bolt files and a walk over each entry (cluster.md 1.1 to 1.3), not by
// what wrote them. Commands can be taken out and buckets emptied there, too. No checksum of the
// file covers an entry or a page of them.
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "harness/tamper/record_bytes.h"
#include "reference/base/bytes.h"

namespace atrest::tamper {

// Whether FILE, a path, is named as a Raft log is.
bool IsRaftLog(const std::string& file);

// Command NUMBER of the log in its order, counted from 1: its payload is the whole entry, its data
// what is sealed where the log is. nullopt if there is none.
std::optional<RecordPlace> FindCommand(ByteView file, uint64_t number);

// Takes command NUMBER out of its page. False if there is none, or it is in an inline bucket.
bool RemoveCommand(Bytes& file, uint64_t number);

// The bucket's tree is an empty page from now on. False if there is no such bucket.
bool EmptyBucket(Bytes& file, const std::string& bucket);

}  // namespace atrest::tamper
