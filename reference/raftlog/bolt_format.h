// Constants of a bolt database file, shared by what reads and what writes one. Specification:
// cluster.md 1.1; grammar and a worked example: FORMAT.md. All integers of the file are
// little-endian.
// Persisted: do not change any of these values.
#pragma once

#include <cstddef>
#include <cstdint>

namespace atrest::raftlog {

using PageId = uint64_t;

inline constexpr size_t kPageHeaderSize = 16;  // id, flags, count, overflow
inline constexpr size_t kElementSize = 16;     // of branch and leaf pages alike
inline constexpr size_t kBucketHeaderSize = 16;
inline constexpr size_t kMetaSize = 64;
inline constexpr size_t kMetaChecksumAt = 56;  // within the meta

inline constexpr uint16_t kBranchPage = 0x01;
inline constexpr uint16_t kLeafPage = 0x02;
inline constexpr uint16_t kMetaPage = 0x04;
inline constexpr uint16_t kFreelistPage = 0x10;

inline constexpr uint32_t kBucketFlag = 0x01;  // of a leaf's element: its value is a bucket

inline constexpr uint32_t kBoltMagic = 0xED0CDAED;
inline constexpr uint32_t kBoltVersion = 2;
inline constexpr PageId kNoFreelist = 0xFFFFFFFFFFFFFFFF;
inline constexpr PageId kMetaPages = 2;  // pages 0 and 1

// Of a new file. The real server takes the operating system's page size.
inline constexpr uint32_t kDefaultPageSize = 4096;
// Where a reader looks for the second meta when the first is damaged: 1024 << 0 to 1024 << 14. No
// other page size is accepted.
inline constexpr uint32_t kPageSizeMin = 1024;
inline constexpr uint32_t kPageSizeMax = kPageSizeMin << 14;

// The header's count of a freelist page with more entries; the first of them is their number then.
inline constexpr uint16_t kFreelistCountInBody = 0xFFFF;

inline constexpr size_t kKeySizeMax = 32768;

// A tree that is deeper than this is damaged: at two keys a branch page it would hold 2^64 pages.
inline constexpr int kTreeDepthMax = 64;

// Growth of the file: powers of two from the first up to the second, in steps of the second above.
inline constexpr uint64_t kFileSizeMin = uint64_t{1} << 15;
inline constexpr uint64_t kGrowthStep = uint64_t{1} << 24;
// Up to here the size of the real server's mapping doubles; above, it grows by this much.
inline constexpr uint64_t kMappingStep = uint64_t{1} << 30;

}  // namespace atrest::raftlog
