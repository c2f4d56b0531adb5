#include "harness/compare/generate_request.h"

#include "harness/generate/nasty.h"

namespace atrest::compare {
namespace {

using generate::Chance;
using generate::NastyPayload;
using generate::Pick;

// Of the default cluster id.
constexpr char kPublish[] = "_STAN.pub.test-cluster.x";
constexpr char kConnect[] = "_STAN.discover.test-cluster";
constexpr char kSubscribe[] = "_STAN.sub.test-cluster";
constexpr char kUnsubscribe[] = "_STAN.unsub.test-cluster";
constexpr char kSubClose[] = "_STAN.subclose.test-cluster";
constexpr char kClose[] = "_STAN.close.test-cluster";

std::string Varint(uint64_t value) {
  std::string text;
  for (; value >= 0x80; value >>= 7) text += static_cast<char>((value & 0x7F) | 0x80);
  return text + static_cast<char>(value);
}

std::string Text(uint64_t field, const std::string& text) {
  return Varint(field << 3 | 2) + Varint(text.size()) + text;
}
std::string Number(uint64_t field, int64_t value) {
  return Varint(field << 3) + Varint(static_cast<uint64_t>(value));
}

const std::string& Garbage(Random& random) {
  static const std::vector<std::string> kGarbage = {"\xFF",
                                                    "\x0A\x05"
                                                    "ab",
                                                    "\x08", "text"};
  return Pick(random, kGarbage);
}

// A channel's name, or one that is none.
std::string AnyName(Random& random, const std::vector<std::string>& channels) {
  static const std::vector<std::string> kInvalid = {"",     "foo.*", "foo.>", "foo..bar",
                                                    ".foo", "foo.",  "f/oo",  "*"};
  return Chance(random, 70) ? Pick(random, channels) : Pick(random, kInvalid);
}

std::string AnyId(Random& random, const std::vector<std::string>& clients) {
  if (clients.empty() || Chance(random, 25)) return Chance(random, 50) ? "nobody" : "";
  return Pick(random, clients);
}

std::string Publish(Random& random, const std::string& channel, const std::string& client) {
  std::string message = Text(1, client);
  if (Chance(random, 85)) message += Text(2, "guid-" + std::to_string(random.Below(100)));
  message += Text(3, channel);
  if (Chance(random, 30)) message += Text(4, "where.to.answer");
  const std::string payload = NastyPayload(random);
  if (!payload.empty()) message += Text(5, payload);
  if (Chance(random, 15)) message += Text(6, "no such connection");
  return message;
}

std::string Subscribe(Random& random, const std::string& channel, const std::string& client) {
  std::string message = Text(1, client) + Text(2, channel);
  if (Chance(random, 20)) message += Text(3, "g");
  message += Text(4, "_INBOX.nobody-listens");
  message += Number(5, Pick<int64_t>(random, {1, 2, 1024, 1, 2, 0, -1}));
  message += Number(6, Pick<int64_t>(random, {600, 600, 600, 600, 0, -1}));
  if (Chance(random, 30)) message += Text(7, Pick<std::string>(random, {"D", "raw", "D:g"}));
  message += Number(10, Pick<int64_t>(random, {0, 1, 3, 4, 4, 5, -1}));
  if (Chance(random, 40)) message += Number(11, static_cast<int64_t>(random.Below(5)));
  return message;
}

std::string Connect(Random& random) {
  std::string message =
      Text(1, Pick<std::string>(random, {"raw1", "raw2", "a", "", "not valid", "not.valid"}));
  if (Chance(random, 80)) message += Text(2, "_INBOX.nobody-answers");
  if (Chance(random, 70)) message += Number(3, 1);
  if (Chance(random, 60)) message += Text(4, "raw-connection");
  if (Chance(random, 50)) message += Number(5, Pick<int64_t>(random, {5, -50, 0}));
  return message;
}

std::string Unsubscribe(Random& random, const std::string& channel, const std::string& client) {
  return Text(1, client) + Text(2, Chance(random, 70) ? channel : "no.such.channel") +
         Text(3, Chance(random, 50) ? "_INBOX.nobody-listens" : "_INBOX.unknown");
}

}  // namespace

scenario::Request NastyRequest(Random& random, const std::vector<std::string>& channels,
                               const std::vector<std::string>& clients) {
  const std::string channel = AnyName(random, channels);
  const std::string client = AnyId(random, clients);
  const uint64_t kind = random.Below(100);
  const auto request = [&]() -> scenario::Request {
    if (kind < 40) return {kPublish, Publish(random, channel, client)};
    if (kind < 65) return {kSubscribe, Subscribe(random, channel, client)};
    if (kind < 80) return {kConnect, Connect(random)};
    if (kind < 87) return {kUnsubscribe, Unsubscribe(random, channel, client)};
    if (kind < 94) return {kSubClose, Unsubscribe(random, channel, client)};
    return {kClose, Text(1, client)};
  }();
  if (Chance(random, 8)) return {request.subject, Garbage(random)};
  return request;
}

}  // namespace atrest::compare
