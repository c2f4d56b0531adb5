#include "harness/scenario/loader.h"

#include <gtest/gtest.h>

namespace atrest::scenario {
namespace {

constexpr char kRegister[] = R"([
  {"id": "D-12", "suite": "conformance", "level": "SHOULD", "text": "t", "source": "s"},
  {"id": "D-13", "suite": "conformance", "level": "MUST", "text": "t", "source": "s"},
  {"id": "K-1", "suite": "compatibility", "level": "MUST", "text": "t", "source": "s"}])";

constexpr char kGood[] = R"({
  "title": "t", "requirement": ["D-13"], "suite": "conformance", "level": "MUST",
  "needs": ["file", "format:stan-file-1"],
  "keys": {"right": "secret", "odd": {"hex": "ff00"}},
  "steps": [
    {"golden": "aes"},
    {"start": {"encrypt": true, "cipher": "AES", "key": "right", "max_age_ms": 5}},
    {"publish": {"channel": "foo", "payloads": ["a", {"repeat": ["xy", 3]}]}},
    {"read": {"channel": "foo", "from": 2, "max": 1}, "as": "r"},
    {"stop": {}},
    {"tamper": [{"op": "flip", "file": "foo/msgs.1.dat", "at": -1, "xor": 1}]},
    {"inspect": {"texts": ["needle"]}, "as": "d"}],
  "expect": [
    {"step": "r", "receives": [[2, "b"], [3, {"sealed": "AES", "size": 5}]], "errors": []},
    {"step": "d", "found": ["needle"], "damage": ["crc"], "nonces_unique": true,
     "messages": [{"channel": "foo", "sequence": 1, "cipher": null, "opened_by": ["odd"]}]}]})";

Requirements Register() { return Requirements::Parse("register", kRegister).value(); }

Result<Scenario> Load(const std::string& json) {
  return LoadScenario("file.json", "a/b", json, Register());
}

// The error after FROM has been replaced with TO in the good scenario.
std::string ErrorWith(const std::string& from, const std::string& to) {
  std::string json = kGood;
  const size_t at = json.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  json.replace(at, from.size(), to);
  const auto loaded = Load(json);
  return loaded.ok() ? "loaded" : loaded.status().message();
}

TEST(LoaderTest, ReadsEverything) {
  const auto loaded = Load(kGood);
  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  const Scenario& scenario = loaded.value();
  EXPECT_EQ(scenario.id, "a/b");
  EXPECT_EQ(scenario.keys.at("odd"), std::string("\xff\0", 2));
  ASSERT_EQ(scenario.steps.size(), 7u);
  EXPECT_EQ(std::get<Start>(scenario.steps[1].action).settings.key_variable, "right");
  EXPECT_EQ(std::get<Publish>(scenario.steps[2].action).payloads[1], "xyxyxy");
  EXPECT_EQ(std::get<Read>(scenario.steps[3].action).sequence, 2u);
  EXPECT_EQ(std::get<FlipByte>(std::get<Tamper>(scenario.steps[5].action).operations[0]).at, -1);
  EXPECT_EQ(std::get<Inspect>(scenario.steps[6].action).keys,
            (std::vector<std::string>{"odd", "right"}));
  ASSERT_EQ(scenario.expectations.size(), 2u);
  EXPECT_EQ(scenario.expectations[0].requirement, "D-13");
  EXPECT_EQ(std::get<SealedPayload>(scenario.expectations[0].receives->at(1).payload).size, 5u);
  EXPECT_EQ(scenario.expectations[1].messages[0].cipher, "");
}

TEST(LoaderTest, ErrorsNameFileAndPlace) {
  EXPECT_EQ(ErrorWith("\"from\": 2", "\"from\": true"),
            "file.json: /steps/3/read/from: a number of 0 or more is expected");
  EXPECT_EQ(ErrorWith("\"channel\": \"foo\", \"payloads\"", "\"chanel\": \"foo\", \"payloads\""),
            "file.json: /steps/2/publish: member \"channel\" is missing");
  EXPECT_EQ(ErrorWith("\"max_age_ms\"", "\"max_age\""),
            "file.json: /steps/1/start/max_age: unknown member");
  EXPECT_EQ(ErrorWith("\"key\": \"right\"", "\"key\": \"left\""),
            "file.json: /steps/1/start/key: no key of this name in /keys");
  EXPECT_EQ(ErrorWith("[\"D-13\"]", "[\"D-99\"]"),
            "file.json: /requirement/0: no such requirement");
  EXPECT_EQ(ErrorWith("[\"D-13\"]", "[\"K-1\"]"),
            "file.json: /requirement/0: the requirement belongs to the suite compatibility");
  EXPECT_EQ(ErrorWith("[\"file\",", "[\"flie\","), "file.json: /needs/0: no such capability");
  EXPECT_EQ(ErrorWith("{\"step\": \"r\"", "{\"step\": \"q\""),
            "file.json: /expect/0/step: no step is labelled so");
  EXPECT_EQ(ErrorWith("\"found\": [\"needle\"]", "\"found\": [\"hay\"]"),
            "file.json: /expect/1/found: the step does not search for this text");
  EXPECT_EQ(ErrorWith("{\"step\": \"r\", \"receives\": [[2, \"b\"], [3, {\"sealed\": \"AES\", "
                      "\"size\": 5}]], \"errors\": []}",
                      "{\"step\": \"r\"}"),
            "file.json: /expect/0: nothing is expected of the step");
  EXPECT_EQ(ErrorWith("{\"step\": \"d\", \"found\"", "{\"step\": \"r\", \"found\""),
            "file.json: /expect/1/messages: messages does not go with this step");
  EXPECT_EQ(ErrorWith("\"op\": \"flip\"", "\"op\": \"flop\""),
            "file.json: /steps/5/tamper/0/op: no such operation");
}

TEST(LoaderTest, StepsMustBeInAPossibleOrder) {
  EXPECT_EQ(ErrorWith("{\"stop\": {}}", "{\"wait\": {\"ms\": 1}}"),
            "file.json: /steps/5: files are changed only while the server is stopped");
  EXPECT_EQ(ErrorWith("{\"golden\": \"aes\"}", "{\"stop\": {}}"),
            "file.json: /steps/0: the server is not running");
  EXPECT_EQ(ErrorWith("{\"stop\": {}}", "{\"golden\": \"aes\"}"),
            "file.json: /steps/4: \"golden\" is only the first step");
}

TEST(LoaderTest, LookingAtBytesNeedsTheFormat) {
  EXPECT_EQ(ErrorWith("\"file\", \"format:stan-file-1\"", "\"file\""),
            "file.json: /steps/0: this step needs \"format:stan-file-1\"");
}

TEST(LoaderTest, WhatAScenarioDoesIsNamedAmongItsNeeds) {
  EXPECT_EQ(ErrorWith("{\"stop\": {}}", "{\"kill\": {}}"),
            "file.json: /steps/4: this step needs \"kill\"");
  EXPECT_EQ(ErrorWith("\"max_age_ms\": 5", "\"store\": \"memory\""),
            "file.json: /steps/1: this step needs \"memory\"");
}

TEST(LoaderTest, TamperingStaysInTheStore) {
  for (const char* path : {"/etc/passwd", "../x", "foo/../../x", ""}) {
    EXPECT_EQ(ErrorWith("\"file\": \"foo/msgs.1.dat\"", std::string("\"file\": \"") + path + "\""),
              "file.json: /steps/5/tamper/0/file: a path below the store is expected");
  }
  EXPECT_EQ(ErrorWith("\"op\": \"flip\", \"file\": \"foo/msgs.1.dat\", \"at\": -1, \"xor\": 1",
                      "\"op\": \"append\", \"file\": \"a\", \"hex\": \"0g\""),
            "file.json: /steps/5/tamper/0/hex: pairs of hexadecimal digits are expected");
}

TEST(LoaderTest, AScenarioDoesNotAskMoreThanItsRequirement) {
  std::string json = kGood;
  json.replace(json.find("[\"D-13\"]"), 8, "[\"D-12\"]");
  EXPECT_EQ(Load(json).status().message(),
            "file.json: /requirement/0: the requirement is only a SHOULD");
}

TEST(LoaderTest, ASuiteHasAnOracleOfItsOwn) {
  std::string json = R"({"title": "t", "requirement": ["K-1"], "suite": "compatibility",
                         "level": "MUST", "needs": ["file"], "steps": [{"start": {}}],
                         "expect": "model"})";
  EXPECT_EQ(Load(json).status().message(),
            "file.json: /expect: \"reference\" or a list is expected in this suite");
}

TEST(LoaderTest, MalformedJsonIsRefused) {
  EXPECT_FALSE(Load("{").ok());
  EXPECT_FALSE(Load("[]").ok());
  EXPECT_EQ(Load(R"({"title": "a", "title": "b"})").status().message(),
            "file.json: member \"title\" is given twice");
}

TEST(RequirementsTest, AnIdIsGivenOnce) {
  const auto twice = Requirements::Parse("r.json", R"([
    {"id": "A", "suite": "conformance", "level": "MUST", "text": "t", "source": "s"},
    {"id": "A", "suite": "conformance", "level": "MUST", "text": "t", "source": "s"}])");
  EXPECT_EQ(twice.status().message(), "r.json: /1: the id A is given twice");
}

TEST(DescribeTest, NamesKeysButNeverShowsThem) {
  const Scenario scenario = Load(kGood).value();
  EXPECT_EQ(Describe(scenario.steps[1].action),
            "start with encrypt=true, cipher=AES, key in the environment=<right>, max_age_ms=5");
  EXPECT_EQ(Describe(scenario.steps[2].action), "publish 2 messages to foo");
}

constexpr char kCluster[] = R"({
  "title": "t", "requirement": ["K-1"], "suite": "compatibility", "level": "MUST",
  "needs": ["nodes", "format:stan-file-1"], "keys": {"K": "secret"},
  "cluster": {"nodes": 3},
  "steps": [
    {"start": {"encrypt": true, "key": "K"}, "node": "all"}, {"elect": {}, "node": "b"},
    {"inspect": {}, "node": "follower", "as": "disk"}],
  "expect": [{"step": "disk", "entries": [
    {"channel": "foo", "sequence": 1, "freed": true, "cipher": "AES", "opened_by": ["K"]}]}]})";

// The error after FROM has been replaced with TO in the scenario of a cluster.
std::string ClusterErrorWith(const std::string& from, const std::string& to) {
  std::string json = kCluster;
  json.replace(json.find(from), from.size(), to);
  const auto loaded = Load(json);
  return loaded.ok() ? "loaded" : loaded.status().message();
}

TEST(LoaderTest, Clusters) {
  const auto loaded = Load(kCluster);
  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  EXPECT_EQ(loaded.value().cluster->nodes, 3u);
  EXPECT_EQ(loaded.value().steps[1].node, "b");
  EXPECT_TRUE(loaded.value().expectations[0].entries[0].is_freed);
  EXPECT_EQ(ClusterErrorWith(R"("node": "b")", R"("node": "d")"),
            "file.json: /steps/1: no such node or role");
  EXPECT_EQ(ClusterErrorWith(R"(, "node": "follower")", ""),
            "file.json: /steps/2: this step is done to a \"node\"");
  EXPECT_EQ(ClusterErrorWith(R"("cluster": {"nodes": 3},)", ""),
            "file.json: /expect/0/entries: only a node of a cluster has a Raft log");
  EXPECT_EQ(ClusterErrorWith(R"("nodes": 3)", R"("nodes": 3, "trailing_entries": 0)"),
            "file.json: /cluster: this cluster needs \"snapshots\"");
}

}  // namespace
}  // namespace atrest::scenario
