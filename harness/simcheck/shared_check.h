// What the checkers of this folder have in common: they look at one ClusterView, are told of what
// is new in it, and say each violation once.
// Ownership: the view is borrowed.
// Threads: none shared.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "harness/simcheck/cluster_view.h"
#include "harness/simcheck/documented_outcomes.h"
#include "reference/sim/checker.h"

namespace atrest::simcheck {

class SharedCheck : public sim::Checker, protected Observer {
 public:
  SharedCheck(const SharedCheck&) = delete;
  SharedCheck& operator=(const SharedCheck&) = delete;

  const char* name() const override { return name_; }
  // Takes in what is new, and judges nothing that needs a node to be down or all to be quiet.
  void OnLook(const sim::History& history, size_t node,
              std::vector<sim::Violation>& found) override;
  void OnNodeDown(const sim::History& history, size_t node,
                  std::vector<sim::Violation>& found) override;
  void AtRest(const sim::History& history, std::vector<sim::Violation>& found) override;

 protected:
  SharedCheck(const char* name, ClusterView& view) : name_(name), view_(view) { view.Add(this); }

  // After NODE's files were read; after all were, and all is quiet.
  virtual void JudgeNode(const sim::History&, size_t /*node*/) {}
  virtual void JudgeRest(const sim::History&) {}

  // NODE: its number, or kCluster.
  static constexpr size_t kCluster = SIZE_MAX;
  void Say(size_t node, const char* requirement, std::string text);
  const Leeway& LeewayNow(size_t node) const { return view_.LeewayNow(node); }
  std::string NameOf(size_t node) const { return "node " + view_.history().nodes[node].id; }

  const char* const name_;
  ClusterView& view_;

 private:
  void HandOver(std::vector<sim::Violation>& found);

  uint64_t round_ = 0;
  std::vector<sim::Violation> pending_;
  std::set<std::string> said_;
};

}  // namespace atrest::simcheck
