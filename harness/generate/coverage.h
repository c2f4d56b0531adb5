// Which pairs of circumstances some generated scenarios have met: where the key came from, the
// switch, the configuration file, the cipher, what the store held at the start, how it was read.
// Bugs of options and stores mostly need two circumstances together, so pairs are what is counted;
// what no target like this one can meet is left out.
// Plain data of fixed size, so that processes can share one.
// Threads: values.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "harness/scenario/scenario.h"

namespace atrest::generate {

class Coverage {
 public:
  // The first STEPS steps of SCENARIO have been done.
  void Note(const scenario::Scenario& scenario, size_t steps = SIZE_MAX);
  void Add(const Coverage& other);

  struct Pair {
    std::string a;  // "key: variable"
    std::string b;
    uint64_t seen = 0;  // runs of a server
  };
  // All that a target with CAPABILITIES can meet, in a fixed order.
  std::vector<Pair> Pairs(const std::set<std::string>& capabilities) const;

 private:
  static constexpr size_t kValues = 32;  // of all circumstances together, at most
  std::array<std::array<uint64_t, kValues>, kValues> seen_{};
};

// "pairs seen: 310 of 320", and the unseen ones, one a line.
std::string CoverageText(const std::vector<Coverage::Pair>& pairs);

}  // namespace atrest::generate
