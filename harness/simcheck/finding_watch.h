// Looks for what named_finding.h names, once for each name and node. A Checker only in that it
// looks when checkers do: it has no violations.
// Threads: none shared.
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "harness/simcheck/named_finding.h"
#include "harness/simcheck/shared_check.h"

namespace atrest::simcheck {

class FindingWatch : public SharedCheck {
 public:
  explicit FindingWatch(ClusterView& view) : SharedCheck("findings", view) {}

  const std::vector<NamedFinding>& findings() const { return findings_; }

 private:
  void JudgeNode(const sim::History& history, size_t node) override;
  void JudgeRest(const sim::History& history) override;

  void Find(const char* name, size_t node, std::string evidence);
  bool IsFound(const char* name, size_t node) const { return found_.contains({name, node}); }
  void FindPlainLog(const sim::History& history, size_t node);
  void FindUnencrypted(const sim::History& history, size_t node);
  void FindForged(const sim::History& history, size_t node);
  void FindResidue(const sim::History& history, size_t node);
  void FindDoubled(size_t node);
  void FindMixedKeys(size_t node);
  void FindForgotten(const sim::History& history, size_t node);
  // Where PAYLOAD was taken for a message; "" if nowhere.
  std::string AcceptedWhere(const sim::History& history, const std::string& channel,
                            const MessageNow& message);

  std::set<std::pair<std::string, size_t>> found_;
  std::vector<NamedFinding> findings_;
};

}  // namespace atrest::simcheck
