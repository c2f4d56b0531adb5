#include "reference/broker/password.h"

#include <crypt.h>

#include <memory>
#include <string_view>

namespace atrest::broker {

bool IsBcrypt(const std::string& configured) {
  constexpr std::string_view kVersions = "abxy";
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  return configured.size() >= 7 && configured.starts_with("$2") &&
         kVersions.find(configured[2]) != std::string_view::npos && configured[3] == '$' &&
         is_digit(configured[4]) && is_digit(configured[5]) && configured[6] == '$';
}

bool PasswordMatches(const std::string& configured, const std::string& given) {
  if (!IsBcrypt(configured)) return configured == given;
  if (given.find('\0') != std::string::npos) return false;
  const auto data = std::make_unique<crypt_data>();
  const char* const hash = crypt_r(given.c_str(), configured.c_str(), data.get());
  return hash != nullptr && configured == hash;
}

}  // namespace atrest::broker
