#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <pugixml.hpp>
#include <sstream>

#include "harness/report/printable.h"
#include "harness/report/reporter.h"

namespace atrest::report {
namespace {

using verdict::Kind;
using verdict::Suite;

verdict::Verdict Passed(const std::string& id, Suite suite) {
  verdict::Verdict verdict;
  verdict.scenario = id;
  verdict.title = "A title with <markup> & \"quotes\"";
  verdict.suite = suite;
  verdict.requirements = {"D-13"};
  verdict.seconds = 0.25;
  return verdict;
}

verdict::Verdict Failed(const std::string& id, Suite suite) {
  verdict::Verdict verdict = Passed(id, suite);
  verdict.kind = Kind::kFail;
  verdict.oracle = "model";
  verdict.requirement = "D-13";
  verdict.message = "foo:1 must be delivered, but was not";
  verdict.trace = {"start with encrypt=true, key in the environment=<right>: started",
                   "read foo from first: nothing came"};
  verdict.log = {"[ERR] Error looking up message foo:1 (\x01\xff)"};
  verdict.replay = "atrest run crypto/one --target inproc";
  return verdict;
}

verdict::Verdict KnownFailure(const std::string& id) {
  verdict::Verdict verdict = Failed(id, Suite::kHardening);
  verdict.known = "It does not check the order: standalone.md 3.7";
  return verdict;
}

verdict::Verdict Disputed(const std::string& id) {
  verdict::Verdict verdict = Failed(id, Suite::kConformance);
  verdict.kind = Kind::kDisputed;
  verdict.dispute = "X-order";
  return verdict;
}

verdict::RunSummary Summary() {
  verdict::RunSummary summary;
  summary.target = "inproc";
  summary.target_version = "0.25.6";
  summary.harness_version = "0.1.0";
  summary.configuration = {{"seed", "1"}};
  summary.started_at = "2026-01-02T03:04:05Z";
  summary.seconds = 1.5;
  verdict::Verdict skipped = Passed("crypto/skipped", Suite::kConformance);
  skipped.kind = Kind::kSkipped;
  skipped.message = "the target lacks the capability \"kill\"";
  verdict::Verdict undecided = Passed("crypto/undecided", Suite::kCompatibility);
  undecided.kind = Kind::kUndecided;
  undecided.message = "nothing was seen within the bound";
  summary.verdicts = {Passed("crypto/passed", Suite::kConformance),
                      Failed("crypto/failed", Suite::kConformance),
                      skipped,
                      Failed("store/differs", Suite::kCompatibility),
                      undecided,
                      Failed("tamper/finding", Suite::kHardening),
                      KnownFailure("tamper/known"),
                      Disputed("crypto/disputed")};
  summary.calibration = "a start or stop takes up to 4 ms, 10000 ms are waited for an answer";
  summary.known_failures = "scenarios/known_failures/inproc.txt";
  summary.departures = {"crypto/failed: fail, but not listed: foo:1 is <lost>"};
  return summary;
}

std::string Report(const std::string& format) {
  std::ostringstream out;
  const auto reporter = MakeReporter(format, out);
  const verdict::RunSummary summary = Summary();
  reporter->RunStarting(summary);
  for (const verdict::Verdict& verdict : summary.verdicts) reporter->ScenarioEnded(verdict);
  reporter->RunEnded(summary);
  return out.str();
}

// Approved output: look at the difference, and if it is right accept it with ci/approve.py.
void ExpectApproved(const std::string& format, const std::string& file) {
  const std::string path = "fixtures/reports/" + file;
  std::ifstream approved(path, std::ios::binary);
  std::stringstream wanted;
  wanted << approved.rdbuf();
  const std::string got = Report(format);
  if (got != wanted.str()) std::ofstream(path + ".received", std::ios::binary) << got;
  EXPECT_EQ(got, wanted.str()) << "differs from " << path;
}

TEST(ReportTest, ConsoleIsAsApproved) { ExpectApproved("console", "console.txt"); }
TEST(ReportTest, JsonIsAsApproved) { ExpectApproved("json", "report.json"); }
TEST(ReportTest, JunitIsAsApproved) { ExpectApproved("junit", "junit.xml"); }

TEST(ReportTest, JsonCanBeParsedWhateverTheTargetLogged) {
  const auto document = nlohmann::json::parse(Report("json"));
  EXPECT_EQ(document["counts"]["scenarios"], 8);
  EXPECT_EQ(document["counts"]["known"], 1);
  EXPECT_EQ(document["counts"]["disputed"], 1);
  EXPECT_EQ(document["departures"].size(), 1);
  EXPECT_EQ(document["exit"], 1);
  EXPECT_EQ(document["scenarios"][3]["verdict"], "differs");
}

TEST(ReportTest, JunitCountsBySuiteAndIsWellFormed) {
  pugi::xml_document document;
  ASSERT_TRUE(document.load_string(Report("junit").c_str()));
  const pugi::xml_node conformance = document.child("testsuites").first_child();
  EXPECT_STREQ(conformance.attribute("name").value(), "conformance");
  EXPECT_EQ(conformance.attribute("tests").as_int(), 4);
  EXPECT_EQ(conformance.attribute("failures").as_int(), 1);
  EXPECT_EQ(conformance.attribute("skipped").as_int(), 2);
  const pugi::xml_node compatibility = conformance.next_sibling();
  EXPECT_EQ(compatibility.attribute("failures").as_int(), 0);
  EXPECT_EQ(compatibility.attribute("errors").as_int(), 1);
}

TEST(PrintableTest, KeepsTextAndEscapesTheRest) {
  EXPECT_EQ(Printable("été \xe9\x9d\xa2 \xf0\x9f\x94\x91"), "été \xe9\x9d\xa2 \xf0\x9f\x94\x91");
  EXPECT_EQ(Printable("a\nb\x1b[2J"), "a\\x0ab\\x1b[2J");
  EXPECT_EQ(Printable("a\nb", true), "a\nb");
  EXPECT_EQ(Printable("\xff\xc0\x80\xed\xa0\x80"), "\\xff\\xc0\\x80\\xed\\xa0\\x80");
}

TEST(ReportTest, UnknownFormatsHaveNoReporter) {
  std::ostringstream out;
  EXPECT_EQ(MakeReporter("tap", out), nullptr);
}

}  // namespace
}  // namespace atrest::report
