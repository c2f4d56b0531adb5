// The cases of fixtures/damage/cases.json that options decide: what the real server printed and how
// it ended.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "reference/server/options.h"

namespace atrest::server {
namespace {

using nlohmann::json;

constexpr size_t kCases = 21;  // that need no store

struct Ended {
  bool started = false;
  int exit = 0;
  bool usage = false;
  std::string stderr_line = {};
};

Ended FromCommandLine(const CommandLine& line) {
  const bool usage = line.action == CommandLine::Action::kUsageError;
  return {false, usage ? 0 : 1, usage, line.error};
}

Ended FatalIf(const Status& status, Ended otherwise) {
  if (status.ok()) return otherwise;
  return {false, 1, false, "[FTL] STREAM: Failed to start: " + status.message()};
}

Ended Start(const json& test) {
  std::vector<std::string> args = {"-store", "file", "-dir", "store"};
  for (const auto& arg : test.value("args", json::array())) args.push_back(arg);
  ConfigSource outside;
  if (test.contains("config")) args.insert(args.end(), {"-sc", "x.conf"});
  outside.read_file = [&](const std::string&) -> Result<std::string> {
    return test.at("config").get<std::string>();
  };
  Options options;
  const CommandLine line = Configure(args, outside, 0, options);
  if (line.action != CommandLine::Action::kRun) return FromCommandLine(line);
  const Ended resolved = FatalIf(Resolve(options, test.value("env", "")).status(), {true});
  return FatalIf(Validate(options), resolved);  // the store is looked at before the key
}

// Those without a store: what follows is decided before one is opened.
std::vector<json> Cases() {
  std::ifstream file("fixtures/damage/cases.json");
  std::vector<json> cases;
  for (auto& test : json::parse(file)) {
    if (!test.contains("base") && !test.contains("ops")) cases.push_back(test);
  }
  return cases;
}

TEST(OptionsCasesTest, AsTheRealServer) {
  const auto cases = Cases();
  EXPECT_EQ(cases.size(), kCases);
  for (const json& test : cases) {
    SCOPED_TRACE(test.at("name").get<std::string>());
    const Ended ended = Start(test);
    EXPECT_EQ(ended.started, test.at("started").get<bool>());
    if (ended.started) continue;
    EXPECT_EQ(ended.exit, test.at("exit").get<int>());
    EXPECT_EQ(ended.usage, test.contains("stdoutFirstLine"));
    EXPECT_EQ(json::array({ended.stderr_line}), test.at("stderr"));
  }
}

}  // namespace
}  // namespace atrest::server
