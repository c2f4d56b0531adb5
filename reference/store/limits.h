// The limits of a store and of a channel, with the real server's defaults. 0 means unlimited.
// Specification: wire.md 2.11.
// Threads: values.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace atrest::store {

struct ChannelLimits {
  uint64_t max_messages = 1'000'000;
  uint64_t max_bytes = 1'024'000'000;
  int64_t max_age_ns = 0;
  uint64_t max_subscriptions = 1000;
  int64_t max_inactivity_ns = 0;
  friend bool operator==(const ChannelLimits&, const ChannelLimits&) = default;
};

struct StoreLimits {
  uint64_t max_channels = 100;
  ChannelLimits all;
  // Limits of some channels, which stand in place of `all`. A name is a channel's, or a pattern
  // with the wildcards "*" and ">". Complete: what one inherits from another has been resolved.
  std::map<std::string, ChannelLimits> per_channel;

  // Those of the most specific name that matches: token by token, a literal one before "*", "*"
  // before ">".
  const ChannelLimits& For(const std::string& channel) const;
};

// Whether A is the more specific of two patterns that match the same channel.
bool IsMoreSpecific(const std::string& a, const std::string& b);

}  // namespace atrest::store
