#include "reference/broker/nats_url.h"

#include <algorithm>
#include <optional>

#include "reference/base/bytes.h"
#include "reference/base/go_quote.h"

namespace atrest::broker {
namespace {

constexpr std::string_view kSchemeEnd = "://";
constexpr char kDefaultPort[] = "4222";
constexpr uint32_t kPortMax = 65'535;

Status Invalid(std::string text) { return Status(Code::kInvalid, std::move(text)); }

struct HostPort {
  std::string host;
  std::string port;
};

// As Go's net.SplitHostPort.
Result<HostPort> SplitHostPort(const std::string& address) {
  const auto failure = [&address](const char* why) {
    return Invalid("address " + address + ": " + why);
  };
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos) return failure("missing port in address");
  HostPort parts;
  parts.port = address.substr(colon + 1);
  if (address[0] == '[') {
    const size_t end = address.find(']');
    if (end == std::string::npos) return failure("missing ']' in address");
    if (end + 1 == address.size()) return failure("missing port in address");
    if (end + 1 != colon) {
      return failure(address[end + 1] == ':' ? "too many colons in address"
                                             : "missing port in address");
    }
    parts.host = address.substr(1, end - 1);
  } else {
    parts.host = address.substr(0, colon);
    if (parts.host.find(':') != std::string::npos) return failure("too many colons in address");
  }
  return parts;
}

std::optional<std::string> Unescape(std::string_view text) {
  std::string plain;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      plain += text[at];
      continue;
    }
    const auto byte = at + 2 < text.size() ? FromHex(text.substr(at + 1, 2)) : std::nullopt;
    if (!byte) return std::nullopt;
    plain += AsText(*byte);
    at += 2;
  }
  return plain;
}

Result<uint16_t> ParsePort(const std::string& text, const std::string& url) {
  const bool is_number =
      std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!is_number || text.empty()) {
    return Invalid("parse " + GoQuote(url) + ": invalid port " + GoQuote(":" + text) +
                   " after host");
  }
  const unsigned long number = text.size() > 9 ? kPortMax + 1 : std::stoul(text);
  if (number > kPortMax) return Invalid("dial tcp: address " + text + ": invalid port");
  return static_cast<uint16_t>(number);
}

Status TakeCredentials(std::string_view credentials, const std::string& text, NatsUrl& url) {
  const size_t colon = credentials.find(':');
  const auto first = Unescape(credentials.substr(0, colon));
  const auto second =
      colon == std::string_view::npos ? std::string() : Unescape(credentials.substr(colon + 1));
  if (!first || !second) return Invalid("parse " + GoQuote(text) + ": invalid URL escape");
  url.has_credentials = true;
  if (colon == std::string_view::npos) {
    url.token = *first;
  } else {
    url.user = *first;
    url.password = *second;
  }
  return Status();
}

// TEXT has a scheme; a port is added where there is none.
Result<NatsUrl> ParseUrl(const std::string& text) {
  NatsUrl url;
  const size_t begin = text.find(kSchemeEnd) + kSchemeEnd.size();
  std::string_view authority = std::string_view(text).substr(begin);
  authority = authority.substr(0, authority.find_first_of("/?#"));
  const size_t at = authority.rfind('@');
  if (at != std::string_view::npos) {
    ATREST_TRY(TakeCredentials(authority.substr(0, at), text, url));
    authority.remove_prefix(at + 1);
  }
  std::string address(authority);
  const size_t bracket = address.rfind(']');
  const size_t colon = address.find(':', bracket == std::string::npos ? 0 : bracket);
  std::string more;
  if (colon == std::string::npos) more = ":";
  if (colon == std::string::npos || colon + 1 == address.size()) more += kDefaultPort;
  address += more;
  const Result<HostPort> parts = SplitHostPort(address);
  if (!parts.ok()) return parts.status();
  const Result<uint16_t> port = ParsePort(parts.value().port, text);
  if (!port.ok()) return port.status();
  url.host = parts.value().host;
  url.port = port.value();
  url.text = text + more;
  return url;
}

std::string Trim(std::string_view text) {
  const size_t begin = std::min(text.find_first_not_of(' '), text.size());
  return std::string(text.substr(begin, text.find_last_not_of(' ') + 1 - begin));
}

}  // namespace

Result<std::vector<NatsUrl>> ParseNatsUrls(const std::string& value) {
  std::vector<std::string> texts;
  if (value.find_first_of("@,") == std::string::npos) {
    const size_t scheme = value.find(kSchemeEnd);
    const size_t begin = scheme + kSchemeEnd.size();
    if (scheme == std::string::npos || value.find(kSchemeEnd, begin) != std::string::npos) {
      return Invalid("malformed url: " + value);
    }
    const Result<HostPort> parts = SplitHostPort(value.substr(begin));
    if (!parts.ok()) return parts.status();
    texts.push_back("nats://" + value.substr(begin));
  } else {
    for (size_t at = 0; at <= value.size();) {
      const size_t comma = std::min(value.find(',', at), value.size());
      texts.push_back(Trim(std::string_view(value).substr(at, comma - at)));
      at = comma + 1;
    }
  }
  std::vector<NatsUrl> urls;
  for (const std::string& text : texts) {
    const bool has_scheme = text.find(kSchemeEnd) != std::string::npos;
    const Result<NatsUrl> url = ParseUrl(has_scheme ? text : "nats://" + text);
    if (!url.ok()) return url.status();
    urls.push_back(url.value());
  }
  return urls;
}

std::string RedactUrl(const std::string& text) {
  const size_t at = text.find('@');
  if (at == std::string::npos) return text;
  const size_t scheme = text.find(kSchemeEnd);
  if (scheme == std::string::npos) return "invalid url";
  return text.substr(0, scheme + kSchemeEnd.size()) + "[REDACTED]" + text.substr(at);
}

}  // namespace atrest::broker
