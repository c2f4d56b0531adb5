#include "harness/runner/known_failures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace atrest::runner {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using verdict::Kind;

constexpr char kList[] = R"(# Of the target T.

# It does not check the order: standalone.md 3.7
b/two # sequence 2 is lost
a/one # step "all": accepted # silently
)";

// The documents that are there.
bool IsThere(const std::string& path) { return path == "x.md" || path == "y.md"; }

verdict::Verdict Of(const std::string& id, Kind kind, const std::string& message = "") {
  verdict::Verdict verdict;
  verdict.scenario = id;
  verdict.kind = kind;
  verdict.message = message;
  return verdict;
}

KnownFailures Parsed(const std::string& text) {
  const auto known = KnownFailures::Parse("T.txt", text, IsThere);
  EXPECT_TRUE(known.ok()) << known.status().message();
  return known.value();
}

std::string ErrorOf(const std::string& text) {
  return KnownFailures::Parse("T.txt", text, IsThere).status().message();
}

// What departs when these are the verdicts of a run, and ALL the scenarios there are.
std::vector<std::string> DeparturesOf(std::vector<verdict::Verdict> verdicts,
                                      const std::set<std::string>& all = {"a/one", "b/two", "c"}) {
  const KnownFailures known = Parsed(kList);
  for (verdict::Verdict& verdict : verdicts) known.Mark(verdict);
  return known.Departures(verdicts, all);
}

TEST(KnownFailuresTest, WhatFailsAsListedIsMarkedWithItsReason) {
  auto verdict = Of("a/one", Kind::kFail, "step \"all\": accepted # silently");
  Parsed(kList).Mark(verdict);
  EXPECT_EQ(verdict.known, "It does not check the order: standalone.md 3.7");
  EXPECT_THAT(DeparturesOf({verdict, Of("c", Kind::kPass)}), IsEmpty());
}

TEST(KnownFailuresTest, ControlCharactersOfAMessageAreEscaped) {
  auto verdict = Of("a", Kind::kCrashed, "two\nlines");
  Parsed("# x.md\na # two\\x0alines\n").Mark(verdict);
  EXPECT_EQ(verdict.known, "x.md");
}

TEST(KnownFailuresTest, EverythingElseDeparts) {
  EXPECT_THAT(DeparturesOf({Of("c", Kind::kTimeout, "late")}),
              ElementsAre("c: timeout, but not listed: late"));
  EXPECT_THAT(DeparturesOf({Of("b/two", Kind::kPass)}),
              ElementsAre("b/two: listed, but its verdict is pass"));
  EXPECT_THAT(DeparturesOf({Of("b/two", Kind::kSkipped)}),
              ElementsAre("b/two: listed, but its verdict is skipped"));
  EXPECT_THAT(DeparturesOf({Of("b/two", Kind::kDisputed)}),
              ElementsAre("b/two: listed, but its verdict is disputed"));
  EXPECT_THAT(DeparturesOf({Of("b/two", Kind::kFail, "sequence 3 is lost")}),
              ElementsAre("b/two: fail otherwise than listed: sequence 3 is lost"));
  EXPECT_THAT(DeparturesOf({}, {"a/one"}),
              ElementsAre("b/two: listed, but there is no such scenario"));
}

TEST(KnownFailuresTest, AHarnessErrorSaysNothing) {
  EXPECT_THAT(DeparturesOf({Of("b/two", Kind::kHarnessError), Of("c", Kind::kHarnessError)}),
              IsEmpty());
}

TEST(KnownFailuresTest, AnEntryNeedsAReasonWithALink) {
  EXPECT_EQ(ErrorOf("a # m\n"), "T.txt:1: no reason stands above the entry");
  EXPECT_EQ(ErrorOf("# head\n\na # m\n"), "T.txt:3: no reason stands above the entry");
  EXPECT_EQ(ErrorOf("# because\na # m\n"),
            "T.txt:2: the reason above has no link (a URL, or a document that is there)");
  EXPECT_EQ(ErrorOf("# unreviewed\na # m\n"), "");
  EXPECT_EQ(ErrorOf("# https://example.org/7\na # m\n"), "");
  EXPECT_EQ(ErrorOf("# (see wire.md, 2.1)\na # m\n"), "");
  EXPECT_NE(ErrorOf("# none.md\na # m\n"), "");
  EXPECT_NE(ErrorOf("# ://\na # m\n"), "");
  EXPECT_EQ(ErrorOf("# x.md\na\n"), "T.txt:2: an entry is \"ID # MESSAGE\"");
  EXPECT_EQ(ErrorOf("# x.md\na # m\n# y.md\na # n\n"), "T.txt:4: a is listed twice");
}

TEST(KnownFailuresTest, AnUpdateKeepsTheHeadAndTheReasonsOfWhatFailsAsListed) {
  const KnownFailures before = Parsed(std::string(kList) + "d # m\n");
  const auto updated =
      before.Updated({Of("c", Kind::kFail, "new"), Of("b/two", Kind::kFail, "sequence 3 is lost"),
                      Of("a/one", Kind::kPass), Of("d", Kind::kCrashed, "m")});
  constexpr char kWanted[] = R"(# Of the target T.

# It does not check the order: standalone.md 3.7
d # m

# unreviewed
b/two # sequence 3 is lost
c # new
)";
  EXPECT_EQ(updated.Print(), kWanted);
  EXPECT_EQ(Parsed(kWanted).Print(), kWanted);
  EXPECT_THAT(updated.ChangesFrom(before),
              ElementsAre("changed: b/two # sequence 3 is lost, it was: sequence 2 is lost",
                          "added: c # new", "dropped: a/one # step \"all\": accepted # silently"));
  EXPECT_THAT(updated.ChangesFrom(updated), IsEmpty());
}

TEST(KnownFailuresTest, NoListIsMadeOfARunThatSaysNothingLasting) {
  const auto why = [](const verdict::RunSummary& summary) {
    return KnownFailures::MayUpdateFrom(summary).message();
  };
  verdict::RunSummary summary;
  summary.verdicts = {Of("a", Kind::kCrashed, "m"), Of("b", Kind::kFail, "m")};
  EXPECT_EQ(why(summary), "");
  summary.verdicts.push_back(Of("c", Kind::kTimeout, "late"));
  EXPECT_EQ(why(summary), "c: timeout: late");
  summary.verdicts.back() = Of("c", Kind::kUndecided, "u");
  EXPECT_EQ(why(summary), "c: undecided: u");
  summary.verdicts.back() = Of("c", Kind::kHarnessError, "h");
  EXPECT_EQ(why(summary), "c: harness-error: h");
  summary.trouble = "exit 5";
  EXPECT_EQ(why(summary), "the target was not ready for any scenario: exit 5");
}

TEST(KnownFailuresTest, AHeadAloneStaysOne) {
  const auto updated = Parsed("# Of the target T.\n").Updated({Of("c", Kind::kFail, "m")});
  EXPECT_EQ(updated.Print(), "# Of the target T.\n\n# unreviewed\nc # m\n");
}

}  // namespace
}  // namespace atrest::runner
