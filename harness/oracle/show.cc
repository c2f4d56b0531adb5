#include <algorithm>

#include "harness/oracle/finding.h"

namespace atrest::oracle {
namespace {

constexpr size_t kShownMax = 40;

std::string Hex(const std::string& bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    text.push_back(kDigits[static_cast<unsigned char>(c) >> 4]);
    text.push_back(kDigits[static_cast<unsigned char>(c) & 15]);
  }
  return text;
}

bool IsPrintable(char c) { return c >= ' ' && c <= '~'; }

}  // namespace

std::string Show(const std::string& payload) {
  if (payload.empty()) return "an empty payload";
  const std::string start = payload.substr(0, kShownMax);
  std::string shown =
      std::ranges::all_of(start, IsPrintable) ? "\"" + start + "\"" : "hex " + Hex(start);
  if (payload.size() > kShownMax) shown += "... (" + std::to_string(payload.size()) + " bytes)";
  return shown;
}

}  // namespace atrest::oracle
