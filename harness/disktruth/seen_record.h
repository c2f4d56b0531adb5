// A stored record that a look saw for the first time, with all that is known of it: what the checks
// of single records judge.
// Ownership: views and pointers are good while the look lasts.
// Threads: none shared.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/disktruth/history.h"
#include "harness/disktruth/key_ring.h"
#include "harness/disktruth/store_files.h"

namespace atrest::disktruth {

struct SeenRecord {
  std::string channel;
  std::string file;
  const StoredRecord* stored = nullptr;
  ByteView data;  // field 4, or empty
  std::optional<Opening> opening;
  std::vector<Opening> more_openings;  // only where every key is tried
  const Publication* publication = nullptr;
  // Whether PUBLICATION was found by its place only: the record could not be opened.
  bool by_order = false;
  // The settings that can have been in force when it was written.
  std::vector<const Mode*> modes;
  bool is_plain = false;  // stored exactly as it was published while encryption was off
  // The start of the target that wrote it, counted from 1; 0 where several can have.
  size_t start = 0;
  bool start_is_unclear = false;  // equal payloads were published in several
};

// A finding at the record's data, or at the record where it has none.
Finding At(const SeenRecord& record, Check check, const std::string& requirement,
           std::string expected, std::string seen);

}  // namespace atrest::disktruth
