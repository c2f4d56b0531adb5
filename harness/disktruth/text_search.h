// Searches bytes for many patterns at once, in one pass that costs about the same per byte however
// many there are: the first eight bytes of each pattern are kept in a hash table behind a bitmap,
// and each position of the searched bytes is looked up by its eight bytes.
// Adding is cheap, as patterns come one by one while a run publishes.
// Threads: none shared.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "reference/base/bytes.h"

namespace atrest::disktruth {

class TextSearch {
 public:
  static constexpr size_t kPatternMin = 8;

  TextSearch();

  // TAG comes back with each hit. REQUIRES: PATTERN has at least kPatternMin bytes.
  void Add(std::string pattern, size_t tag);

  // Calls HIT(tag, offset) for every occurrence that begins at FROM or behind it, by offset.
  void Find(ByteView bytes, size_t from, const std::function<void(size_t, size_t)>& hit) const;

  // Bytes before the end of a text in which an occurrence may have begun that ends behind it.
  size_t overlap() const { return longest_ > 0 ? longest_ - 1 : 0; }

 private:
  struct Pattern {
    std::string text;
    size_t tag = 0;
  };
  struct Slot {
    uint64_t window = 0;
    uint32_t pattern = 0;  // its number plus one; 0 for an empty slot
  };

  void Insert(uint64_t window, uint32_t pattern);
  void Grow();

  std::vector<Pattern> patterns_;
  std::vector<Slot> slots_;     // open addressing; a power of two, at most half full
  std::vector<uint64_t> seen_;  // bitmap by hash
  size_t longest_ = 0;
};

}  // namespace atrest::disktruth
