// The registry of faults and what evidence amounts to.
#include "harness/prove/matrix.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <regex>
#include <sstream>

#include "harness/prove/digest.h"
#include "harness/runner/suite.h"
#include "reference/env/posix_env.h"

namespace atrest::prove {
namespace {

using fault::Kind;
using verdict::Suite;

std::string Contents(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream contents;
  contents << file.rdbuf();
  return contents.str();
}

Suite SuiteOf(Kind kind) {
  if (kind == Kind::kConformance) return Suite::kConformance;
  return kind == Kind::kHardening ? Suite::kHardening : Suite::kCompatibility;
}

TEST(FaultsTest, AreWrittenDown) {
  EXPECT_EQ(Contents("reference/FAULTS.md"), FaultsText())
      << "write it with: atrest list --faults > reference/FAULTS.md";
}

TEST(FaultsTest, HaveNamesOfTheirOwnAndSayWhatTheyAre) {
  std::map<std::string_view, int> names;
  const std::regex form("[a-z]+/[a-z0-9]+(-[a-z0-9]+)*");
  for (const fault::Row& row : fault::Rows()) {
    EXPECT_EQ(++names[row.name], 1) << row.name;
    EXPECT_TRUE(std::regex_match(std::string(row.name), form)) << row.name;
    EXPECT_EQ(fault::Find(row.name), &row);
    EXPECT_GT(row.what.size(), 20u) << row.name;
    EXPECT_GT(row.why.size(), 20u) << row.name;
    const bool is_variant = row.name.starts_with("variant/");
    EXPECT_EQ(is_variant, row.kind == Kind::kVariant) << row.name;
  }
  EXPECT_EQ(fault::Find("no/such-fault"), nullptr);
}

// The first requirement is of the suite that must notice the fault; a variant may differ in
// compatibility alone.
TEST(FaultsTest, BreakRequirementsOfTheirSuite) {
  env::PosixFileSystem files;
  const auto suite = runner::Suite::Open(files, ".");
  ASSERT_TRUE(suite.ok());
  for (const fault::Row& row : fault::Rows()) {
    const auto ids = fault::RequirementsOf(row);
    EXPECT_TRUE(row.kind == Kind::kVariant || !ids.empty()) << row.name;
    for (const std::string& id : ids) {
      const auto* found = suite.value().requirements().Find(id);
      ASSERT_NE(found, nullptr) << row.name << ": " << id;
      const bool counts = row.kind == Kind::kVariant || &id == &ids.front();
      EXPECT_TRUE(!counts || found->suite == SuiteOf(row.kind)) << row.name << ": " << id;
    }
  }
}

TEST(FaultsTest, ThereAreEnough) {
  size_t variants = 0;
  for (const fault::Row& row : fault::Rows()) variants += row.kind == Kind::kVariant;
  EXPECT_GE(fault::Rows().size() - variants, 80u);
  EXPECT_GE(variants, 20u);
}

constexpr fault::Row kFault{
    Fault::kNone, "key/example", Kind::kHardening, fault::Place::kStore, "H-swap K-nonce-counter",
    "what",       "why"};
constexpr fault::Row kVariant{
    Fault::kNone, "variant/example", Kind::kVariant, fault::Place::kStore, "", "what", "why"};

Kill By(const std::string& check, const std::string& oracle, const std::string& requirement,
        Suite suite = Suite::kHardening, Eye eye = Eye::kClient) {
  Kill kill;
  kill.check = check;
  kill.oracle = oracle;
  kill.requirement = requirement;
  kill.suite = suite;
  kill.eye = eye;
  kill.kind = "fail";
  return kill;
}

// What ended by itself, in a scenario about REQUIREMENT.
Kill End(const std::string& check, const std::string& kind, const std::string& requirement,
         Suite suite) {
  Kill kill = By(check, kind, requirement, suite);
  kill.kind = kind;
  return kill;
}

Tried Of(const fault::Row& row, std::vector<Kill> kills, bool executed = true) {
  Tried tried;
  tried.row = &row;
  tried.evidence.executed = executed;
  tried.evidence.kills = std::move(kills);
  return tried;
}

TEST(OutcomeTest, OfAFault) {
  EXPECT_EQ(OutcomeOf(Of(kFault, {})), Outcome::kSurvived);
  EXPECT_EQ(OutcomeOf(Of(kFault, {}, false)), Outcome::kUnexecuted);
  EXPECT_EQ(OutcomeOf(Of(kFault, {By("a", "model", "D-01")})), Outcome::kWrongReason);
  EXPECT_EQ(OutcomeOf(Of(kFault, {By("a", "model", "D-01"), By("b", "disk", "K-nonce-counter")})),
            Outcome::kKilled);
  Tried lost = Of(kFault, {By("a", "ideal", "H-swap")});
  lost.evidence.trouble = "it ended by signal 11";
  EXPECT_EQ(OutcomeOf(lost), Outcome::kTrouble);
}

// A crash may be about anything, whatever the scenario in which it happened is about.
TEST(OutcomeTest, AnEndIsNoProof) {
  for (const char* kind : {"crashed", "timeout"}) {
    EXPECT_EQ(OutcomeOf(Of(kFault, {End("a", kind, "H-swap", Suite::kConformance)})),
              Outcome::kWrongReason);
    EXPECT_FALSE(IsStated(kFault, End("a", kind, "H-swap", Suite::kConformance)));
  }
}

TEST(OutcomeTest, AKillIsInTheSuiteOfTheFaultOrAStricterOne) {
  const auto outcome = [](Kind kind, Suite suite) {
    fault::Row row = kFault;
    row.kind = kind;
    return OutcomeOf(Of(row, {By("a", "model", "H-swap", suite)}));
  };
  EXPECT_EQ(outcome(Kind::kConformance, Suite::kConformance), Outcome::kKilled);
  EXPECT_EQ(outcome(Kind::kConformance, Suite::kHardening), Outcome::kElsewhere);
  EXPECT_EQ(outcome(Kind::kConformance, Suite::kCompatibility), Outcome::kElsewhere);
  EXPECT_EQ(outcome(Kind::kHardening, Suite::kConformance), Outcome::kKilled);
  EXPECT_EQ(outcome(Kind::kHardening, Suite::kHardening), Outcome::kKilled);
  EXPECT_EQ(outcome(Kind::kHardening, Suite::kCompatibility), Outcome::kElsewhere);
  EXPECT_EQ(outcome(Kind::kCompatibility, Suite::kConformance), Outcome::kKilled);
  EXPECT_EQ(outcome(Kind::kCompatibility, Suite::kHardening), Outcome::kKilled);
  EXPECT_EQ(outcome(Kind::kCompatibility, Suite::kCompatibility), Outcome::kKilled);
}

TEST(OutcomeTest, OfAVariant) {
  EXPECT_EQ(OutcomeOf(Of(kVariant, {})), Outcome::kLawful);
  EXPECT_EQ(OutcomeOf(Of(kVariant, {}, false)), Outcome::kUnexecuted);
  EXPECT_EQ(OutcomeOf(Of(kVariant, {By("a", "disk", "K-crc", Suite::kCompatibility)})),
            Outcome::kLawful);
  EXPECT_EQ(OutcomeOf(Of(kVariant, {By("a", "model", "D-01", Suite::kConformance)})),
            Outcome::kFalseAlarm);
  EXPECT_EQ(OutcomeOf(Of(kVariant, {By("a", "ideal", "H-swap", Suite::kHardening)})),
            Outcome::kFalseAlarm);
}

// No document lets a server crash, and a scenario of compatibility may be the one that sees it.
TEST(OutcomeTest, AVariantThatEndsIsBlamedWhereverItDoes) {
  for (const char* kind : {"crashed", "timeout"}) {
    EXPECT_EQ(OutcomeOf(Of(kVariant, {End("a", kind, "", Suite::kCompatibility)})),
              Outcome::kFalseAlarm);
  }
}

TEST(OutcomeTest, NamesWhatTheRowOfAVariantDoesNot) {
  fault::Row row = kVariant;
  row.requirements = "K-crc K-kill";
  const Tried tried = Of(row, {By("a", "disk", "K-crc", Suite::kCompatibility),
                               By("b", "disk", "K-retry", Suite::kCompatibility),
                               By("c", "reference", "", Suite::kCompatibility)});
  EXPECT_EQ(UnnamedOf(tried), std::set<std::string>{"K-retry"});
  EXPECT_EQ(OutcomeOf(tried), Outcome::kLawful);
}

TEST(EvidenceTest, SolidIsMoreThanOneOracleOrTwoRequirementsOfScenarios) {
  Evidence evidence;
  evidence.Add(By("a", "disk", "H-swap"));
  evidence.Add(By("b", "disk", "H-swap"));
  EXPECT_FALSE(IsSolid(kFault, evidence));
  Kill property = By("property/p", "disk", "K-nonce-counter");
  property.by_property = true;
  evidence.Add(property);
  EXPECT_FALSE(IsSolid(kFault, evidence));
  Evidence two_requirements = evidence;
  two_requirements.Add(By("c", "disk", "K-nonce-counter"));
  EXPECT_TRUE(IsSolid(kFault, two_requirements));
  evidence.Add(By("a", "model", "H-swap"));
  EXPECT_TRUE(IsSolid(kFault, evidence));
}

TEST(EvidenceTest, NothingButFailuresForTheStatedReasonMakesItSolid) {
  Evidence evidence;
  evidence.Add(By("a", "disk", "H-swap"));
  evidence.Add(End("b", "crashed", "K-nonce-counter", Suite::kConformance));
  evidence.Add(By("c", "model", "D-01"));
  EXPECT_FALSE(IsSolid(kFault, evidence));
}

TEST(EvidenceTest, ThinIsOneCheckHoweverOftenItSpeaks) {
  Evidence evidence;
  EXPECT_FALSE(IsThin(evidence));
  evidence.Add(By("a", "disk", "H-swap"));
  evidence.Add(By("a", "model", "D-01"));
  EXPECT_TRUE(IsThin(evidence));
  evidence.Add(By("b", "model", "D-01"));
  EXPECT_FALSE(IsThin(evidence));
}

TEST(EvidenceTest, SurvivesAPipe) {
  Evidence evidence;
  evidence.executed = true;
  evidence.scenarios = 3;
  evidence.cases = 4;
  evidence.trouble = "none \xff to speak of";
  Kill kill = By("a", "disk", "K-crc", Suite::kCompatibility, Eye::kNonces);
  kill.quick = true;
  kill.cases = 7;
  kill.seed = 8;
  kill.target_seed = 9;
  kill.message = std::string("\0\x80", 2);
  evidence.Add(kill);
  evidence.undecided = {"b"};
  const auto back = Unpacked(Packed(evidence));
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(Packed(back.value()), Packed(evidence));
  EXPECT_EQ(back.value().kills.front().message, kill.message);
  EXPECT_EQ(back.value().kills.front().eye, Eye::kNonces);
  EXPECT_EQ(back.value().kills.front().seed, 8u);
  EXPECT_EQ(back.value().kills.front().target_seed, 9u);
  EXPECT_EQ(back.value().undecided, evidence.undecided);
  EXPECT_FALSE(Unpacked("garbage").ok());
}

TEST(EvidenceTest, RoundsAddUp) {
  Evidence one;
  one.Add(By("a", "disk", "H-swap"));
  Evidence two;
  two.executed = true;
  two.cases = 5;
  two.Add(By("a", "disk", "H-swap"));
  two.Add(By("b", "disk", "H-swap"));
  two.undecided = {"c"};
  Merge(two, one);
  EXPECT_TRUE(one.undecided.contains("c"));
  EXPECT_TRUE(one.executed);
  EXPECT_EQ(one.cases, 5u);
  EXPECT_EQ(one.kills.size(), 2u);
}

Matrix Example() {
  Matrix matrix;
  matrix.date = "2026-01-02T03:04:05Z";
  matrix.checks = {"a", "b", "c"};
  Kill quick = By("a", "disk", "H-swap", Suite::kHardening, Eye::kDisk);
  quick.quick = true;
  matrix.tried = {Of(kFault, {quick}),
                  Of(kVariant, {By("c", "disk", "K-crc", Suite::kCompatibility)})};
  return matrix;
}

TEST(MatrixTest, CountsWhatTheGateAsksFor) {
  Matrix matrix = Example();
  Figures figures = FiguresOf(matrix);
  EXPECT_TRUE(figures.gate());
  EXPECT_EQ(figures.faults, 1u);
  EXPECT_EQ(figures.killed, 1u);
  EXPECT_EQ(figures.quick, 1u);
  EXPECT_EQ(figures.thin, 1u);
  EXPECT_EQ(figures.solid, 0u);
  EXPECT_EQ(figures.only_by_disk, 1u);
  EXPECT_EQ(figures.unseen_by_clients, 1u);
  EXPECT_EQ(figures.lawful, 1u);
  for (const Tried& bad : {Of(kFault, {}), Of(kFault, {By("a", "model", "D-01")}),
                           Of(kFault, {By("a", "model", "H-swap", Suite::kCompatibility)}),
                           Of(kVariant, {}, false), Of(kVariant, {By("a", "ideal", "H-swap")})}) {
    matrix = Example();
    matrix.tried.push_back(bad);
    EXPECT_FALSE(FiguresOf(matrix).gate()) << NameOf(OutcomeOf(bad));
  }
}

// What a lawful variant differs in shows no teeth.
// Of clusters there are no scenarios that could see it, too.
TEST(MatrixTest, RunsOfClustersAreNoGeneratedCases) {
  Kill kill = By("sim/nonce-reuse", "nonce-reuse", "H-swap");
  kill.by_property = true;
  kill.seed = 3;
  fault::Row of_nodes = kFault;
  for (const fault::Place place : {fault::Place::kStore, fault::Place::kCluster}) {
    of_nodes.place = place;
    Matrix matrix;
    matrix.tried.push_back(Of(of_nodes, {kill}));
    EXPECT_EQ(FiguresOf(matrix).killed, 1u);
    EXPECT_EQ(FiguresOf(matrix).only_by_properties, place == fault::Place::kStore ? 1u : 0u);
  }
  EXPECT_TRUE(ReplayOf(Of(of_nodes, {kill}), kill).starts_with("atrest simulate --seed 3 "));
}

TEST(MatrixTest, NamesToothlessChecks) {
  EXPECT_EQ(ToothlessOf(Example()), (std::vector<std::string>{"b", "c"}));
}

TEST(MatrixTest, IsPrintedInThreeForms) {
  const Matrix matrix = Example();
  std::ostringstream text;
  PrintMatrix(matrix, text);
  EXPECT_NE(text.str().find("1 of 1 faults killed for the stated reason"), std::string::npos);
  EXPECT_NE(text.str().find("thin: key/example, by a"), std::string::npos);
  const std::string page = MarkdownOf(matrix);
  EXPECT_NE(page.find("on 2026-01-02"), std::string::npos);
  EXPECT_NE(page.find("| `variant/example` | lawful | 1 scenarios and 0 properties: K-crc; "
                      "unnamed: K-crc |"),
            std::string::npos);
  EXPECT_NE(page.find("(../../reference/FAULTS.md)"), std::string::npos);
  const std::string json = JsonOf(matrix);
  EXPECT_NE(json.find("\"gate\": true"), std::string::npos);
  EXPECT_NE(json.find("\"toothless\""), std::string::npos);
}

std::string Printed(const Tried& tried) {
  Matrix matrix;
  matrix.tried = {tried};
  std::ostringstream text;
  PrintMatrix(matrix, text);
  return text.str();
}

// Of all that a blamed variant shows, what it is blamed for, and how to see that again.
TEST(MatrixTest, ExplainsAFalseAlarm) {
  Kill blame = By("property/p", "ideal", "H-swap", Suite::kHardening);
  blame.by_property = true;
  blame.seed = 17;
  blame.target_seed = 3;
  blame.message = "two were exchanged";
  Tried tried = Of(kVariant, {By("a", "disk", "K-crc", Suite::kCompatibility), blame});
  tried.target = "inproc";
  const std::string text = Printed(tried);
  EXPECT_NE(text.find("property/p, case 0: H-swap\n    two were exchanged\n    atrest fuzz "
                      "--property property/p --seed 17 --cases 1 --target inproc --fault "
                      "variant/example --driver-seed 3\n"),
            std::string::npos)
      << text;
}

TEST(MatrixTest, ExplainsAKillForAnotherReason) {
  Kill kill = End("a", "crashed", "", Suite::kConformance);
  kill.message = "it ended by itself";
  Tried tried = Of(kFault, {kill});
  tried.target = "reference";
  EXPECT_NE(Printed(tried).find("a: crashed\n    it ended by itself\n    atrest run a --target "
                                "reference --fault key/example\n"),
            std::string::npos)
      << Printed(tried);
}

TEST(MatrixTest, ListsWhatCouldNotBeDecided) {
  Tried tried = Of(kVariant, {});
  tried.evidence.undecided = {"some/check"};
  EXPECT_NE(Printed(tried).find("undecided: variant/example, by some/check"), std::string::npos);
  Matrix matrix;
  matrix.options = {{"seed", "1"}};
  matrix.tried = {tried};
  EXPECT_NE(MarkdownOf(matrix).find("- `variant/example`: some/check"), std::string::npos);
  EXPECT_NE(JsonOf(matrix).find("\"some/check\""), std::string::npos);
}

}  // namespace
}  // namespace atrest::prove
