#include "harness/compare/disk_facts.h"

#include <gtest/gtest.h>

#include "harness/driver/registry.h"

namespace atrest::compare {
namespace {

constexpr uint32_t kIeee = 0xEDB88320;
const std::map<std::string, std::string> kKeys = {{"right", "a key"}};

// The store that a run of SEED leaves: two sealed messages in foo, one of them read.
Tree Store(uint64_t seed) {
  driver::DriverOptions options;
  options.seed = seed;
  const auto driver = driver::MakeDriver("inproc", options);
  scenario::Settings settings;
  settings.encrypt = true;
  settings.key_variable = "right";
  EXPECT_TRUE(driver.value()->Start(settings, kKeys).ok());
  EXPECT_TRUE(driver.value()->Publish({"foo", {"one", "two"}}).ok());
  EXPECT_TRUE(driver.value()->Read({"foo"}).ok());
  EXPECT_TRUE(driver.value()->Stop().ok());
  return ReadTree(driver.value()->files(), driver.value()->directory()).value();
}

std::optional<Mismatch> Compared(const Tree& left, const Tree& right) {
  Normaliser of_left("/store", kKeys);
  Normaliser of_right("/store", kKeys);
  return FirstMismatch(DiskFacts(left, {kIeee}, of_left), DiskFacts(right, {kIeee}, of_right));
}

std::string FieldOf(const Tree& left, const Tree& right) {
  const auto mismatch = Compared(left, right);
  return mismatch ? mismatch->field : "";
}

TEST(DiskFacts, StoresOfTwoSeedsAgree) { EXPECT_EQ(FieldOf(Store(1), Store(2)), ""); }

TEST(DiskFacts, EveryFileIsLookedInto) {
  const Tree left = Store(1);
  for (const auto& [path, bytes] : left.files) {
    Tree right = Store(2);
    right.files[path].back() = static_cast<uint8_t>(right.files[path].back() ^ 1);
    EXPECT_EQ(KindOf(FieldOf(left, right)), KindOf("disk " + path + " record 1")) << path;
  }
}

TEST(DiskFacts, LongerShorterMissingAndAddedFilesAreSeen) {
  const Tree left = Store(1);
  for (const auto& [path, bytes] : left.files) {
    Tree right = Store(2);
    right.files[path].push_back(0);
    EXPECT_TRUE(FieldOf(left, right).starts_with("disk " + path)) << path;
    right = Store(2);
    right.files[path].pop_back();
    EXPECT_TRUE(FieldOf(left, right).starts_with("disk " + path)) << path;
    right = Store(2);
    right.files.erase(path);
    EXPECT_TRUE(FieldOf(left, right).starts_with("disk " + path)) << path;
  }
  Tree right = Store(2);
  right.files[".truncate.lck"] = {};
  EXPECT_EQ(FieldOf(left, right), "disk .truncate.lck contents");
  right = Store(2);
  right.directories.insert("bar");
  EXPECT_EQ(FieldOf(left, right), "disk bar");
}

TEST(DiskFacts, AnIndexThatDoesNotRepeatTheTimeIsSeen) {
  const Tree left = Store(1);
  Tree right = Store(2);
  constexpr size_t kTimeOfFirst = 4 + 16;
  right.files["foo/msgs.1.idx"][kTimeOfFirst] ^= 1;
  const auto mismatch = Compared(left, right);
  ASSERT_TRUE(mismatch);
  EXPECT_EQ(mismatch->field, "disk foo/msgs.1.idx record 1");
  EXPECT_NE(mismatch->right.find("time of its own"), std::string::npos);
}

TEST(DiskFacts, AChecksumUnderAnotherPolynomialIsSeen) {
  Normaliser of_left("/store", kKeys);
  Normaliser of_right("/store", kKeys);
  const Tree tree = Store(1);
  EXPECT_TRUE(
      FirstMismatch(DiskFacts(tree, {kIeee}, of_left), DiskFacts(tree, {0x82F63B78}, of_right)));
}

}  // namespace
}  // namespace atrest::compare
