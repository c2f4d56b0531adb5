// The checker "nonce-reuse": no nonce seals two things under one derived key and cipher, over the
// whole history of all nodes (cluster.md 1.6), whatever lingers in free pages included. Nodes with
// the same key are one: a channel's key is the same on all of them.
// The same sealed bytes seen again, wherever, are the same use.
// Threads: none shared.
#pragma once

#include <array>
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

  std::map<Use, const Seal*> uses_;
};

}  // namespace atrest::simcheck
