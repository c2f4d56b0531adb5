#include "reference/server/channel_limits.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <set>
#include <string_view>
#include <utility>

#include "reference/base/go_duration.h"
#include "reference/server/go_values.h"
#include "reference/wire/nats_subject.h"

namespace atrest::server {
namespace {

using store::ChannelLimits;
using store::StoreLimits;

bool IsLiteral(const std::string& name) { return name.find_first_of("*>") == std::string::npos; }

// The names that match NAME as if it were a subject, the widest first. "*" in a name matches any
// one token of NAME, wildcards included, which is how the real server finds whom to inherit from.
std::vector<std::string> Chain(const std::map<std::string, ChannelOverrides>& names,
                               const std::string& name) {
  std::vector<std::string> chain;
  for (const auto& [candidate, overrides] : names) {
    if (candidate == name || wire::SubjectMatches(candidate, name)) chain.push_back(candidate);
  }
  std::sort(chain.begin(), chain.end(),
            [](const std::string& a, const std::string& b) { return store::IsMoreSpecific(b, a); });
  return chain;
}

// What a file says of a limit: absent is inherited, 0 and below are unlimited.
template <typename T>
T Inherited(const std::optional<int64_t>& own, T parent) {
  if (!own) return parent;
  return *own <= 0 ? T{0} : static_cast<T>(*own);
}

ChannelLimits Inherit(const ChannelOverrides& own, const ChannelLimits& parent) {
  ChannelLimits limits;
  limits.max_messages = Inherited(own.max_messages, parent.max_messages);
  limits.max_bytes = Inherited(own.max_bytes, parent.max_bytes);
  limits.max_age_ns = Inherited(own.max_age_ns, parent.max_age_ns);
  limits.max_subscriptions = Inherited(own.max_subscriptions, parent.max_subscriptions);
  limits.max_inactivity_ns = Inherited(own.max_inactivity_ns, parent.max_inactivity_ns);
  return limits;
}

Status CheckCount(const Options& options) {
  int64_t literals = 0;
  for (const auto& [name, overrides] : options.per_channel) {
    if (IsLiteral(name)) ++literals;
  }
  if (options.max_channels > 0 && literals > options.max_channels) {
    // The real server stops counting at the first one too many.
    return Status(Code::kInvalid, "too many channels defined (" +
                                      std::to_string(options.max_channels + 1) +
                                      "). The max channels limit is set to " +
                                      std::to_string(options.max_channels));
  }
  return Status();
}

// All names, each behind those that are wider.
std::vector<std::string> WidestFirst(const std::map<std::string, ChannelLimits>& names) {
  std::vector<std::string> sorted;
  for (const auto& [name, limits] : names) sorted.push_back(name);
  // Within a level: ">", then "*" and what is below it, then literal tokens in ascending order.
  const auto key = [](const std::string& name) {
    std::string text;
    for (const char c : name) text += c == '>' ? '\1' : c == '*' ? '\2' : c == '.' ? '\0' : c;
    return text;
  };
  std::sort(sorted.begin(), sorted.end(),
            [&](const std::string& a, const std::string& b) { return key(a) < key(b); });
  return sorted;
}

std::string FriendlyBytes(uint64_t bytes) {
  static constexpr char kPrefixes[] = "KMGTPE";
  if (bytes < 1024) return std::to_string(bytes) + " B";
  double value = static_cast<double>(bytes);
  int exponent = 0;
  while (value >= 1024 && exponent < 6) {
    value /= 1024;
    ++exponent;
  }
  char text[64];
  std::snprintf(text, sizeof text, "%.2f %cB", value, kPrefixes[exponent - 1]);
  return text;
}

std::string RightAligned(const std::string& text) {
  constexpr size_t kWidth = 13;
  return std::string(text.size() < kWidth ? kWidth - text.size() : 0, ' ') + text;
}

std::string CountText(uint64_t value) { return value == 0 ? "unlimited" : std::to_string(value); }
std::string BytesText(uint64_t value) { return value == 0 ? "unlimited" : FriendlyBytes(value); }
std::string AgeText(int64_t value) { return value == 0 ? "unlimited" : GoDurationText(value); }

// A limit, and whether it is what was inherited.
struct Shown {
  const char* label;
  std::string value;
  bool inherited;
};

std::array<Shown, 5> Compare(const ChannelLimits& limits, const ChannelLimits& parent) {
  return {{
      {"Subscriptions", CountText(limits.max_subscriptions),
       limits.max_subscriptions == parent.max_subscriptions},
      {"Messages     ", CountText(limits.max_messages), limits.max_messages == parent.max_messages},
      {"Bytes        ", BytesText(limits.max_bytes), limits.max_bytes == parent.max_bytes},
      {"Age          ", AgeText(limits.max_age_ns), limits.max_age_ns == parent.max_age_ns},
      {"Inactivity   ", AgeText(limits.max_inactivity_ns),
       limits.max_inactivity_ns == parent.max_inactivity_ns},
  }};
}

std::vector<std::string> DescribeChannels(const StoreLimits& limits, size_t& width) {
  size_t levels = 0;
  std::map<std::string, ChannelOverrides> names;
  for (const auto& [name, own] : limits.per_channel) {
    names[name];
    levels = std::max(levels, 1 + static_cast<size_t>(std::count(name.begin(), name.end(), '.')));
  }
  std::vector<std::string> lines;
  for (const std::string& name : WidestFirst(limits.per_channel)) {
    const std::vector<std::string> chain = Chain(names, name);
    const size_t depth =
        static_cast<size_t>(std::find(chain.begin(), chain.end(), name) - chain.begin());
    const ChannelLimits& parent = depth == 0 ? limits.all : limits.per_channel.at(chain[depth - 1]);
    const std::string left(depth, ' ');
    const std::string right(levels > depth ? levels - depth : 0, ' ');
    lines.push_back(left + name);
    for (const Shown& shown : Compare(limits.per_channel.at(name), parent)) {
      if (shown.inherited) continue;
      lines.push_back(left + " |-> " + shown.label + " " + right + RightAligned(shown.value));
    }
  }
  for (const std::string& line : lines) width = std::max(width, line.size());
  return lines;
}

}  // namespace

Result<StoreLimits> ResolveLimits(const Options& options) {
  ATREST_TRY(CheckCount(options));
  StoreLimits limits;
  limits.max_channels = static_cast<uint64_t>(options.max_channels);
  limits.all.max_messages = static_cast<uint64_t>(options.max_messages);
  limits.all.max_bytes = static_cast<uint64_t>(options.max_bytes);
  limits.all.max_age_ns = options.max_age_ns;
  limits.all.max_subscriptions = static_cast<uint64_t>(options.max_subscriptions);
  limits.all.max_inactivity_ns = options.max_inactivity_ns;
  std::map<std::string, ChannelLimits> names;
  for (const auto& [name, overrides] : options.per_channel) names[name];
  for (const std::string& name : WidestFirst(names)) {
    const ChannelLimits* parent = &limits.all;
    // The whole chain is resolved with its widest name; who has been resolved before stays.
    for (const std::string& link : Chain(options.per_channel, name)) {
      const auto [resolved, is_new] = limits.per_channel.try_emplace(link);
      if (is_new) resolved->second = Inherit(options.per_channel.at(link), *parent);
      parent = &resolved->second;
    }
  }
  return limits;
}

std::vector<std::string> DescribeLimits(const StoreLimits& limits) {
  const StoreLimits defaults;
  const std::string title = "---------- Store Limits ----------";
  const auto marked = [](const std::string& value, bool is_default) {
    return RightAligned(value) + (is_default ? " *" : "");
  };
  std::vector<std::string> lines = {
      title,
      "Channels:        " +
          marked(CountText(limits.max_channels), limits.max_channels == defaults.max_channels),
      "--------- Channels Limits --------",
  };
  for (const Shown& shown : Compare(limits.all, defaults.all)) {
    lines.push_back("  " + std::string(shown.label) + ": " + marked(shown.value, shown.inherited));
  }
  size_t width = title.size();
  if (!limits.per_channel.empty()) {
    const std::vector<std::string> channels = DescribeChannels(limits, width);
    const std::string heading = " List of Channels ";
    const size_t left = (width - heading.size()) / 2;
    lines.push_back(std::string(left, '-') + heading +
                    std::string(width - heading.size() - left, '-'));
    lines.insert(lines.end(), channels.begin(), channels.end());
  }
  lines.push_back(std::string(width, '-'));
  return lines;
}

}  // namespace atrest::server
