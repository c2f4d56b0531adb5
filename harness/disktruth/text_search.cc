#include "harness/disktruth/text_search.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "reference/base/check.h"

namespace atrest::disktruth {
namespace {

constexpr unsigned kBitmapBits = 16;
constexpr uint64_t kMultiplier = 0x9E3779B97F4A7C15;
constexpr size_t kSlotsMin = 64;

uint64_t WindowAt(const uint8_t* at) {
  uint64_t window;
  std::memcpy(&window, at, sizeof(window));
  return window;
}

size_t BitOf(uint64_t window) { return window * kMultiplier >> (64 - kBitmapBits); }
size_t SlotOf(uint64_t window, size_t slots) { return (window * kMultiplier >> 20) & (slots - 1); }

}  // namespace

TextSearch::TextSearch() : slots_(kSlotsMin), seen_((size_t{1} << kBitmapBits) / 64) {}

void TextSearch::Add(std::string pattern, size_t tag) {
  ATREST_CHECK(pattern.size() >= kPatternMin);
  longest_ = std::max(longest_, pattern.size());
  patterns_.push_back({std::move(pattern), tag});
  if (patterns_.size() * 2 > slots_.size()) Grow();
  const std::string& text = patterns_.back().text;
  Insert(WindowAt(AsBytes(text).data()), static_cast<uint32_t>(patterns_.size()));
}

void TextSearch::Insert(uint64_t window, uint32_t pattern) {
  const size_t bit = BitOf(window);
  seen_[bit / 64] |= uint64_t{1} << bit % 64;
  size_t at = SlotOf(window, slots_.size());
  while (slots_[at].pattern != 0) at = (at + 1) & (slots_.size() - 1);
  slots_[at] = {window, pattern};
}

void TextSearch::Grow() {
  const std::vector<Slot> old = std::exchange(slots_, std::vector<Slot>(slots_.size() * 4));
  for (const Slot& slot : old) {
    if (slot.pattern != 0) Insert(slot.window, slot.pattern);
  }
}

void TextSearch::Find(ByteView bytes, size_t from,
                      const std::function<void(size_t, size_t)>& hit) const {
  if (patterns_.empty() || bytes.size() < kPatternMin) return;
  const size_t last = bytes.size() - kPatternMin;
  for (size_t at = from; at <= last; ++at) {
    const uint64_t window = WindowAt(bytes.data() + at);
    const size_t bit = BitOf(window);
    if ((seen_[bit / 64] >> bit % 64 & 1) == 0) continue;
    size_t slot = SlotOf(window, slots_.size());
    for (; slots_[slot].pattern != 0; slot = (slot + 1) & (slots_.size() - 1)) {
      if (slots_[slot].window != window) continue;
      const Pattern& pattern = patterns_[slots_[slot].pattern - 1];
      const bool fits = pattern.text.size() <= bytes.size() - at;
      if (fits && std::memcmp(bytes.data() + at, pattern.text.data(), pattern.text.size()) == 0) {
        hit(pattern.tag, at);
      }
    }
  }
}

}  // namespace atrest::disktruth
