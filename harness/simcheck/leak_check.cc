#include "harness/simcheck/leak_check.h"

#include <algorithm>
#include <array>

namespace atrest::simcheck {
namespace {

constexpr size_t kWindow = 16;
constexpr size_t kDistinctMin = 6;

bool CannotBeChance(ByteView window) {
  std::array<bool, 256> seen = {};
  for (const uint8_t byte : window) seen[byte] = true;
  return static_cast<size_t>(std::ranges::count(seen, true)) >= kDistinctMin;
}

// What says that the file NAME has no payload in clear.
const char* RequirementOn(const std::string& name) {
  if (name.starts_with("store/")) return "D-01";
  return name.starts_with("raft/snapshots/") ? "K-raft-snapshot" : "D-10";
}

}  // namespace

void LeakCheck::LearnPayloads() {
  const auto& published = view_.history().published;
  for (; learnt_ < published.size(); ++learnt_) {
    const ByteView payload = published[learnt_].payload;
    if (payload.size() < kWindow) continue;
    const size_t last = payload.size() - kWindow;
    for (const size_t at : {size_t{0}, last / 2, last}) {
      const ByteView window = payload.subspan(at, kWindow);
      std::string text(AsText(window));
      if (!CannotBeChance(window) || !windows_.insert(text).second) continue;
      search_.Add(std::move(text), learnt_);
    }
  }
}

void LeakCheck::OnSeal(const Seal& seal) {
  constexpr size_t kPrefix = 4;
  if (!seal.is_open() || seal.plain.size() < kPrefix) return;
  const ByteView nonce = seal.nonce;
  if (!Equal(nonce.first(kPrefix), ByteView(seal.plain).first(kPrefix))) return;
  Say(seal.first.node, "K-nonce-counter",
      seal.first.where + ": the nonce begins with what it seals, " + ToHex(nonce));
}

void LeakCheck::OnBytes(size_t node, const std::string& name, ByteView bytes,
                        const std::vector<ByteRange>& fresh) {
  LearnPayloads();
  const Leeway leeway = LeewayNow(node);
  const bool in_store = name.starts_with("store/");
  if (in_store ? leeway.clear_store : leeway.clear_log) return;
  std::set<size_t>& put_there = put_there_[node];
  if (!leeway.clear_put_there) put_there.clear();
  const bool is_put_there = leeway.clear_put_there && !in_store &&
                            IsJustDamaged(view_.history().nodes[node], view_.node(node));
  std::set<size_t> found;  // a payload once
  for (const ByteRange& range : fresh) {
    const size_t begin = range.begin > kWindow ? range.begin - kWindow : 0;
    const size_t end = std::min(range.end + kWindow, bytes.size());
    search_.Find(bytes.subspan(begin, end - begin), 0, [&](size_t published, size_t offset) {
      if (!found.insert(published).second) return;
      if (is_put_there) put_there.insert(published);
      if (!in_store && put_there.contains(published)) return;
      Say(node, RequirementOn(name),
          name + " at " + std::to_string(begin + offset) + ": the payload of guid " +
              view_.history().published[published].guid + " in clear");
    });
  }
}

}  // namespace atrest::simcheck
