// The limits of a store and of a channel, with the real server's defaults. 0 means unlimited.
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
};

struct StoreLimits {
  uint64_t max_channels = 100;
  ChannelLimits all;
  // Limits of single channels, which stand in place of `all`; names are literal, inheritance is
  // resolved by the caller.
  std::map<std::string, ChannelLimits> per_channel;

  const ChannelLimits& For(const std::string& channel) const {
    const auto found = per_channel.find(channel);
    return found == per_channel.end() ? all : found->second;
  }
};

}  // namespace atrest::store
