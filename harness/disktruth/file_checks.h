// The checks of whole files.
//
// clear      only what may be in clear is there: every byte is accounted for by the format, and a
//            file that the format does not have is named;
// structure  index and data agree, sequences ascend and times do not decrease over the slices of a
//            channel, and each record is of the channel whose directory it is in.
//
// What a crash or the harness itself can have caused (torn tails, padding, records without an index
// entry, and all damage in a channel that was tampered with) is kInfo.
// Threads: pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "harness/disktruth/disk_finding.h"
#include "harness/disktruth/file_tree.h"
#include "harness/disktruth/store_files.h"

namespace atrest::disktruth {

// What may explain an irregular file.
struct Circumstances {
  bool may_be_unfinished = false;  // the target runs, or was killed once
  bool tampered = false;           // somebody else wrote to the channel or file
};

// One slice of a channel as last read.
struct Slice {
  std::string data_path;
  std::string index_path;
  bool has_data = false;
  bool has_index = false;
  DataFile data;
  IndexFile index;
};
using Slices = std::map<uint64_t, Slice>;  // by number

void CheckStrays(const std::string& path, const Strays& strays, const Circumstances& circumstances,
                 Findings& findings);
void CheckUnknownFile(const TreeEntry& entry, Findings& findings);

void CheckSlices(const std::string& channel, const Slices& slices,
                 const Circumstances& circumstances, Findings& findings);

}  // namespace atrest::disktruth
