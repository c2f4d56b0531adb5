// What is known of server programs without starting one: target files, logs, and subjects as they
// were on the wire. The rest is seen by every scenario that runs against one.
#include <gtest/gtest.h>

#include "harness/driver/delivery_tap.h"
#include "harness/driver/registry.h"
#include "harness/driver/server_log.h"
#include "harness/driver/server_process.h"
#include "harness/driver/target_file.h"

namespace atrest::driver {
namespace {

TEST(TargetFileTest, IsReadStrictly) {
  const auto target = ParseTargetFile("t.json", R"({"name": "n", "program": "p",
      "arguments": ["-p", "{port}"], "options": {"cipher": ["-c", "{value}"]},
      "environment": {"A": "b"}, "capabilities": ["file"], "is_reference": true})");
  ASSERT_TRUE(target.ok()) << target.status().message();
  EXPECT_EQ(target.value().options.at("cipher"), (std::vector<std::string>{"-c", "{value}"}));
  EXPECT_EQ(target.value().ready_line, "Streaming Server is ready");
  EXPECT_TRUE(target.value().is_reference);
  const auto error = [](const char* json) { return ParseTargetFile("t", json).status().message(); };
  EXPECT_EQ(error("nonsense"), "t: is not JSON");
  EXPECT_EQ(error(R"({"name": "n"})"), "t: \"name\" and \"program\" are needed");
  EXPECT_EQ(error(R"({"name": "n", "program": "p", "x": 1})"), "t: unknown member \"x\"");
  EXPECT_EQ(error(R"({"name": 1, "program": "p"})"), "t: \"name\" must be a string");
}

TEST(TargetFileTest, PlaceholdersAreFilledInAndOtherBracesStay) {
  EXPECT_EQ(FillIn({"-p={port}", "{a}{b}", "{c}"}, {{"port", "1"}, {"a", "x"}, {"b", "{a}"}}),
            (std::vector<std::string>{"-p=1", "x{a}", "{c}"}));
}

TEST(TargetFileTest, ASettingWithoutASpellingIsTold) {
  TargetFile target;
  target.program = "true";
  scenario::Settings settings;
  settings.cipher = "AES";
  const auto started = ServerProcess::Start(target, {"/nowhere", "/tmp", 1, 0}, settings, {});
  EXPECT_EQ(started.status().message(), "the target has no option \"cipher\"");
}

TEST(ServerProcessTest, AProgramThatEndsAtOnceHasRefused) {
  TargetFile target;
  target.program = "sh";
  target.arguments = {"-c", "echo usage; echo 'no such thing' >&2; exit 3"};
  const auto started = ServerProcess::Start(target, {"/nowhere", "/tmp", 1, 0}, {}, {});
  ASSERT_TRUE(started.ok()) << started.status().message();
  ASSERT_TRUE(started.value()->refusal());
  EXPECT_EQ(Describe(*started.value()->refusal()), "exit 3");
  EXPECT_EQ(started.value()->RefusalText(), "no such thing");
}

TEST(ServerProcessTest, TheVariableOfTheKeyIsSetOnlyWhereAScenarioGivesIt) {
  TargetFile target;
  target.program = "sh";
  target.key_variable = "THE_KEY";
  target.environment = {{"MORE", "and more"}};
  target.arguments = {"-c", "echo \"${THE_KEY-unset} $MORE\" >&2"};
  scenario::Settings settings;
  const auto without = ServerProcess::Start(target, {"/nowhere", "/tmp", 1, 0}, settings, {});
  EXPECT_EQ(without.value()->RefusalText(), "unset and more");
  settings.key_variable = "k";
  const auto with =
      ServerProcess::Start(target, {"/nowhere", "/tmp", 1, 0}, settings, {{"k", "a key"}});
  EXPECT_EQ(with.value()->RefusalText(), "a key and more");
}

TEST(ServerLogTest, KeepsTheLinesOfTheStreamingServer) {
  ServerLog log;
  log.Append("[7] 2026/11/22 00:00:00.000001 [INF] Starting nats-server\n[7] 2026/11/22 00:0");
  log.Append("0:00.000002 [ERR] STREAM: something [INF] odd\nusage of it\n");
  log.Append("[7] 2026/11/22 00:00:00.000003 [FTL] STREAM: Failed to start: no\n[7] unfinished");
  EXPECT_TRUE(log.Saw("Starting nats"));
  EXPECT_FALSE(log.Saw("unfinished"));
  EXPECT_EQ(log.Complaint(), "Failed to start: no");
  const auto lines = log.Take();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0].level, "ERR");
  EXPECT_EQ(lines[0].text, "something [INF] odd");
  EXPECT_TRUE(log.Take().empty());
}

TEST(ServerLogTest, WithoutAFatalLineTheFirstWordsCount) {
  ServerLog log;
  log.Append("flag provided but not defined: -x\nUsage:\n");
  EXPECT_EQ(log.Complaint(), "flag provided but not defined: -x");
}

// A MsgProto: sequence, subject, payload.
std::string Message(char sequence, const std::string& subject, const std::string& payload) {
  std::string bytes = {'\x08', sequence, '\x12', static_cast<char>(subject.size())};
  bytes += subject + '\x22' + static_cast<char>(payload.size()) + payload;
  return bytes + "\x28\x05";
}

TEST(DeliveryTapTest, GivesEachSubscriptionItsSubjects) {
  DeliveryTap tap;
  tap.Hear("one", Message(1, "foo", "a"));
  tap.Hear("two", Message(1, "bar", "b"));
  tap.Hear("two", Message(2, "forged", "c"));
  tap.Hear("two", "no message at all");
  tap.Hear("two", "");
  std::vector<verdict::Delivery> deliveries = {{1, "b", "bar"}, {2, "c", "bar"}};
  std::string inbox;
  tap.NameSubjects(inbox, deliveries);
  EXPECT_EQ(inbox, "two");
  EXPECT_EQ(deliveries[0].subject, "bar");
  EXPECT_EQ(deliveries[1].subject, "forged");
}

TEST(DeliveryTapTest, WhatWasNotHeardKeepsItsChannel) {
  DeliveryTap tap;
  tap.Hear("one", Message(1, "foo", "a"));
  std::vector<verdict::Delivery> deliveries = {{2, "a", "bar"}};
  std::string inbox;
  tap.NameSubjects(inbox, deliveries);
  EXPECT_EQ(deliveries[0].subject, "bar");
  EXPECT_EQ(inbox, "");
}

TEST(RegistryTest, ShippedTargetFilesAreWellFormed) {
  for (const char* name : {"reference", "nats-streaming-server"}) {
    const auto driver = MakeDriver(name, {});
    ASSERT_TRUE(driver.ok()) << driver.status().message();
    EXPECT_EQ(driver.value()->barrier_channel(), "atrest.barrier");
  }
  EXPECT_EQ(MakeDriver("./no/such.json", {}).status().code(), Code::kNotFound);
}

}  // namespace
}  // namespace atrest::driver
