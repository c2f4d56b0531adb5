#include "reference/wire/nats_writer.h"

#include <gtest/gtest.h>

#include <functional>

namespace atrest::wire {
namespace {

std::string Written(const std::function<void(Bytes&)>& write) {
  Bytes to = ToBytes("<");
  write(to);
  EXPECT_EQ(to[0], '<') << "what is there must stay";
  return std::string(AsText(to).substr(1));
}

std::string WrittenMessage(const NatsMessageView& message, bool takes_headers = true) {
  return Written([&](Bytes& to) { WriteMessage(message, "7", takes_headers, to); });
}

NatsInfo Sample() {
  NatsInfo info;
  info.server_id = "NABC";
  info.server_name = "NABC";
  info.version = "2.9.24";
  info.go = "go1.23.5";
  info.host = "127.0.0.1";
  info.port = 20010;
  info.max_payload = 1048576;
  info.client_id = 9;
  info.client_ip = "127.0.0.1";
  return info;
}

std::string Info(const NatsInfo& info) {
  return Written([&](Bytes& to) { WriteInfo(info, to); });
}

TEST(NatsWriterTest, TheInfoOfTheSpecification) {
  EXPECT_EQ(Info(Sample()),
            R"(INFO {"server_id":"NABC","server_name":"NABC","version":"2.9.24","proto":1,)"
            R"("go":"go1.23.5","host":"127.0.0.1","port":20010,"headers":true,)"
            R"("max_payload":1048576,"client_id":9,"client_ip":"127.0.0.1"} )"
            "\r\n");
}

TEST(NatsWriterTest, AnInfoWithEverything) {
  NatsInfo info = Sample();
  info.git_commit = "abc";
  info.headers = false;
  info.auth_required = info.tls_required = info.tls_verify = info.tls_available = true;
  info.nonce = "n";
  info.cluster = "c";
  info.connect_urls = {"a:1", "b:2"};
  info.ldm = true;
  EXPECT_EQ(Info(info),
            R"(INFO {"server_id":"NABC","server_name":"NABC","version":"2.9.24","proto":1,)"
            R"("git_commit":"abc","go":"go1.23.5","host":"127.0.0.1","port":20010,"headers":false,)"
            R"("auth_required":true,"tls_required":true,"tls_verify":true,"tls_available":true,)"
            R"("max_payload":1048576,"client_id":9,"client_ip":"127.0.0.1","nonce":"n",)"
            R"("cluster":"c","connect_urls":["a:1","b:2"],"ldm":true} )"
            "\r\n");
}

TEST(NatsWriterTest, NamesInInfoAreEscaped) {
  NatsInfo info = Sample();
  info.server_name = "a\"\\\n\r\t\b\f\x01<>&\xc3\xa9";
  EXPECT_NE(Info(info).find(R"("server_name":"a\"\\\n\r\t\b\f\u0001\u003c\u003e\u0026)"
                            "\xc3\xa9\""),
            std::string::npos);
}

TEST(NatsWriterTest, AMessage) {
  NatsMessageView message;
  message.subject = "foo";
  message.body = AsBytes("hello");
  EXPECT_EQ(WrittenMessage(message), "MSG foo 7 5\r\nhello\r\n");
  message.reply = "bar";
  EXPECT_EQ(WrittenMessage(message), "MSG foo 7 bar 5\r\nhello\r\n");
  message.size_text = "0005";
  EXPECT_EQ(WrittenMessage(message), "MSG foo 7 bar 0005\r\nhello\r\n");
  message.body = {};
  message.size_text = "";
  EXPECT_EQ(WrittenMessage(message), "MSG foo 7 bar 0\r\n\r\n");
}

TEST(NatsWriterTest, AMessageWithAHeader) {
  NatsMessageView message;
  message.subject = "foo";
  message.body = AsBytes("headerload");
  message.has_header = true;
  message.header_size = 6;
  EXPECT_EQ(WrittenMessage(message), "HMSG foo 7 6 10\r\nheaderload\r\n");
  message.reply = "bar";
  message.header_size_text = "06";
  message.size_text = "010";
  EXPECT_EQ(WrittenMessage(message), "HMSG foo 7 bar 06 010\r\nheaderload\r\n");
  EXPECT_EQ(WrittenMessage(message, false), "MSG foo 7 bar 4\r\nload\r\n");
  // An empty header is a header.
  message.header_size = 0;
  message.header_size_text = "0";
  EXPECT_EQ(WrittenMessage(message), "HMSG foo 7 bar 0 010\r\nheaderload\r\n");
}

TEST(NatsWriterTest, ASizeThatIsWrongIsABug) {
  NatsMessageView message;
  message.header_size = 1;
  EXPECT_DEATH(WrittenMessage(message), "header_size");
}

TEST(NatsWriterTest, NoResponders) {
  EXPECT_EQ(Written([](Bytes& to) { WriteNoResponders("_INBOX.x.1", "3", to); }),
            "HMSG _INBOX.x.1 3 16 16\r\nNATS/1.0 503\r\n\r\n\r\n");
}

TEST(NatsWriterTest, ShortLines) {
  EXPECT_EQ(Written(WritePing), "PING\r\n");
  EXPECT_EQ(Written(WritePong), "PONG\r\n");
  EXPECT_EQ(Written(WriteOk), "+OK\r\n");
  EXPECT_EQ(Written([](Bytes& to) { WriteErr(kStaleConnection, to); }),
            "-ERR 'Stale Connection'\r\n");
}

}  // namespace
}  // namespace atrest::wire
