#include "reference/store/limits.h"

#include <string_view>

#include "reference/wire/nats_subject.h"

namespace atrest::store {
namespace {

// The first token of what is left of a pattern, which is taken off.
std::string_view TakeToken(std::string_view& rest) {
  const size_t dot = rest.find('.');
  const std::string_view token = rest.substr(0, dot);
  rest.remove_prefix(dot == std::string_view::npos ? rest.size() : dot + 1);
  return token;
}

int Rank(std::string_view token) { return token == ">" ? 0 : token == "*" ? 1 : 2; }

}  // namespace

bool IsMoreSpecific(const std::string& a, const std::string& b) {
  std::string_view rest_a = a;
  std::string_view rest_b = b;
  while (!rest_a.empty() && !rest_b.empty()) {
    const int rank_a = Rank(TakeToken(rest_a));
    const int rank_b = Rank(TakeToken(rest_b));
    if (rank_a != rank_b) return rank_a > rank_b;
  }
  return false;
}

const ChannelLimits& StoreLimits::For(const std::string& channel) const {
  if (const auto found = per_channel.find(channel); found != per_channel.end()) {
    return found->second;
  }
  const std::string* best_name = nullptr;
  const ChannelLimits* best = &all;
  for (const auto& [name, limits] : per_channel) {
    if (!wire::SubjectMatches(name, channel)) continue;
    if (best_name != nullptr && !IsMoreSpecific(name, *best_name)) continue;
    best_name = &name;
    best = &limits;
  }
  return *best;
}

}  // namespace atrest::store
