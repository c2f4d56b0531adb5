// The pages of a raft.log for the inspector: what the buckets hold and what free leaf pages still
// hold, with reading that goes on beside damage. RAFT.md, pages. Not for a server's reading, which
// ends at the first damage: reference/raftlog/bolt_pager.h.
// Work is linear in the file: a page is read once, and no size of a damaged page is believed.
// Threads: a pure function.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/inspect/raft_inspection.h"

namespace atrest::inspect {

struct LocatedElement {
  raftlog::PageId page = 0;
  raftlog::Element element;
};

struct FreeLeaf {
  raftlog::PageId page = 0;
  std::vector<raftlog::Element> elements;
};

struct RaftPages {
  std::array<std::optional<raftlog::Meta>, 2> metas;
  std::map<std::string, std::vector<LocatedElement>> buckets;  // by name; elements by key
  std::vector<FreeLeaf> free_leaves;                           // by page
  std::vector<RaftDamage> damage;
};

// FILE: all of it. FILE_NAME is for the damage.
RaftPages ReadRaftPages(ByteView file, const std::string& file_name);

}  // namespace atrest::inspect
