#include "reference/wire/nats_server_parser.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace atrest::wire {
namespace {

struct Read {
  std::vector<NatsServerEvent> events;
  std::optional<std::string> error;
  friend bool operator==(const Read&, const Read&) = default;
};

Read ReadAll(std::string_view text, size_t piece) {
  NatsServerParser parser;
  Read read;
  for (size_t at = 0; at < text.size(); at += piece) {
    ByteView input = AsBytes(text.substr(at, piece));
    while (auto event = parser.Next(&input)) read.events.push_back(std::move(*event));
    EXPECT_TRUE(input.empty());
  }
  read.error = parser.error();
  return read;
}

NatsDelivery Delivery(std::string subject, std::string sid, std::string reply,
                      std::string_view body, size_t header_size = 0) {
  NatsDelivery delivery;
  delivery.subject = std::move(subject);
  delivery.sid = std::move(sid);
  delivery.reply = std::move(reply);
  delivery.body = ToBytes(body);
  delivery.header_size = header_size;
  return delivery;
}

TEST(NatsServerParserTest, Events) {
  const std::pair<const char*, std::vector<NatsServerEvent>> cases[] = {
      {"INFO {\"a\": 1} \r\n", {NatsServerInfo{"{\"a\": 1} "}}},
      {"PING\r\nPONG\r\n", {NatsPing{}, NatsPong{}}},
      {"+OK\r\nping\n", {NatsPing{}}},
      {"-ERR 'Stale Connection'\r\n", {NatsServerErr{"Stale Connection"}}},
      {"-ERR\r\n", {NatsServerErr{""}}},
      {"MSG a 1 0\r\n\r\n", {Delivery("a", "1", "", "")}},
      {"MSG a  1\tb 0003\r\nx\r\n\r\nPING\r\n", {Delivery("a", "1", "b", "x\r\n"), NatsPing{}}},
      {"hmsg a 1 16 16\r\nNATS/1.0 503\r\n\r\n\r\n",
       {Delivery("a", "1", "", "NATS/1.0 503\r\n\r\n", 16)}},
      {"HMSG a 1 b 2 5\r\nhhabc\r\n", {Delivery("a", "1", "b", "hhabc", 2)}},
  };
  for (const auto& [text, events] : cases) {
    for (const size_t piece : {size_t{1}, size_t{3}, size_t{1000}}) {
      EXPECT_EQ(ReadAll(text, piece), (Read{events, std::nullopt})) << text << " by " << piece;
    }
  }
}

TEST(NatsServerParserTest, Errors) {
  const char* const cases[] = {
      "\r\n",
      "HELLO\r\n",
      "MSG\r\n",
      "MSG a 1\r\n",
      "MSG a 1 x\r\n",
      "MSG a b c d 1\r\n",
      "MSG a 1 0000000001\r\n",
      "HMSG a 1 2\r\n",
      "HMSG a 1 3 2\r\nab\r\n",
      "MSG a 1 1\r\nxyz",
      "MSG a 1 1\r\nx\n\nPING\r\n",
  };
  for (const char* text : cases) {
    const Read read = ReadAll(text, 1000);
    EXPECT_TRUE(read.events.empty()) << text;
    ASSERT_TRUE(read.error) << text;
    EXPECT_TRUE(read.error->starts_with("nats: Parse Error: '")) << *read.error;
    EXPECT_EQ(ReadAll(text, 1), read) << text;
  }
}

TEST(NatsServerParserTest, NothingIsReadBehindAnError) {
  EXPECT_TRUE(ReadAll("x\r\nPING\r\n", 1000).events.empty());
}

TEST(NatsServerParserTest, ALineHasABound) {
  const std::string info = "INFO " + std::string(NatsServerParser::kLineMax - 5, 'x');
  EXPECT_EQ(ReadAll(info + "\n", 4096).events.size(), 1u);
  EXPECT_TRUE(ReadAll(info + "xx", 4096).error);
}

TEST(NatsServerParserTest, NoResponders) {
  EXPECT_TRUE(Delivery("a", "1", "", "NATS/1.0 503\r\n\r\n", 16).no_responders());
  EXPECT_FALSE(Delivery("a", "1", "", "NATS/1.0 503\r\n\r\nx", 16).no_responders());
  EXPECT_FALSE(Delivery("a", "1", "", "NATS/1.0 200\r\n\r\n", 16).no_responders());
  EXPECT_FALSE(Delivery("a", "1", "", "").no_responders());
}

}  // namespace
}  // namespace atrest::wire
