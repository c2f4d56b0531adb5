#include "reference/broker/nats_url.h"

#include <gtest/gtest.h>

namespace atrest::broker {
namespace {

std::string Show(const NatsUrl& url) {
  std::string text = url.text + " " + url.host + " " + std::to_string(url.port);
  if (url.has_credentials) text += " [" + url.user + "|" + url.password + "|" + url.token + "]";
  return text;
}

// The URLs one a line, or the error.
std::string Parse(const std::string& value) {
  const Result<std::vector<NatsUrl>> urls = ParseNatsUrls(value);
  if (!urls.ok()) return urls.status().message();
  std::string text;
  for (const NatsUrl& url : urls.value()) text += Show(url) + "\n";
  return text;
}

TEST(NatsUrlTest, Values) {
  const std::pair<const char*, const char*> cases[] = {
      {"nats://127.0.0.1:4222", "nats://127.0.0.1:4222 127.0.0.1 4222\n"},
      {"anything://localhost:1", "nats://localhost:1 localhost 1\n"},
      {"nats://[::1]:4333", "nats://[::1]:4333 ::1 4333\n"},
      {"nats://u:p@h:1", "nats://u:p@h:1 h 1 [u|p|]\n"},
      {"nats://t@h", "nats://t@h:4222 h 4222 [||t]\n"},
      {"u:p%3A%40@h", "nats://u:p%3A%40@h:4222 h 4222 [u|p:@|]\n"},
      {"nats://u:@h:", "nats://u:@h:4222 h 4222 [u||]\n"},
      {"nats://a:1,b, c:3", "nats://a:1 a 1\nnats://b:4222 b 4222\nnats://c:3 c 3\n"},
      {"nats://[::1],x", "nats://[::1]:4222 ::1 4222\nnats://x:4222 x 4222\n"},
      {"foo", "malformed url: foo"},
      {"nats://a://b", "malformed url: nats://a://b"},
      {"nats://127.0.0.1", "address 127.0.0.1: missing port in address"},
      {"nats://a:b:c", "address a:b:c: too many colons in address"},
      {"nats://[::1:4222", "address [::1:4222: missing ']' in address"},
      {"nats://[::1]", "address [::1]: missing port in address"},
      {"nats://a:b", "parse \"nats://a:b\": invalid port \":b\" after host"},
      {"nats://a:99999", "dial tcp: address 99999: invalid port"},
      {"nats://a:123456789012", "dial tcp: address 123456789012: invalid port"},
      {"nats://%4@h:1", "parse \"nats://%4@h:1\": invalid URL escape"},
  };
  for (const auto& [value, expected] : cases) EXPECT_EQ(Parse(value), expected) << value;
}

TEST(NatsUrlTest, Redaction) {
  EXPECT_EQ(RedactUrl("nats://h:1"), "nats://h:1");
  EXPECT_EQ(RedactUrl("nats://u:p@h:1"), "nats://[REDACTED]@h:1");
  EXPECT_EQ(RedactUrl("u:p@h:1"), "invalid url");
}

}  // namespace
}  // namespace atrest::broker
