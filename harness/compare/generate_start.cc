#include "harness/compare/generate_start.h"

#include <algorithm>

#include "harness/generate/nasty.h"
#include "reference/base/crc32.h"

namespace atrest::compare {
namespace {

using generate::Chance;
using generate::Pick;
using scenario::Settings;

constexpr uint32_t kCastagnoli = 0x82F63B78;
// Far longer than any case, so that no limit of time takes effect.
constexpr int64_t kLongMs = 3'600'000;

constexpr char kCompactAlways[] = "-file_compact_min_size=0";

void Encrypt(Settings& settings, Random& random) {
  settings.encrypt = true;
  settings.cipher = Pick<std::optional<std::string>>(
      random, {std::nullopt, "AES", "CHACHA", "aes", "ChaCha", ""});
  settings.key_variable = kUsualKey;
}

void Limit(Settings& settings, Random& random, bool program) {
  if (Chance(random, 30)) settings.max_messages = Pick<uint64_t>(random, {1, 2, 3, 5, 8});
  if (Chance(random, 15)) settings.max_bytes = Pick<uint64_t>(random, {1, 90, 200, 1000});
  if (Chance(random, 5)) settings.max_age_ms = kLongMs;
  if (!program) return;
  if (Chance(random, 12)) settings.max_subscriptions = 1 + random.Below(2);
  if (Chance(random, 5)) settings.max_inactivity_ms = kLongMs;
  if (Chance(random, 10)) {
    scenario::ChannelLimits limits;
    limits.max_messages = Pick<uint64_t>(random, {0, 1, 2, 4});
    settings.channels["foo.>"] = limits;
    if (Chance(random, 50)) settings.channels["foo.bar"].max_bytes = 300;
    if (Chance(random, 50)) settings.channels["*"].max_subscriptions = 2;
  }
}

void Slice(Settings& settings, Random& random) {
  if (Chance(random, 25)) settings.slice_max_messages = Pick<uint64_t>(random, {1, 2, 3, 4});
  if (Chance(random, 15)) settings.slice_max_bytes = Pick<uint64_t>(random, {0, 1, 200, 1000});
  if (Chance(random, 10)) settings.buffer_size = Pick<uint64_t>(random, {0, 1, 600, 4096});
  // Below one index record (32 bytes) the real server panics at the first lookup.
  if (Chance(random, 15)) settings.read_buffer_size = Pick<uint64_t>(random, {0, 32, 100, 4096});
}

void AddArguments(Settings& settings, Random& random) {
  const auto add = [&](std::vector<std::string> more) {
    settings.arguments.insert(settings.arguments.end(), more.begin(), more.end());
  };
  if (Chance(random, 10)) add({"-file_sync=false"});
  if (Chance(random, 10)) add({"-replace_durable"});
  if (Chance(random, 5)) add({"-file_compact_enabled=false"});
  // At most one compaction in a run: the next would be due after an hour.
  if (Chance(random, 8)) {
    add({kCompactAlways, "-file_compact_frag=1", "-file_compact_interval=3600"});
  }
}

}  // namespace

Settings Theme(Random& random, const std::set<std::string>& capabilities) {
  const bool program = capabilities.contains("program");
  Settings theme;
  if (capabilities.contains("memory") && Chance(random, 5)) theme.store = "memory";
  if (Chance(random, 80)) Encrypt(theme, random);
  if (Chance(random, 60)) Limit(theme, random, program);
  if (Chance(random, 60)) Slice(theme, random);
  if (Chance(random, 5)) theme.crc_polynomial = kCastagnoli;
  if (Chance(random, 10)) theme.check_crc = false;
  if (program) AddArguments(theme, random);
  if (program && Chance(random, 6)) theme.max_channels = 2 + random.Below(2);
  return theme;
}

bool Compacts(const Settings& settings) {
  return std::ranges::find(settings.arguments, kCompactAlways) != settings.arguments.end();
}

Settings Vary(Settings theme, Random& random, const std::set<std::string>& capabilities) {
  Settings settings = std::move(theme);
  const uint64_t kind = random.Below(100);
  if (kind < 35) return settings;
  if (kind < 48) {
    settings.encrypt = std::nullopt;
    settings.key_variable = std::nullopt;
  } else if (kind < 60) {
    Encrypt(settings, random);
  } else if (kind < 73) {
    Encrypt(settings, random);
    settings.key_variable = Chance(random, 50) ? kOtherKey : kOddKey;
  } else if (kind < 79) {
    settings.encrypt = Pick<std::optional<bool>>(random, {std::nullopt, true, false});
    settings.key_option = Chance(random, 70) ? kUsualKey : kOtherKey;
    if (Chance(random, 70)) settings.key_variable = std::nullopt;
  } else if (kind < 81) {
    settings.encrypt = true;
    settings.key_variable = std::nullopt;
  } else if (kind < 83) {
    Encrypt(settings, random);
    settings.cipher = Pick<std::string>(random, {"AES256", "AES ", "CHACHA20", "none"});
  } else if (kind < 89) {
    settings.max_messages = std::nullopt;
    settings.max_bytes = std::nullopt;
    Limit(settings, random, capabilities.contains("program"));
  } else if (kind < 93) {
    Slice(settings, random);
  } else if (kind < 96) {
    settings.truncate_bad_eof = true;
  } else if (kind < 98) {
    settings.check_crc = !settings.check_crc.value_or(true);
  } else if (kind < 99) {
    settings.cluster_id = "another";
  } else {
    settings.crc_polynomial = settings.crc_polynomial ? Crc32::kIeee : kCastagnoli;
  }
  return settings;
}

}  // namespace atrest::compare
