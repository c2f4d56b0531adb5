#include "reference/stan/names.h"

#include <algorithm>

namespace atrest::stan {

bool IsValidChannelName(std::string_view name) {
  if (name.empty() || name.front() == '.' || name.back() == '.') return false;
  return name.find_first_of("/*>") == std::string_view::npos &&
         name.find("..") == std::string_view::npos;
}

bool IsValidClientId(std::string_view id) {
  return !id.empty() && std::ranges::all_of(id, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
           c == '_';
  });
}

std::string LowerCase(std::string_view name) {
  std::string lower(name);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::string DurableKey(const std::string& client_id, const std::string& channel,
                       const std::string& durable_name) {
  return client_id + "-" + channel + "-" + durable_name;
}

}  // namespace atrest::stan
