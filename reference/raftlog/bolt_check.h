// What the real server checks of a bolt file before it uses it: every page that can be reached from
// the root is a branch or leaf page, lies below the high-water mark, is reached once, and has its
// keys in order. What is left is free; that is how a file without a stored freelist gets its free
// pages. Specification: cluster.md 1.1.
// Errors: kCorrupt with the first objection, in the order in which the real server, which panics,
// finds them: all pages of a bucket, then its keys, then the buckets in it.
// Bounded: a page is visited once, and trees and buckets have a greatest depth.
// Threads: none shared.
#pragma once

#include <functional>
#include <set>

#include "reference/raftlog/bolt_page.h"

namespace atrest::raftlog {

struct Page {
  NodePtr node;
  uint32_t overflow = 0;
};

using PageLoader = std::function<Result<Page>(PageId)>;

// The pages that the tree at META's root and its buckets occupy, overflow pages included. LOAD
// gives a page, after checking that it is the one asked for.
Result<std::set<PageId>> ReachablePages(const Meta& meta, const PageLoader& load);

}  // namespace atrest::raftlog
