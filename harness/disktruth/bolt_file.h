// A bolt database file read byte by byte, as far as Raft logs need it (cluster.md 1.1): both metas,
// branch and leaf pages with their overflow, inline buckets, and every page that nothing reaches
// any more, whose old contents linger. The reader is the disk oracle's own: it shares no code with
// what wrote the file.
// Bytes are foreign: nothing here fails or recurses without bound, the work is linear in them, and
// what the format does not explain is named as damage while reading goes on.
// Ownership: keys and values are views of the bytes given, which must outlive them.
// Threads: none shared.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "reference/base/bytes.h"

namespace atrest::disktruth {

struct BoltMeta {
  bool is_whole =
      false;  // magic, version and checksum are right; else nothing below means anything
  uint32_t page_size = 0;
  uint64_t root = 0;
  uint64_t freelist = 0;
  uint64_t high_water = 0;  // the first page that was never allocated
  uint64_t transaction = 0;
};

struct BoltPair {
  ByteView key;
  ByteView value;
};

// Contiguous pages that the current state does not reach: free ones, and those behind the
// high-water mark.
struct UnusedPages {
  uint64_t offset = 0;
  uint64_t size = 0;
};

struct BoltDamage {
  uint64_t offset = 0;
  std::string what;
};

struct BoltFile {
  std::array<BoltMeta, 2> metas;
  const BoltMeta* meta = nullptr;  // the one in force, of METAS; nullptr if neither is whole
  std::map<std::string, std::vector<BoltPair>> buckets;  // at the top; pairs by key, ascending
  std::vector<UnusedPages> unused;                       // ascending
  std::vector<BoltDamage> damages;

  BoltFile() = default;
  BoltFile(const BoltFile&) = delete;
  BoltFile& operator=(const BoltFile&) = delete;

  // Whether OFFSET is in unused pages.
  bool IsUnused(uint64_t offset) const;
};

// Reads FILE into INTO, which must be new.
void ReadBoltFile(ByteView file, BoltFile& into);

}  // namespace atrest::disktruth
