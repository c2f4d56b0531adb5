// Flags and keys: options.md 1 and 2. Encryption is in encryption_options_test.cc.
#include "reference/server/options.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "reference/server/option_table.h"

namespace atrest::server {
namespace {

using Action = CommandLine::Action;
using Words = std::vector<std::string>;
using Files = std::map<std::string, std::string>;

struct Outcome {
  Options options;
  CommandLine line;
};

Outcome Start(const Words& args, const Files& files = {}) {
  ConfigSource outside;
  outside.read_file = [&](const std::string& path) -> Result<std::string> {
    const auto found = files.find(path);
    if (found != files.end()) return found->second;
    return Status(Code::kNotFound, "open " + path + ": no such file or directory");
  };
  Outcome outcome;
  outcome.line = Configure(args, outside, 0, outcome.options);
  return outcome;
}

Options Good(const Words& args, const Files& files = {}) {
  const Outcome outcome = Start(args, files);
  EXPECT_EQ(outcome.line.action, Action::kRun) << outcome.line.error;
  return outcome.options;
}

Options FromFile(const std::string& text) { return Good({"-c", "f"}, {{"f", text}}); }

std::string Refusal(const Words& args, const Files& files = {}) {
  const Outcome outcome = Start(args, files);
  EXPECT_EQ(outcome.line.action, Action::kFailure);
  return outcome.line.error;
}

std::string FileRefusal(const std::string& text) { return Refusal({"-c", "f"}, {{"f", text}}); }

Words Split(std::string_view words) {
  Words parts;
  std::string word;
  for (const char c : std::string(words) + " ") {
    if (c != ' ') {
      word += c;
    } else if (!word.empty()) {
      parts.push_back(std::exchange(word, ""));
    }
  }
  return parts;
}

TEST(OptionTableTest, NamesAreUnique) {
  std::set<std::pair<int, std::string>> seen;
  for (const OptionRow& row : OptionTable()) {
    for (const auto& flag : Split(row.flags)) EXPECT_TRUE(seen.insert({-1, flag}).second) << flag;
    for (const auto& key : Split(row.keys)) {
      EXPECT_TRUE(seen.insert({static_cast<int>(row.section), key}).second) << key;
    }
    EXPECT_EQ(row.keys.empty(), row.section == OptionSection::kNone) << row.flags;
  }
}

// A row whose kind and target do not fit would stop the program here.
TEST(OptionTableTest, EveryFlagCanBeGiven) {
  const std::map<OptionKind, std::string> values = {
      {OptionKind::kBool, "=true"}, {OptionKind::kString, "=x"},    {OptionKind::kInt, "=7"},
      {OptionKind::kSize, "=1KB"},  {OptionKind::kDuration, "=7s"}, {OptionKind::kStore, "=x"},
      {OptionKind::kKey, "=x"}};
  for (const OptionRow& row : OptionTable()) {
    for (const auto& flag : Split(row.flags)) {
      Options options;
      const Words args = {"-" + flag + values.at(row.kind)};
      const CommandLine line = ParseCommandLine(args, options);
      EXPECT_NE(line.action, Action::kUsageError) << flag;
      EXPECT_EQ(line.action == Action::kFailure, row.support == OptionSupport::kRefused) << flag;
      EXPECT_EQ(line.warnings.size(), row.support == OptionSupport::kWarned ? 1u : 0u) << flag;
    }
  }
}

TEST(OptionTableTest, EveryKeyTakesItsTypeAndNoOther) {
  const std::map<OptionSection, std::string> openings = {
      {OptionSection::kStreaming, "streaming {"},
      {OptionSection::kLimits, "streaming { store_limits {"},
      {OptionSection::kFile, "streaming { file {"}};
  const std::map<OptionKind, std::string> values = {
      {OptionKind::kBool, "true"}, {OptionKind::kString, "x"},    {OptionKind::kInt, "7"},
      {OptionKind::kSize, "1KB"},  {OptionKind::kDuration, "7s"}, {OptionKind::kStore, "file"},
      {OptionKind::kKey, "x"},     {OptionKind::kMap, "{}"}};
  for (const OptionRow& row : OptionTable()) {
    const auto open = openings.find(row.section);
    if (open == openings.end()) continue;
    const std::string close = open->first == OptionSection::kStreaming ? "}" : "}}";
    for (const auto& key : Split(row.keys)) {
      const std::string right = open->second + key + ": " + values.at(row.kind) + " " + close;
      const auto given = Start({"-c", "f"}, {{"f", right}}).line;
      EXPECT_EQ(given.action == Action::kFailure, row.support == OptionSupport::kRefused) << right;
      if (row.support == OptionSupport::kRefused) continue;
      EXPECT_NE(FileRefusal(open->second + key + ": 1.5 " + close).find("expected"),
                std::string::npos);
    }
  }
}

TEST(OptionsTest, Defaults) {
  const Options options = Good({});
  EXPECT_EQ(options.cluster_id, "test-cluster");
  EXPECT_EQ(options.store_type, "MEMORY");
  EXPECT_EQ(options.max_bytes, 1'024'000'000);
  EXPECT_EQ(options.heartbeat_interval_ns, 30'000'000'000);
  EXPECT_EQ(options.file_crc_polynomial, 0xEDB88320);
  EXPECT_TRUE(Validate(options).ok());
}

TEST(OptionsTest, FlagsReachTheirMembers) {
  const Options options = Good(
      {"-cid",  "c",    "--store=file",     "-dir", "d",  "-mm", "0x10", "-mb",   "1KB", "-ma",
       "1h30m", "-SDV", "-file_sync=false", "-p",   "-1", "-m",  "8222", "-user", "u",   "-pass",
       "w"});
  EXPECT_EQ(options.cluster_id, "c");
  EXPECT_EQ(options.store_type, "FILE");
  EXPECT_EQ(options.max_messages, 16);
  EXPECT_EQ(options.max_bytes, 1024);
  EXPECT_EQ(options.max_age_ns, 5'400'000'000'000);
  EXPECT_TRUE(options.stan_debug && options.stan_trace && !options.file_sync);
  EXPECT_EQ(options.port, -1);
  EXPECT_EQ(options.http_port, 8222);
  EXPECT_EQ(options.user + options.password, "uw");
}

TEST(OptionsTest, Sizes) {
  for (const auto& [text, bytes] : std::map<std::string, int64_t>{
           {"7", 7}, {"1K", 1000}, {"1kib", 1024}, {"-1", -1}, {"2MB", 2'097'152}}) {
    EXPECT_EQ(Good({"-max_bytes", text}).max_bytes, bytes) << text;
  }
  EXPECT_EQ(Refusal({"-mb", "abc"}), "mb should be a size, got 'abc'");
  EXPECT_EQ(Refusal({"--max_bytes=1.5"}), "max_bytes should be a size, got '1.5'");
  EXPECT_EQ(Refusal({"-file_buffer_size", "[1"}), "file_buffer_size should be a size, got '[1'");
}

TEST(OptionsTest, WordsAndActions) {
  EXPECT_EQ(Start({"version"}).line.action, Action::kVersion);
  EXPECT_EQ(Start({"-p", "1", "HELP"}).line.action, Action::kHelp);
  EXPECT_EQ(Start({"-v"}).line.action, Action::kVersion);
  EXPECT_EQ(Start({"-h"}).line.action, Action::kHelp);
  EXPECT_EQ(Start({"-help_tls"}).line.action, Action::kTlsHelp);
  EXPECT_EQ(Refusal({"foo"}), "unrecognized command: \"foo\"");
  EXPECT_EQ(Refusal({"-t"}),
            "must specify [-c, --config] option to check configuration file syntax");
}

TEST(OptionsTest, ClusteringIsRefusedButForTheFlagsThatClientsPass) {
  EXPECT_EQ(Start({"-cluster", "nats://x:1", "-routes", "y"}).line.warnings,
            (Words{"option -cluster is ignored: there is no clustering here",
                   "option -routes is ignored: there is no clustering here"}));
  EXPECT_EQ(Refusal({"-clustered"}),
            "option -clustered is not supported: there is no clustering here");
  EXPECT_EQ(Start({"-clustered=false"}).line.action, Action::kRun);
  EXPECT_EQ(FileRefusal("streaming { cluster {} }"), "parameter \"cluster\" is not supported here");
  EXPECT_EQ(FileRefusal("streaming { cluster: 3 }"), "expected cluster to be a map/struct, got 3");
  EXPECT_EQ(Validate(Good({"-st", "sql"})).message(), "SQL store is not supported");
}

TEST(OptionsTest, CommandLineWinsOverTheFile) {
  const Files files = {{"f", "port: 1\nstreaming { id: a, dir: b }"}};
  const Options options = Good({"-c", "f", "-cid", "x", "-p", "2"}, files);
  EXPECT_EQ(options.cluster_id, "x");
  EXPECT_EQ(options.directory, "b");
  EXPECT_EQ(options.port, 2);
}

TEST(OptionsTest, TwoFiles) {
  const Files files = {{"n", "port: 1\nstreaming { id: a }"}, {"s", "id: b\nport: 9"}};
  const Options both = Good({"-c", "n", "-sc", "s"}, files);
  EXPECT_EQ(both.cluster_id, "b");
  EXPECT_EQ(both.port, 1);
  EXPECT_EQ(Good({"-sc", "s"}, files).port, 9);
  EXPECT_EQ(Refusal({"-c", "nope.conf"}), "open nope.conf: no such file or directory");
}

TEST(OptionsTest, StreamingFile) {
  const Options options = FromFile(
      "Streaming {\n HB_interval: 5s\n store: file\n unknown: [1 ]\n"
      " limits { mm: 5, channels { foo.bar { mm: 3, max_age: 1s }, \"foo.*\" { msu: 1 } } }\n"
      " file_options { sync: off, slice_age: 60s, buffer_size: 1kb } }");
  EXPECT_EQ(options.heartbeat_interval_ns, 5'000'000'000);
  EXPECT_EQ(options.store_type, "FILE");
  EXPECT_EQ(options.max_messages, 5);
  EXPECT_EQ(options.per_channel.at("foo.bar").max_messages, 3);
  EXPECT_EQ(options.per_channel.at("foo.bar").max_age_ns, 1'000'000'000);
  EXPECT_FALSE(options.per_channel.at("foo.bar").max_bytes);
  EXPECT_EQ(options.per_channel.at("foo.*").max_subscriptions, 1);
  EXPECT_FALSE(options.file_sync);
  EXPECT_EQ(options.file_slice_max_age_ns, 60'000'000'000);
  EXPECT_EQ(options.file_buffer_bytes, 1024);
}

TEST(OptionsTest, StreamingFileErrors) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"streaming: 3", "expected streaming section to be a map/struct, got 3"},
      {"limits: 3", "expected store limits to be a map/struct, got 3"},
      {"file: 3", "expected file options to be a map/struct, got 3"},
      {"sql: 3", "expected SQL options to be a map/struct, got 3"},
      {"streaming { tls: 3 }", "expected TLS to be a map/struct, got 3"},
      {"limits { channels: 3 }", "expected per channel limits to be a map/struct, got 3"},
      {"limits { channels { a: 3 } }", "expected channel limits to be a map/struct, got 3"},
      {"limits { channels { foo.>.x {} } }", "invalid channel name \"foo.>.x\""},
      {"store: x", "unknown store type: x"},
      {"hbi: \"5\"", "time: missing unit in duration \"5\""},
      {"hbi: 1d", "time: unknown unit \"d\" in duration \"1d\""},
      {"hbi: zz", "time: invalid duration \"zz\""},
      {"hbi: 5", "parameter \"hbi\" value is expected to be string, got int64"},
      {"limits { MM: [x] }", "parameter \"MM\" value is expected to be int64, got slice"},
      {"store_limits { mm:  }", "parameter \"mm\" value is expected to be int64, got map"},
      {"id: 1.5", "parameter \"id\" value is expected to be string, got float64"},
      {"id: 2020-01-02T03:04:05Z", "parameter \"id\" value is expected to be string, got struct"},
  };
  for (const auto& [text, error] : cases) {
    if (text.starts_with("store_limits")) continue;
    EXPECT_EQ(FileRefusal(text), error) << text;
  }
  EXPECT_EQ(FileRefusal("streaming { store_limits { mm:  } }"), cases[14].second);
}

TEST(OptionsTest, NatsFile) {
  const Options options = FromFile(
      "listen: 127.0.0.1:4333\nhttp_port: 8\nmax_payload: 2kb\nauthorization { user: u, pass: w }\n"
      "trace: on\nstreaming {}\nunknown: 1");
  EXPECT_EQ(options.host, "127.0.0.1");
  EXPECT_EQ(options.port, 4333);
  EXPECT_EQ(options.http_port, 8);
  EXPECT_EQ(options.max_payload_bytes, 2048);
  EXPECT_EQ(options.user + options.password, "uw");
  EXPECT_TRUE(options.trace);
}

TEST(OptionsTest, NatsFileErrors) {
  EXPECT_EQ(FileRefusal("port: x"),
            "f:1:0: interface conversion: interface {} is string, not int64\n");
  EXPECT_EQ(FileRefusal("\nauthorization { zz: 1 }"), "f:2:16: unknown field \"zz\"\n");
  EXPECT_EQ(FileRefusal("authorization { user: u, token: t }"),
            "f:1:0: Cannot have a user/pass and token\n");
  EXPECT_EQ(FileRefusal("listen: x"), "f:1:0: could not parse address string \"x\"\n");
  EXPECT_EQ(FileRefusal("listen: \"x:y\""), "f:1:0: could not parse port \"y\"\n");
}

TEST(OptionsTest, NatsFileErrorsOfDurations) {
  EXPECT_EQ(FileRefusal("ping_interval: zz"),
            "f:1:0: error parsing ping_interval: time: invalid duration \"zz\"\n");
  EXPECT_EQ(FileRefusal("lame_duck_duration: 1s"),
            "f:1:0: invalid lame_duck_duration of 1s, minimum is 30 seconds\n");
  EXPECT_EQ(Good({"-c", "f"}, {{"f", "lame_duck_duration: 30s"}}).port, 0);
}

TEST(OptionsTest, NumbersForDurationsAreSecondsWithANotice) {
  const std::string notice =
      "f:1:0: invalid use of field \"ping_interval\": ping_interval should be converted to a "
      "duration";
  const Outcome both = Start({"-c", "f"}, {{"f", "ping_interval: 5\nwrite_deadline: 3s"}});
  EXPECT_EQ(both.options.ping_interval_ns, 5'000'000'000);
  EXPECT_EQ(both.options.write_deadline_ns, 3'000'000'000);
  EXPECT_EQ(both.line.notices, std::vector<std::string>{notice});
  EXPECT_EQ(Refusal({"-sc", "f"}, {{"f", "ping_interval: 5"}}), notice);
}

TEST(OptionsTest, AuthenticationTimeoutIsInSeconds) {
  EXPECT_EQ(FromFile("authorization { timeout: 3 }").auth_timeout_ns, 3'000'000'000);
  EXPECT_EQ(FromFile("authorization { timeout: 0.5 }").auth_timeout_ns, 500'000'000);
  EXPECT_EQ(FromFile("authorization { timeout: x }").auth_timeout_ns, 2'000'000'000);
}

TEST(OptionsTest, WhatProtectsAndIsNotThereIsRefused) {
  for (const char* text :
       {"authorization { users: [] }", "authorization { default_permissions {} }", "tls {}",
        "accounts {}", "http: 8222", "streaming {}\ncluster {}"}) {
    EXPECT_NE(FileRefusal(text).find("is not supported here"), std::string::npos) << text;
  }
}

TEST(OptionsTest, WhatFailsToStart) {
  const std::vector<std::pair<Words, std::string>> cases = {
      {{"-st", "ZZZ"}, "unsupported store type: ZZZ"},
      {{"-st", "file"}, "for FILE stores, root directory must be specified"},
      {{"-mc", "-1"}, "max channels limit cannot be negative (-1)"},
      {{"-msu", "-1"}, "max subscriptions limit cannot be negative (-1)"},
      {{"-mm", "-1"}, "max messages limit cannot be negative (-1)"},
      {{"-mb", "-1"}, "max bytes limit cannot be negative (-1)"},
      {{"-ma", "-1s"}, "max age limit cannot be negative (-1s)"},
      {{"-mi", "-1s"}, "max inactivity limit cannot be negative (-1s)"},
      {{"-file_compact_frag", "0"}, "compact fragmentation value must at least be 1"},
      {{"-file_compact_interval", "0"}, "compact interval value must at least be 1 seconds"},
      {{"-file_crc_poly", "0"}, "crc polynomial should be between 1 and 4294967295"},
      {{"-file_parallel_recovery", "0"}, "parallel recovery value must be at least 1"},
      {{"-file_slice_max_age", "-1s"}, "slice max values must be positive numbers"},
      {{"-file_fds_limit", "-1"}, "file descriptor limit must be a positive number"},
  };
  for (auto [args, error] : cases) {
    if (args[0].starts_with("-file")) {
      EXPECT_TRUE(Validate(Good(args)).ok());  // the memory store looks at none of these
      args.insert(args.end(), {"-st", "FILE", "-dir", "d"});
    }
    EXPECT_EQ(Validate(Good(args)).message(), error);
  }
}

}  // namespace
}  // namespace atrest::server
