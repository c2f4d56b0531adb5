#include "reference/sim/sim_network.h"

#include <algorithm>

namespace atrest::sim {

int64_t SimNetwork::Delay() {
  const auto span = static_cast<uint64_t>(faults_.delay_max_ns - faults_.delay_min_ns);
  return faults_.delay_min_ns + static_cast<int64_t>(random_.Below(span + 1));
}

SimNetwork::Arrivals SimNetwork::SendDatagram(int64_t now_ns, Site from, Site to) {
  Arrivals arrivals;
  if (IsCut(from, to) || Happens(faults_.loss_permille)) return arrivals;
  arrivals.count = Happens(faults_.duplicate_permille) ? 2 : 1;
  for (size_t i = 0; i < arrivals.count; ++i) {
    arrivals.at_ns[i] = now_ns + Delay();
    if (!Happens(faults_.reorder_permille) || faults_.reorder_ns <= 0) continue;
    arrivals.at_ns[i] +=
        static_cast<int64_t>(random_.Below(static_cast<uint64_t>(faults_.reorder_ns)));
  }
  return arrivals;
}

std::optional<int64_t> SimNetwork::SendOnStream(int64_t now_ns, Site from, Site to) {
  if (IsCut(from, to)) return std::nullopt;
  int64_t& last = last_on_stream_[{from, to}];
  last = std::max(last, now_ns + Delay());
  return last;
}

}  // namespace atrest::sim
