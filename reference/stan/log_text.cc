#include "reference/stan/log_text.h"

#include <array>
#include <cstdio>
#include <string_view>

#include "reference/base/bytes.h"
#include "reference/base/go_duration.h"

namespace atrest::stan {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;

void AppendQuoted(std::string_view value, std::string& to) {
  to += '"';
  for (const char c : value) {
    switch (c) {
      case '\n':
        to += "\\n";
        break;
      case '\r':
        to += "\\r";
        break;
      case '\t':
        to += "\\t";
        break;
      case '"':
        to += "\\\"";
        break;
      case '\\':
        to += "\\\\";
        break;
      default:
        if (c >= 0x20 && c < 0x7f) {
          to += c;
        } else {
          std::array<char, 8> octal{};
          (void)std::snprintf(octal.data(), octal.size(), "\\%03o",
                              static_cast<unsigned>(static_cast<unsigned char>(c)));
          to += octal.data();
        }
    }
  }
  to += '"';
}

void AppendField(std::string_view name, std::string_view value, std::string& to) {
  if (value.empty()) return;
  to += name;
  to += ':';
  AppendQuoted(value, to);
  to += ' ';
}

struct Date {
  int64_t year;
  int month;
  int day;
};

// Of a day counted from 1970-01-01, by eras of 400 years that begin on a 1st of March.
Date DateOf(int64_t days) {
  constexpr int64_t kEraDays = 146'097;
  const int64_t from_march_0000 = days + 719'468;
  const int64_t era =
      (from_march_0000 >= 0 ? from_march_0000 : from_march_0000 - (kEraDays - 1)) / kEraDays;
  const int64_t day_of_era = from_march_0000 - era * kEraDays;
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146'096) / 365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t month = (5 * day_of_year + 2) / 153;
  const auto day = static_cast<int>(day_of_year - (153 * month + 2) / 5 + 1);
  const auto calendar_month = static_cast<int>(month < 10 ? month + 3 : month - 9);
  return {year_of_era + era * 400 + (calendar_month <= 2 ? 1 : 0), calendar_month, day};
}

}  // namespace

std::string PubMsgText(const wire::StanPubMsg& message) {
  std::string text;
  AppendField("clientID", message.client_id, text);
  AppendField("guid", message.guid, text);
  AppendField("subject", message.subject, text);
  AppendField("reply", message.reply, text);
  if (message.data) AppendField("data", AsText(*message.data), text);
  AppendField("connID", AsText(message.conn_id), text);
  AppendField("sha256", AsText(message.sha256), text);
  return text;
}

std::string TimeText(int64_t ns_since_1970) {
  constexpr auto kSecondNs = static_cast<int64_t>(kSecond);
  int64_t seconds = ns_since_1970 / kSecondNs;
  int64_t rest = ns_since_1970 % kSecondNs;
  if (rest < 0) {
    rest += kSecondNs;
    --seconds;
  }
  int64_t days = seconds / 86'400;
  int64_t of_day = seconds % 86'400;
  if (of_day < 0) {
    of_day += 86'400;
    --days;
  }
  const Date date = DateOf(days);
  std::array<char, 64> text{};
  (void)std::snprintf(
      text.data(), text.size(), "%04lld-%02d-%02d %02d:%02d:", static_cast<long long>(date.year),
      date.month, date.day, static_cast<int>(of_day / 3600), static_cast<int>(of_day / 60 % 60));
  const std::string second =
      GoDecimal(static_cast<uint64_t>(of_day % 60) * kSecond + static_cast<uint64_t>(rest), 9);
  return text.data() + std::string(of_day % 60 < 10 ? "0" : "") + second + " +0000 UTC";
}

std::string OfClient(const std::string& client_id) { return "[Client:" + client_id + "] "; }

std::string SubscriptionLine(const std::string& client_id, const std::string& action,
                             const std::string& channel, const store::SubscriptionState& state) {
  const bool is_queue = !state.queue_group.empty();
  std::string text = OfClient(client_id) + action + " ";
  if (state.is_durable) text += "durable ";
  if (is_queue) text += "queue ";
  text += "subscription, subject=" + channel + ", inbox=" + state.inbox + ",";
  if (is_queue) {
    text += " queue=" + state.queue_group + ",";
  } else if (state.is_durable) {
    text += " durable=" + state.durable_name + ",";
  }
  return text + " subid=" + std::to_string(state.id);
}

}  // namespace atrest::stan
