#include "reference/base/go_duration.h"

namespace atrest {

std::string GoDecimal(uint64_t number, int places) {
  std::string digits = std::to_string(number);
  const auto width = static_cast<size_t>(places) + 1;
  if (digits.size() < width) digits.insert(0, width - digits.size(), '0');
  digits.insert(digits.size() - width + 1, ".");
  digits.erase(digits.find_last_not_of('0') + 1);
  if (digits.back() == '.') digits.pop_back();
  return digits;
}

std::string GoDurationText(int64_t nanoseconds) {
  const bool negative = nanoseconds < 0;
  const auto bits = static_cast<uint64_t>(nanoseconds);
  const uint64_t count = negative ? 0 - bits : bits;
  const std::string sign = negative ? "-" : "";
  if (count == 0) return "0s";
  if (count < 1'000) return sign + std::to_string(count) + "ns";
  if (count < 1'000'000) return sign + GoDecimal(count, 3) + "\xC2\xB5s";
  if (count < 1'000'000'000) return sign + GoDecimal(count, 6) + "ms";
  constexpr uint64_t kMinute = 60'000'000'000;
  std::string text = GoDecimal(count % kMinute, 9) + "s";
  const uint64_t minutes = count / kMinute;
  if (minutes > 0) text.insert(0, std::to_string(minutes % 60) + "m");
  if (minutes >= 60) text.insert(0, std::to_string(minutes / 60) + "h");
  return sign + text;
}

}  // namespace atrest
