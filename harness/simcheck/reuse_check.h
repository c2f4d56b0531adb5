// The checker "nonce-reuse": no nonce seals two things under one derived key and cipher, over the
// whole history of all nodes (cluster.md 1.6), whatever lingers in free pages included; entries are
// looked at before they are removed (sim::Checker::OnLook). Nodes with the same key are one: a
// channel's key is the same on all of them.
// The same sealed bytes seen again are the same use; but no two sequences of a channel, and no two
// entries of a log, have the same.
// Threads: none shared.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>

#include "harness/simcheck/shared_check.h"

namespace atrest::simcheck {

class ReuseCheck : public SharedCheck {
 public:
  explicit ReuseCheck(ClusterView& view) : SharedCheck("nonce-reuse", view) {}

 private:
  using Nonce = std::array<uint8_t, disktruth::kNonceBytes>;
  using Use = std::tuple<std::string, KeyId, uint8_t, Nonce>;  // place, key, code, nonce

  void OnSeal(const Seal& seal) override;
  void OnEntry(size_t node, const LogRecord& record) override;
  void OnStored(size_t node, const std::string& channel, const MessageNow& message) override;
  void JudgePlace(size_t node, const Seal& seal, uint64_t number, const std::string& where);

  std::map<Use, const Seal*> uses_;
  std::map<uint64_t, uint64_t> places_;  // by number of seal: its sequence, or index
};

}  // namespace atrest::simcheck
