#include <gtest/gtest.h>

#include "harness/scenario/loader.h"

namespace atrest::scenario {
namespace {

constexpr char kRegister[] = R"([
  {"id": "K-1", "suite": "compatibility", "level": "MUST", "text": "t", "source": "s"}])";

constexpr char kGood[] = R"({
  "title": "t", "requirement": ["K-1"], "suite": "compatibility", "level": "MUST",
  "needs": ["file", "client", "raw", "program"], "keys": {"k": "secret"},
  "steps": [
    {"start": {"arguments": ["-encryption_key={key:k}"], "config": "encrypt: true # {key:k}",
               "channels": {"foo.*": {"max_messages": 2, "max_inactivity_ms": 5}}}},
    {"connect": {"client": "a"}},
    {"subscribe": {"client": "a", "name": "s", "channel": "foo", "from": {"ago_ms": 10},
                   "durable": "d", "queue": "q", "max_in_flight": 1, "ack_wait_s": 2,
                   "acks": "manual"}, "as": "made"},
    {"publish": {"channel": "foo", "payloads": ["x"], "client": "a"}, "as": "sent"},
    {"receive": {"subscription": "s"}, "as": "got"},
    {"ack": {"subscription": "s", "sequences": [1, 2]}},
    {"unsubscribe": {"subscription": "s"}},
    {"close": {"subscription": "s"}},
    {"vanish": {"client": "a"}},
    {"disconnect": {"client": "a"}},
    {"request": {"subject": "x", "payload": {"hex": "2a00"}}, "as": "asked"},
    {"raw": {"bytes": "PING\r\n"}}],
  "expect": [
    {"step": "made", "answer": ""}, {"step": "sent", "answer": "too many channels"},
    {"step": "got", "receives": [[1, "x"]], "redelivered": [1]},
    {"step": "asked", "reply": {"hex": "00"}}]})";

std::string ErrorOf(const std::string& json) {
  const auto loaded =
      LoadScenario("f", "a", json, Requirements::Parse("register", kRegister).value());
  return loaded.ok() ? "loaded" : loaded.status().message();
}

std::string ErrorWith(const std::string& from, const std::string& to) {
  std::string json = kGood;
  const size_t at = json.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  json.replace(at, from.size(), to);
  return ErrorOf(json);
}

TEST(ClientStepsTest, EverythingIsRead) {
  const auto loaded =
      LoadScenario("f", "a", kGood, Requirements::Parse("register", kRegister).value());
  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  const auto& steps = loaded.value().steps;
  const Settings& settings = std::get<Start>(steps[0].action).settings;
  EXPECT_EQ(settings.arguments, std::vector<std::string>{"-encryption_key={key:k}"});
  EXPECT_EQ(settings.channels.at("foo.*").max_inactivity_ms, 5);
  const auto& subscribe = std::get<Subscribe>(std::get<ClientStep>(steps[2].action));
  EXPECT_EQ(subscribe.from, Subscribe::From::kTimeDelta);
  EXPECT_EQ(subscribe.time_delta_ms, 10);
  EXPECT_TRUE(subscribe.manual_acks);
  EXPECT_EQ(std::get<Publish>(steps[3].action).client, "a");
  EXPECT_EQ(std::get<Ack>(std::get<ClientStep>(steps[5].action)).sequences,
            (std::vector<uint64_t>{1, 2}));
  EXPECT_EQ(std::get<Request>(std::get<ClientStep>(steps[10].action)).payload,
            std::string("*\0", 2));
  EXPECT_EQ(loaded.value().expectations[2].redelivered, std::vector<uint64_t>{1});
}

TEST(ClientStepsTest, DescriptionsNameKeysAndNeverShowThem) {
  const auto loaded =
      LoadScenario("f", "a", kGood, Requirements::Parse("register", kRegister).value());
  const auto& steps = loaded.value().steps;
  EXPECT_EQ(Describe(steps[0].action),
            "start with limits of 1 channels, -encryption_key={key:k}, config <encrypt: true # "
            "{key:k}>");
  EXPECT_EQ(Describe(steps[2].action),
            "client a subscribes to foo as s from 10 ms ago, durable d, queue q, max in flight 1, "
            "acks by hand");
  EXPECT_EQ(Describe(steps[5].action), "s acks 1 2");
}

TEST(ClientStepsTest, WhatATargetMustBeAbleToDoIsSaid) {
  EXPECT_EQ(ErrorWith("\"client\", \"raw\", \"program\"", "\"client\", \"raw\""),
            "f: /steps/0: this step needs \"program\"");
  EXPECT_EQ(ErrorWith("\"client\", \"raw\", ", "\"raw\", "),
            "f: /steps/1: this step needs \"client\"");
  EXPECT_EQ(ErrorWith("\"client\", \"raw\", ", "\"client\", "),
            "f: /steps/10: this step needs \"raw\"");
}

TEST(ClientStepsTest, MistakesAreNamed) {
  EXPECT_EQ(ErrorWith("={key:k}", "={key:x}"),
            "f: /steps/0/start/arguments/0: no key of this name in /keys");
  EXPECT_EQ(ErrorWith("\"acks\": \"manual\"", "\"acks\": \"never\""),
            "f: /steps/2/subscribe/acks: only \"manual\" is known");
  EXPECT_EQ(ErrorWith("\"sequences\": [1, 2]", "\"sequences\": []"),
            "f: /steps/5/ack/sequences: at least one sequence is expected");
  EXPECT_EQ(ErrorWith("{\"raw\": {\"bytes\": \"PING\\r\\n\"}}", "{\"raw\": {}, \"stop\": {}}"),
            "f: /steps/11: both \"stop\" and \"raw\"");
  EXPECT_EQ(ErrorWith("\"step\": \"made\", \"answer\": \"\"", "\"step\": \"made\", \"exit\": 1"),
            "f: /expect/0/exit: \"exit\" does not go with this step");
}

}  // namespace
}  // namespace atrest::scenario
