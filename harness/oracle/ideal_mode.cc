#include "harness/oracle/ideal_mode.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <vector>

namespace atrest::oracle {
namespace {

using scenario::Settings;

std::string Upper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

// Names that somebody may take for a variant of one that there is are left alone.
bool IsNoCipher(const std::string& name) {
  const std::string upper = Upper(name);
  return !name.empty() && upper.find("AES") == std::string::npos &&
         upper.find("CHACHA") == std::string::npos;
}

// Configuration files and arguments say more than is read here: what they may say of encryption is
// left open.
bool SaysMore(const Settings& settings) {
  const auto speaks = [](const std::string& text) {
    return Upper(text).find("ENCRYPT") != std::string::npos;
  };
  return (settings.config && speaks(*settings.config)) ||
         std::ranges::any_of(settings.arguments, speaks);
}

bool LimitsInOtherWays(const Settings& settings) {
  return settings.max_bytes.value_or(0) > 0 || settings.max_age_ms.value_or(0) > 0 ||
         settings.max_inactivity_ms.value_or(0) > 0 || !settings.channels.empty() ||
         settings.config || !settings.arguments.empty();
}

}  // namespace

IdealMode ModeOf(const Settings& settings, const std::map<std::string, std::string>& keys) {
  IdealMode mode;
  mode.max_messages = settings.max_messages.value_or(0);
  mode.other_limits = LimitsInOtherWays(settings);
  if (SaysMore(settings)) {
    mode.encryption = IdealMode::Encryption::kUnknown;
    return mode;
  }
  const auto bytes_of = [&](const std::optional<std::string>& name) {
    return name ? keys.at(*name) : "";
  };
  const std::string variable = bytes_of(settings.key_variable);
  const std::string option = bytes_of(settings.key_option);
  const bool given = settings.key_variable || settings.key_option;
  const bool none = variable.empty() && option.empty();
  if (settings.encrypt == true) {
    mode.encryption = IdealMode::Encryption::kOn;
    mode.key = variable.empty() ? option : variable;
    mode.lacks_key = none;
    mode.bad_cipher = IsNoCipher(settings.cipher.value_or(""));
    if (mode.lacks_key || mode.bad_cipher) mode.encryption = IdealMode::Encryption::kUnknown;
    return mode;
  }
  // A key option is taken for the switch by some: left open.
  if (!option.empty()) mode.encryption = IdealMode::Encryption::kUnknown;
  mode.lacks_key = !settings.encrypt && given && none;
  mode.unused_key = !settings.encrypt && option.empty() && !variable.empty();
  return mode;
}

}  // namespace atrest::oracle
