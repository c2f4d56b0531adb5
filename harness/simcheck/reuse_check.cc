#include "harness/simcheck/reuse_check.h"

namespace atrest::simcheck {

void ReuseCheck::OnSeal(const Seal& seal) {
  if (!seal.is_open()) return;
  const auto [first, is_new] =
      uses_.try_emplace(Use{seal.place, seal.keys[0], seal.code, seal.nonce}, &seal);
  if (is_new || first->second == &seal) return;
  const Sighting& before = first->second->first;
  Say(seal.first.node, "H-nonce-reuse",
      seal.first.where + ": the nonce " + ToHex(seal.nonce) + " under " +
          view_.keys().Name(seal.keys[0]) + ", as before on " + NameOf(before.node) + ", " +
          before.where);
}

}  // namespace atrest::simcheck
