#include "harness/inspect/text_parts.h"

#include <chrono>
#include <cstdio>

namespace atrest::inspect {

std::string Counted(uint64_t count, const std::string& one, const std::string& many) {
  return std::to_string(count) + " " + (count == 1 ? one : many);
}

// A calendar, not a clock, is asked.
std::string Utc(int64_t timestamp_ns) {
  constexpr int64_t kSecond = 1'000'000'000;
  int64_t second = timestamp_ns / kSecond;
  int64_t fraction = timestamp_ns % kSecond;
  if (fraction < 0) {
    fraction += kSecond;
    --second;
  }
  int64_t day = second / 86400;
  if (second % 86400 < 0) --day;
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(day))};
  const int64_t of_day = second - day * 86400;
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%09dZ",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(of_day / 3600),
                static_cast<int>(of_day / 60 % 60), static_cast<int>(of_day % 60),
                static_cast<int>(fraction));
  return text;
}

}  // namespace atrest::inspect
