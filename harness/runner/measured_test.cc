#include "harness/runner/measured.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "harness/driver/registry.h"
#include "reference/env/posix_env.h"

namespace atrest::runner {
namespace {

std::vector<MeasuredCase> CasesOf(const std::string& folder) {
  static env::PosixFileSystem files;
  auto cases = LoadMeasured(files, ".").value();
  std::erase_if(cases, [&](const MeasuredCase& one) { return !one.id.starts_with(folder + "/"); });
  return cases;
}

verdict::RunSummary Play(const std::vector<MeasuredCase>& cases, const std::string& target) {
  RunOptions options;
  options.target = target;
  options.make_driver = [&](const driver::DriverOptions& made) {
    return driver::MakeDriver(target, made);
  };
  env::SystemClock clock;
  return RunMeasured(cases, options, {}, clock).value();
}

std::vector<std::string> Ids(const verdict::RunSummary& summary, verdict::Kind kind) {
  std::vector<std::string> ids;
  for (const verdict::Verdict& verdict : summary.verdicts) {
    if (verdict.kind == kind) ids.push_back(verdict.scenario);
  }
  return ids;
}

void ExpectNoDifference(const verdict::RunSummary& summary) {
  for (const verdict::Verdict& verdict : summary.verdicts) {
    const bool as_measured =
        verdict.kind == verdict::Kind::kPass || verdict.kind == verdict::Kind::kSkipped;
    EXPECT_TRUE(as_measured) << verdict.scenario << ": " << verdict.message;
  }
}

TEST(MeasuredTest, EveryOpeningOfEveryGoldenStoreGivesWhatTheRealServerGave) {
  const auto cases = CasesOf("stores");
  std::set<std::string> stores;
  for (const MeasuredCase& one : cases) stores.insert(one.id.substr(0, one.id.rfind('/')));
  EXPECT_EQ(stores.size(), 13u);
  const auto summary = Play(cases, "inproc");
  ExpectNoDifference(summary);
  EXPECT_EQ(Ids(summary, verdict::Kind::kPass).size(), cases.size());
}

TEST(MeasuredTest, EveryCaseOfDamageThatConcernsTheStoreEndsAsTheRealServerEnded) {
  const auto cases = CasesOf("damage");
  EXPECT_EQ(cases.size(), 76u);
  const auto summary = Play(cases, "inproc");
  ExpectNoDifference(summary);
  EXPECT_EQ(Ids(summary, verdict::Kind::kSkipped),
            (std::vector<std::string>{
                "damage/bad_boolean", "damage/bad_duration", "damage/bad_size",
                "damage/config_cipher_is_a_number", "damage/config_empty_key",
                "damage/config_encrypt_not_a_boolean", "damage/config_encrypt_without_key",
                "damage/config_key_is_a_number", "damage/config_syntax_error",
                "damage/config_unset_variable", "damage/file_store_without_a_directory",
                "damage/two_word_boolean", "damage/unknown_flag", "damage/unknown_store"}))
      << "these need a server program";
}

TEST(MeasuredTest, ATargetThatKeepsNothingDiffers) {
  const auto summary = Play(CasesOf("stores"), "canary:nothing");
  EXPECT_EQ(Ids(summary, verdict::Kind::kPass).size(), 0u);
  EXPECT_EQ(summary.verdicts.front().message,
            "foo:1: \"01dbb932b10000000000000001394f2c90a7c65be0ed791a30d0f1a79256\" was "
            "measured, but it is null");
}

TEST(MeasuredTest, TranscriptsNeedAProgram) {
  const auto cases = CasesOf("transcripts");
  EXPECT_EQ(cases.size(), 30u);
  EXPECT_EQ(Ids(Play(cases, "inproc"), verdict::Kind::kSkipped).size(), cases.size());
}

}  // namespace
}  // namespace atrest::runner
