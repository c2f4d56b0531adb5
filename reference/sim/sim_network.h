// How long messages take between the sites of a simulation (nodes and clients), and which arrive at
// all. Fault model:
// - A datagram (what consensus sends) may be lost, come twice, be overtaken, each with its own
//   probability, and takes a random time between two bounds. Nothing of it is ever damaged.
// - A stream (what goes over NATS) is in order and loses nothing, but takes as long.
// - A way may be cut, in one direction: nothing that is sent on it arrives. What is under way when
//   a way is cut still does.
// Not for contents: whoever sends asks when it arrives, and delivers it.
// Threads: one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "reference/base/random.h"

namespace atrest::sim {

using Site = size_t;

// The default is a network without faults.
struct NetworkFaults {
  uint32_t loss_permille = 0;       // of datagrams
  uint32_t duplicate_permille = 0;  // of datagrams
  uint32_t reorder_permille = 0;    // of datagrams that take up to REORDER_NS longer
  int64_t reorder_ns = 0;
  int64_t delay_min_ns = 100'000;
  int64_t delay_max_ns = 1'000'000;
};

class SimNetwork {
 public:
  explicit SimNetwork(uint64_t seed) : random_(seed) {}

  void SetFaults(const NetworkFaults& faults) { faults_ = faults; }
  const NetworkFaults& faults() const { return faults_; }
  void Cut(Site from, Site to) { cut_.insert({from, to}); }
  void HealCuts() { cut_.clear(); }
  bool IsCut(Site from, Site to) const { return cut_.contains({from, to}); }
  bool has_cuts() const { return !cut_.empty(); }

  // When a datagram that is sent now arrives; up to twice.
  struct Arrivals {
    size_t count = 0;
    std::array<int64_t, 2> at_ns{};
  };
  Arrivals SendDatagram(int64_t now_ns, Site from, Site to);
  // When what is sent now on the stream arrives, behind all before it; nullopt if the way is cut.
  std::optional<int64_t> SendOnStream(int64_t now_ns, Site from, Site to);

 private:
  bool Happens(uint32_t permille) { return permille > 0 && random_.Below(1000) < permille; }
  int64_t Delay();

  Random random_;
  NetworkFaults faults_;
  std::set<std::pair<Site, Site>> cut_;
  std::map<std::pair<Site, Site>, int64_t> last_on_stream_;
};

}  // namespace atrest::sim
