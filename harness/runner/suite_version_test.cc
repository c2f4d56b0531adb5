#include "harness/runner/suite_version.h"

#include <gtest/gtest.h>

#include "harness/runner/suite.h"
#include "reference/env/mem_file_system.h"

namespace atrest::runner {
namespace {

constexpr char kScenario[] =
    R"({"title": "t", "requirement": ["D-01"], "suite": "conformance", "level": "MUST",
        "needs": ["file"], "steps": [{"start": {}}], "expect": "model"})";
constexpr char kRegister[] =
    R"([{"id": "D-01", "suite": "conformance", "level": "MUST", "text": "t", "source": "s"}])";

class SuiteVersionTest : public testing::Test {
 protected:
  void SetUp() override {
    Write("requirements.json", kRegister);
    Write("a/one.json", kScenario);
    Write("a/two.json", kScenario);
    Freeze("a/one", ContentHash(kScenario).value());
  }
  void Write(const std::string& path, const std::string& text) {
    const std::string whole = "/tree/scenarios/" + path;
    ASSERT_TRUE(files_.MakeDirectories(whole.substr(0, whole.rfind('/'))).ok());
    ASSERT_TRUE(env::WriteWhole(files_, whole, AsBytes(text)).ok());
  }
  void Freeze(const std::string& id, const std::string& hash) {
    Write("suites/v1.json", R"({"version": "v1", "scenarios": {")" + id + R"(": ")" + hash +
                                R"("}, "requirements": ["D-01"]})");
  }
  Result<std::vector<scenario::Scenario>> Load(const std::vector<std::string>& patterns = {}) {
    const auto suite = Suite::Open(files_, "/tree").value();
    return suite.LoadFrozen(suite.Version("v1").value(), patterns);
  }

  env::MemFileSystem files_;
};

TEST_F(SuiteVersionTest, HasExactlyItsScenarios) {
  const auto loaded = Load().value();
  ASSERT_EQ(loaded.size(), 1u);
  EXPECT_EQ(loaded[0].id, "a/one");
  EXPECT_TRUE(Load({"b"}).value().empty());
}

TEST_F(SuiteVersionTest, FormattingIsFreeAndContentIsNot) {
  std::string other = kScenario;
  Write("a/one.json", "\n" + other + "\n\n");
  EXPECT_TRUE(Load().ok());
  other.replace(other.find("\"t\""), 3, "\"u\"");
  Write("a/one.json", other);
  EXPECT_EQ(Load().status().message(), "scenarios/a/one.json is not as it was frozen in v1");
}

TEST_F(SuiteVersionTest, AScenarioThatIsGoneIsTold) {
  Freeze("a/none", ContentHash(kScenario).value());
  EXPECT_EQ(Load().status().message(), "v1 has the scenario a/none, which is gone");
}

TEST_F(SuiteVersionTest, AVersionThatIsNotThereIsTold) {
  const auto suite = Suite::Open(files_, "/tree").value();
  EXPECT_EQ(suite.Version("v2").status().code(), Code::kNotFound);
}

TEST(ContentHashTest, IsThatOfTheCanonicalForm) {
  // As ci/scenarios_tree_test.py has it.
  EXPECT_EQ(ContentHash("{\"b\": [1, \"\\u00e9\\n\"], \"a\": null}").value(),
            "c46d0a23acf19afe51d9fc9a08040e14a409df1595fb0ba12e6177032a71b678");
  EXPECT_FALSE(ContentHash("{").ok());
}

}  // namespace
}  // namespace atrest::runner
