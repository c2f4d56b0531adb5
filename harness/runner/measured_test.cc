// What the real server was measured to do (fixtures/), asked of the reference's store through its
// driver: every golden store under every setting gives exactly what the real server gave at each
// sequence and logs the same errors; every damage case that concerns the store ends in the same
// refusal or recovery, with the same texts and file sizes. Cases about command lines and
// configuration files need a server program.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "harness/driver/registry.h"
#include "harness/runner/workspace.h"
#include "harness/scenario/loader.h"
#include "harness/tamper/tamper.h"
#include "reference/env/posix_env.h"

namespace atrest::runner {
namespace {

using Json = nlohmann::json;

Json LoadJson(const std::string& path) {
  std::ifstream file(path);
  return Json::parse(file);
}

std::string HexOf(const std::string& bytes) { return ToHex(AsBytes(bytes)); }

// A target of its own over a copy of a golden store in memory.
class GoldenTarget {
 public:
  GoldenTarget() : driver_(driver::MakeDriver("inproc", {}).value()) {}

  void Copy(const std::string& store) {
    env::PosixFileSystem files;
    ASSERT_TRUE(CopyTree(files, "fixtures/stores/" + store + "/store", driver_->files(),
                         driver_->directory())
                    .ok());
  }

  verdict::Started Start(const scenario::Settings& settings,
                         const std::map<std::string, std::string>& keys) {
    return std::get<verdict::Started>(Kept(driver_->Start(settings, keys).value()));
  }

  // What a subscription that starts at SEQUENCE gets first, in the form of expect.json: a payload
  // in hex, {"instead": n} or null.
  Json ReadAt(const std::string& channel, uint64_t sequence) {
    const scenario::Read read{channel, scenario::Read::From::kSequence, sequence, 1};
    const auto seen = std::get<verdict::Read>(Kept(driver_->Read(read).value()));
    if (seen.deliveries.empty()) return nullptr;
    if (seen.deliveries[0].sequence != sequence) return {{"instead", seen.deliveries[0].sequence}};
    return HexOf(seen.deliveries[0].payload);
  }

  void Stop() { Kept(driver_->Stop().value()); }

  std::map<std::string, uint64_t> Sizes() {
    verdict::Disk disk;
    EXPECT_TRUE(Scan(driver_->files(), driver_->directory(), {}, disk).ok());
    return {disk.sizes.begin(), disk.sizes.end()};
  }

  driver::Driver& driver() { return *driver_; }
  const std::vector<verdict::LogLine>& log() const { return log_; }

 private:
  verdict::Outcome Kept(verdict::Observation seen) {
    log_.insert(log_.end(), seen.log.begin(), seen.log.end());
    return seen.outcome;
  }

  std::unique_ptr<driver::Driver> driver_;
  std::vector<verdict::LogLine> log_;
};

constexpr const char* kStores[] = {
    "aes",
    "chacha",
    "key-from-config",
    "key-precedence",
    "killed",
    "mixed-ciphers",
    "plaintext",
    "plaintext-lookalike",
    "slices-and-limits",
    "subscriptions",
    "two-keys",
    "unusual-channels",
    "unusual-keys",
};

class GoldenTest : public testing::TestWithParam<const char*> {};

void CheckOpening(const std::string& store, const Json& opening) {
  scenario::Settings settings;
  std::map<std::string, std::string> keys;
  if (opening["encrypt"].get<bool>()) {
    settings.encrypt = true;
    settings.cipher = opening["cipher"].get<std::string>();
    settings.key_variable = "key";
    keys["key"] = opening["key"].get<std::string>();
  }
  GoldenTarget target;
  target.Copy(store);
  ASSERT_TRUE(target.Start(settings, keys).ok);
  for (const auto& [channel, sequences] : opening["read"].items()) {
    for (const auto& [sequence, expected] : sequences.items()) {
      EXPECT_EQ(target.ReadAt(channel, std::stoull(sequence)), expected)
          << channel << ':' << sequence;
    }
  }
  std::set<std::string> errors;
  for (const verdict::LogLine& line : target.log()) {
    if (line.level == "ERR") errors.insert("STREAM: " + line.text);
  }
  EXPECT_EQ(errors, opening["errors"].get<std::set<std::string>>());
}

TEST_P(GoldenTest, EverySettingGivesWhatTheRealServerGave) {
  const Json expected = LoadJson(std::string("fixtures/stores/") + GetParam() + "/expect.json");
  ASSERT_FALSE(expected["opens"].empty());
  for (const Json& opening : expected["opens"]) {
    SCOPED_TRACE(opening.value("cipher", "encryption off") +
                 (opening["encrypt"].get<bool>() ? ", a key" : ""));
    CheckOpening(GetParam(), opening);
  }
}

INSTANTIATE_TEST_SUITE_P(Stores, GoldenTest, testing::ValuesIn(kStores), [](const auto& store) {
  std::string name = store.param;
  std::ranges::replace(name, '-', '_');
  return name;
});

TEST(GoldenStoresTest, NoneIsLeftOut) {
  env::PosixFileSystem files;
  std::set<std::string> found;
  for (const env::DirectoryEntry& entry : files.List("fixtures/stores").value()) {
    if (entry.is_directory) found.insert(entry.name);
  }
  EXPECT_EQ(found, std::set<std::string>(std::begin(kStores), std::end(kStores)));
}

struct Opening {
  scenario::Settings settings;
  std::map<std::string, std::string> keys;
};

// nullopt where the case is about reading a command line or a configuration, which a store cannot
// show.
std::optional<Opening> OpeningOf(const Json& test) {
  if (test.contains("config")) return std::nullopt;
  Opening opening;
  const auto args = test.value("args", std::vector<std::string>());
  for (size_t i = 0; i < args.size(); ++i) {
    const auto value = [&] { return i + 1 < args.size() ? args[++i] : std::string(); };
    if (args[i] == "-encrypt") {
      opening.settings.encrypt = true;
    } else if (args[i] == "-encryption_cipher") {
      opening.settings.cipher = value();
    } else if (args[i] == "-encryption_key") {
      opening.settings.key_option = "option";
      opening.keys["option"] = value();
    } else if (args[i] == "-file_crc=false") {
      opening.settings.check_crc = false;
    } else if (args[i] == "-file_crc_poly") {
      opening.settings.crc_polynomial = static_cast<uint32_t>(std::stoul(value()));
    } else if (args[i] == "-file_truncate_bad_eof") {
      opening.settings.truncate_bad_eof = true;
    } else if (args[i] == "-cid") {
      opening.settings.cluster_id = value();
    } else {
      return std::nullopt;
    }
  }
  if (test.contains("env")) {
    opening.settings.key_variable = "variable";
    opening.keys["variable"] = test["env"].get<std::string>();
  }
  return opening;
}

// The lines that cases.json keeps: warnings and worse, without the hex dumps, each once.
std::vector<std::string> ComparableLog(const GoldenTarget& target, const std::string& directory) {
  static const std::regex kDump("^[0-9a-f]{2}( [0-9a-f]{2})*( .*)?$");
  std::vector<std::string> lines;
  for (const verdict::LogLine& line : target.log()) {
    if (line.level == "INF" || std::regex_match(line.text, kDump)) continue;
    const std::string text = ReplacePath(line.text, directory, "<root>/store");
    const std::string full = "[" + line.level + "] STREAM: " + text;
    if (std::ranges::find(lines, full) == lines.end()) lines.push_back(full);
  }
  return lines;
}

bool IsOfTheProbe(const std::string& path) {
  return path.ends_with("clients.dat") || path.ends_with("subs.dat");
}

// Every file's size after a refusal; after a start all but the journals, which show the client that
// was used to look.
void CheckSizes(const Json& test, const std::map<std::string, uint64_t>& sizes) {
  for (const auto& [path, size] : test["sizesAfter"].items()) {
    if (test["started"].get<bool>() && IsOfTheProbe(path)) continue;
    ASSERT_TRUE(sizes.contains(path)) << path;
    EXPECT_EQ(sizes.at(path), size.get<uint64_t>()) << path;
  }
  for (const auto& [path, size] : sizes)
    EXPECT_TRUE(test["sizesAfter"].contains(path)) << path << " is too much";
}

void CheckCase(const Json& test, const Opening& opening) {
  GoldenTarget target;
  if (test.contains("base")) target.Copy(test["base"].get<std::string>());
  const auto operations =
      scenario::LoadTamperOperations("case", test.value("ops", Json::array()).dump());
  ASSERT_TRUE(operations.ok()) << operations.status().message();
  driver::Driver& driver = target.driver();
  ASSERT_TRUE(tamper::Apply(operations.value(), driver.directory(), driver.files()).ok());

  const bool started = target.Start(opening.settings, opening.keys).ok;
  ASSERT_EQ(started, test["started"].get<bool>());
  const Json reads = test.value("read", Json::object());
  for (const auto& [channel, sequences] : reads.items()) {
    for (const auto& [sequence, expected] : sequences.items()) {
      EXPECT_EQ(target.ReadAt(channel, std::stoull(sequence)), expected)
          << channel << ':' << sequence;
    }
  }
  if (started) target.Stop();
  EXPECT_EQ(ComparableLog(target, driver.directory()),
            test["stderr"].get<std::vector<std::string>>());
  if (test.contains("sizesAfter")) CheckSizes(test, target.Sizes());
}

TEST(DamageTest, EveryCaseOfTheStoreEndsAsTheRealServerEnded) {
  size_t checked = 0;
  std::vector<std::string> left;
  for (const Json& test : LoadJson("fixtures/damage/cases.json")) {
    const std::string name = test["name"].get<std::string>();
    SCOPED_TRACE(name);
    const auto opening = OpeningOf(test);
    if (!opening) {
      left.push_back(name);
      continue;
    }
    CheckCase(test, *opening);
    ++checked;
  }
  EXPECT_EQ(checked, 62u);
  EXPECT_EQ(
      left,
      (std::vector<std::string>{
          "two-word boolean", "bad boolean", "unknown flag", "config: encrypt not a boolean",
          "config: key is a number", "config: cipher is a number", "config: encrypt without key",
          "config: empty key", "config: syntax error", "config: unset variable", "bad duration",
          "bad size", "file store without a directory", "unknown store"}))
      << "these need a server program";
}

}  // namespace
}  // namespace atrest::runner
