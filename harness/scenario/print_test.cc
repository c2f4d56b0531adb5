#include "harness/scenario/print.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "harness/scenario/loader.h"
#include "harness/scenario/requirements.h"

namespace atrest::scenario {
namespace {

const Requirements& Register() {
  static const Requirements known = Requirements::Parse("requirements", R"([
        {"id": "D-01", "suite": "conformance", "level": "MUST", "source": "page", "text": "x"},
        {"id": "H-01", "suite": "hardening", "level": "SHOULD", "source": "page", "text": "y"},
        {"id": "H-02", "suite": "hardening", "level": "SHOULD", "source": "page", "text": "z"}])")
                                        .value();
  return known;
}

// Every kind of step and operation, with every member that has a default left out and given.
constexpr char kAll[] = R"({
  "title": "All that the language has", "requirement": ["H-01"], "suite": "hardening",
  "level": "SHOULD",
  "needs": ["client", "explicit_empty", "file", "format:stan-file-1", "interrupt", "kill",
            "memory", "program", "raw"],
  "keys": {"K": "secret", "odd": {"hex": "ff01"}, "long": {"repeat": ["k", 40]}},
  "steps": [
    {"golden": "plain"},
    {"start": {"encrypt": true, "cipher": "AES", "key": "K", "key_option": "odd",
               "max_messages": 1, "max_bytes": 2, "max_age_ms": 3, "slice_max_messages": 4,
               "slice_max_bytes": 5, "buffer_size": 6, "read_buffer_size": 7, "check_crc": false,
               "crc_polynomial": 8, "truncate_bad_eof": true, "cluster_id": "c",
               "max_channels": 9, "max_subscriptions": 10, "max_inactivity_ms": 11,
               "channels": {"foo.*": {"max_messages": 1, "max_bytes": 2, "max_age_ms": 3,
                                      "max_subscriptions": 4, "max_inactivity_ms": 5}},
               "arguments": ["-x", "{key:K}"], "config": "a: {key:odd}"}, "as": "on"},
    {"publish": {"channel": "foo", "payloads": ["a", "", {"hex": "ff"}, {"repeat": ["x", 99]}]}},
    {"publish": {"channel": "foo", "payloads": [""], "explicit_empty": true}},
    {"connect": {"client": "a"}},
    {"publish": {"channel": "foo", "payloads": ["a"], "client": "a"}},
    {"subscribe": {"client": "a", "name": "s", "channel": "foo", "from": {"ago_ms": 5},
                   "durable": "d", "queue": "q", "max_in_flight": 2, "ack_wait_s": 3,
                   "acks": "manual"}},
    {"subscribe": {"client": "a", "name": "t", "channel": "foo", "from": 7}},
    {"receive": {"subscription": "s"}}, {"ack": {"subscription": "s", "sequences": [1, 2]}},
    {"close": {"subscription": "s"}}, {"unsubscribe": {"subscription": "t"}},
    {"vanish": {"client": "a"}},
    {"request": {"subject": "x", "payload": "y"}}, {"raw": {"bytes": {"hex": "00ff"}}},
    {"read": {"channel": "foo", "from": "first"}}, {"read": {"channel": "foo", "from": "last"}},
    {"read": {"channel": "foo", "from": "new", "max": 3}}, {"read": {"channel": "foo", "from": 4}},
    {"wait": {"ms": 5}}, {"inspect": {"keys": ["K"], "texts": ["abc"]}},
    {"interrupt": {"at": "sync", "count": 3, "how": "kill"}}, {"kill": {}},
    {"tamper": [
      {"op": "flip", "file": "a", "at": -1, "xor": 1}, {"op": "truncate", "file": "a", "size": 1},
      {"op": "truncate", "file": "a", "by": 1}, {"op": "append", "file": "a", "hex": "00"},
      {"op": "remove", "file": "a"}, {"op": "rename", "file": "a", "to": "b"},
      {"op": "mkdir", "file": "c"},
      {"op": "record", "file": "a", "record": 1, "from": "data", "offset": -2, "set": 3,
       "repairCrc": true},
      {"op": "record", "file": "a", "record": 1, "offset": 2, "xor": 3},
      {"op": "swapData", "file": "a", "a": 1, "b": 2},
      {"op": "copyData", "file": "a", "a": 1, "b": 2},
      {"op": "fillData", "file": "a", "record": 1, "bytes": "forged"},
      {"op": "removeRecord", "file": "a", "record": 1},
      {"op": "swapRecords", "file": "a", "a": 1, "b": 2},
      {"op": "emptyBucket", "file": "a", "bucket": "logs"},
      {"op": "save", "file": ".", "copy": "old"}, {"op": "restore", "file": ".", "copy": "old"},
      {"op": "restore", "file": ".", "copy": "old", "node": "b"}]},
    {"start": {"store": "memory"}},
    {"interrupt": {"at": "write", "count": 1, "how": "full", "writes": 2}},
    {"stop": {}}
  ],
  "expect": "ideal"
})";

Scenario Load(const std::string& json) {
  auto loaded = LoadScenario("file", "id", json, Register());
  EXPECT_TRUE(loaded.ok()) << loaded.status().message();
  return loaded.ok() ? std::move(loaded).value() : Scenario();
}

TEST(Print, WhatIsPrintedLoadsAndPrintsTheSame) {
  const std::string once = PrintScenario(Load(kAll));
  EXPECT_EQ(PrintScenario(Load(once)), once);
}

TEST(Print, EveryMemberThatWasGivenIsPrinted) {
  const auto given = nlohmann::json::parse(kAll);
  const auto printed = nlohmann::json::parse(PrintScenario(Load(kAll)));
  ASSERT_EQ(printed["steps"].size(), given["steps"].size());
  for (size_t i = 0; i < given["steps"].size(); ++i) {
    for (const auto& [name, step] : given["steps"][i].items()) {
      if (!step.is_object()) {
        EXPECT_EQ(printed["steps"][i][name], step);
        continue;
      }
      for (const auto& [member, value] : step.items())
        EXPECT_EQ(printed["steps"][i][name][member], value) << i << " " << name << " " << member;
    }
  }
  for (const char* name : {"title", "requirement", "suite", "level", "needs", "keys", "expect"})
    EXPECT_EQ(printed[name], given[name]) << name;
}

// Every kind of expectation.
constexpr char kExpecting[] = R"({
  "title": "All that can be expected", "requirement": ["H-01", "H-02"], "suite": "hardening",
  "level": "SHOULD", "needs": ["client", "file", "format:stan-file-1", "raw"],
  "keys": {"K": "secret"},
  "steps": [
    {"start": {"encrypt": true, "key": "K"}, "as": "on"},
    {"publish": {"channel": "foo", "payloads": ["a"]}, "as": "put"},
    {"read": {"channel": "foo", "from": "first"}, "as": "all"},
    {"connect": {"client": "a"}, "as": "in"},
    {"subscribe": {"client": "a", "name": "s", "channel": "foo", "from": "first"}},
    {"receive": {"subscription": "s"}, "as": "got"},
    {"request": {"subject": "x", "payload": "y"}, "as": "asked"},
    {"inspect": {"keys": ["K"], "texts": ["abc", "def"]}, "as": "disk"},
    {"stop": {}}, {"start": {}, "as": "off"}
  ],
  "expect": [
    {"step": "on", "started": true, "errors": [], "warnings": ["w"]},
    {"step": "put", "published": false, "answer": "no"},
    {"step": "all", "requirement": "H-02", "tampering": "noticed",
     "receives": [[1, "a"], [2, {"hex": "ff"}, "bar"], [3, {"sealed": "AES", "size": 4}]]},
    {"step": "in", "answer": ""}, {"step": "got", "redelivered": [2, 1]},
    {"step": "asked", "reply": {"hex": "00ff"}},
    {"step": "disk", "damage": ["crc"], "nonces_unique": true, "found": ["abc"], "absent": ["def"],
     "sizes": {"foo/subs.dat": 4, "foo/none": null},
     "messages": [{"channel": "foo", "sequence": 1, "cipher": "AES", "opened_by": ["K"],
                   "data_size": 30, "nonce_counter": 1, "nonce_random_as": 2},
                  {"channel": "foo", "sequence": 2, "cipher": null}]},
    {"step": "off", "refused": "why", "exit": 1}
  ]
})";

TEST(Print, ExpectationsArePrintedAsTheyWereGiven) {
  const auto given = nlohmann::json::parse(kExpecting);
  const auto printed = nlohmann::json::parse(PrintScenario(Load(kExpecting)));
  EXPECT_EQ(printed["expect"], given["expect"]);
}

// What only clusters have.
constexpr char kCluster[] = R"({
  "title": "All that clusters have", "requirement": ["H-01"], "suite": "hardening",
  "level": "SHOULD", "needs": ["format:stan-file-1", "kill", "nodes", "power", "snapshots"],
  "cluster": {"nodes": 2, "snapshot_entries": 5, "trailing_entries": 0},
  "steps": [
    {"start": {"cluster_sync": true, "cluster_peers": false}, "node": "all"},
    {"kill": {}, "node": "a"}, {"kill": {"power": true}, "node": "b"},
    {"inspect": {}, "node": "b", "as": "disk"}
  ],
  "expect": [{"step": "disk", "snapshots": 2, "configurations": 3}]
})";

TEST(Print, WhatClustersHaveIsPrintedAsItWasGiven) {
  const auto given = nlohmann::json::parse(kCluster);
  auto printed = nlohmann::json::parse(PrintScenario(Load(kCluster)));
  for (const char* name : {"needs", "cluster", "expect"}) EXPECT_EQ(printed[name], given[name]);
  for (const size_t step : {0u, 1u, 2u}) EXPECT_EQ(printed["steps"][step], given["steps"][step]);
}

}  // namespace
}  // namespace atrest::scenario
