// The numbers and names of the file store's format, shared by what reads it and what writes it.
// FORMAT.md explains them; specification, standalone.md 1.1, 1.2 and 1.6. All of it is persisted:
// do not change.
#pragma once

#include <cstddef>
#include <cstdint>

namespace atrest::store {

// Every file starts with its version; the first record follows.
inline constexpr uint32_t kFileVersion = 1;
inline constexpr uint64_t kFirstOffset = 4;

// le32 size (typed records: type << 24 | size), le32 CRC-32 of the payload; the payload follows.
inline constexpr size_t kRecordHeaderSize = 8;
inline constexpr uint32_t kMaxTypedSize = 0xFFFFFF;

// le64 sequence, le64 offset of the record in the data file, le64 timestamp, le32 payload size,
// le32 CRC-32 of these 28 bytes.
inline constexpr size_t kIndexRecordSize = 32;
inline constexpr size_t kIndexCrcAt = 28;

// What a message counts for beyond its payload, in limits and in monitoring.
inline constexpr uint64_t kMessageOverhead = kRecordHeaderSize + kIndexRecordSize;

inline constexpr char kServerFile[] = "server.dat";
inline constexpr char kClientsFile[] = "clients.dat";
inline constexpr char kSubscriptionsFile[] = "subs.dat";
inline constexpr char kSubscriptionsTemporary[] = "subs";
inline constexpr char kTruncateWitness[] = ".truncate.lck";
inline constexpr char kSlicePrefix[] = "msgs.";
inline constexpr char kDataSuffix[] = ".dat";
inline constexpr char kIndexSuffix[] = ".idx";

}  // namespace atrest::store
