#include "reference/sim/sim_trace.h"

#include <array>
#include <cinttypes>
#include <cstdio>

#include "reference/sim/event_queue.h"

namespace atrest::sim {
namespace {

constexpr uint64_t kPrime = 0x9E3779B97F4A7C15;

uint64_t Mixed(uint64_t hash, uint64_t word) {
  hash = (hash ^ word) * kPrime;
  return hash ^ hash >> 29;
}

void PrintLine(std::ostream& out, uint64_t number, int64_t now_ns, const TraceEvent& event) {
  std::array<char, 160> line;
  const int64_t us = (now_ns - kBeginNs) / 1000;
  std::snprintf(line.data(), line.size(),
                "%8" PRIu64 " %7" PRId64 ".%06" PRId64 " %-6.6s %-12.12s %10" PRIu64 " %10" PRIu64
                " %10" PRIu64 " ",
                number, us / 1'000'000, us % 1'000'000, std::string(event.who).c_str(),
                std::string(event.what).c_str(), event.a, event.b, event.c);
  out << line.data() << event.text << '\n';
}

}  // namespace

uint64_t HashOf(ByteView bytes, uint64_t seed) {
  uint64_t hash = Mixed(seed, bytes.size());
  size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) hash = Mixed(hash, LoadLe64(bytes.data() + at));
  uint64_t rest = 0;
  for (; at < bytes.size(); ++at) rest = rest << 8 | bytes[at];
  return Mixed(hash, rest);
}

void SimTrace::Note(int64_t now_ns, const TraceEvent& event) {
  ++events_;
  hash_ = Mixed(hash_, static_cast<uint64_t>(now_ns));
  Mix(AsBytes(event.who));
  Mix(AsBytes(event.what));
  hash_ = Mixed(Mixed(Mixed(hash_, event.a), event.b), event.c);
  if (out_ != nullptr) PrintLine(*out_, events_, now_ns, event);
}

std::string SimTrace::HashText() const {
  std::array<char, 17> text;
  std::snprintf(text.data(), text.size(), "%016" PRIx64, hash_);
  return text.data();
}

}  // namespace atrest::sim
