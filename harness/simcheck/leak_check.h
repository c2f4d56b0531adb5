// The checker "leak": no payload byte is in any file of a node outside what cluster.md 3k has in
// clear. Of every payload of 16 bytes or more that clients sent, windows of 16 bytes (at its begin,
// middle and end) are searched for in everything that is new in the node's files, used or free,
// while encryption has always been on there; after a start without it, residue is lawful, and
// reported by name alone (named_finding.h).
// Nor do nonces begin with a payload's first bytes.
// Payloads of few different bytes could occur by chance and are not searched for.
// Threads: none shared.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "harness/disktruth/text_search.h"
#include "harness/simcheck/shared_check.h"

namespace atrest::simcheck {

class LeakCheck : public SharedCheck {
 public:
  explicit LeakCheck(ClusterView& view) : SharedCheck("leak", view) {}

 private:
  void OnBytes(size_t node, const std::string& name, ByteView bytes,
               const std::vector<ByteRange>& fresh) override;
  void OnSeal(const Seal& seal) override;
  void LearnPayloads();

  disktruth::TextSearch search_;
  std::set<std::string> windows_;
  std::map<size_t, std::set<size_t>> put_there_;  // by node: payloads that a damage left in its log
  size_t learnt_ = 0;                             // of History::published
};

}  // namespace atrest::simcheck
