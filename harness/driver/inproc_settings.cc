#include "harness/driver/inproc_settings.h"

namespace atrest::driver {
namespace {

constexpr int64_t kNsPerMs = 1'000'000;

}  // namespace

Result<std::optional<store::EncryptionOptions>> EncryptionOf(
    const scenario::Settings& settings, const std::map<std::string, std::string>& keys) {
  const auto bytes_of = [&](const std::optional<std::string>& name) {
    return name ? keys.at(*name) : "";
  };
  const std::string cipher = settings.cipher.value_or("");
  const std::string variable = bytes_of(settings.key_variable);
  const std::string option = bytes_of(settings.key_option);
  return store::ResolveEncryption({settings.encrypt.value_or(false), cipher, option, variable});
}

std::string LevelTag(LogLevel level) {
  switch (level) {
    case LogLevel::kTrace:
      return "TRC";
    case LogLevel::kDebug:
      return "DBG";
    case LogLevel::kInfo:
      return "INF";
    case LogLevel::kWarning:
      return "WRN";
    case LogLevel::kError:
      return "ERR";
    case LogLevel::kFatal:
      return "FTL";
  }
  return "";
}

store::StoreLimits LimitsOf(const scenario::Settings& settings) {
  store::StoreLimits limits;
  if (settings.max_messages) limits.all.max_messages = *settings.max_messages;
  if (settings.max_bytes) limits.all.max_bytes = *settings.max_bytes;
  if (settings.max_age_ms) limits.all.max_age_ns = *settings.max_age_ms * kNsPerMs;
  return limits;
}

store::FileStoreOptions FileOptionsOf(const scenario::Settings& settings) {
  store::FileStoreOptions options;
  if (settings.slice_max_messages) options.slice_max_messages = *settings.slice_max_messages;
  if (settings.slice_max_bytes) options.slice_max_bytes = *settings.slice_max_bytes;
  if (settings.buffer_size) options.buffer_size = *settings.buffer_size;
  if (settings.read_buffer_size) options.read_buffer_size = *settings.read_buffer_size;
  if (settings.check_crc) options.check_crc = *settings.check_crc;
  if (settings.crc_polynomial) options.crc_polynomial = *settings.crc_polynomial;
  if (settings.truncate_bad_eof) options.truncate_unexpected_eof = *settings.truncate_bad_eof;
  return options;
}

}  // namespace atrest::driver
