#include "harness/oracle/expectation.h"

#include <gtest/gtest.h>

namespace atrest::oracle {
namespace {

using scenario::Expectation;

Expectation Of(const std::string& step) {
  Expectation expectation;
  expectation.step = step;
  expectation.requirement = "K-1";
  return expectation;
}

// The message of the first finding without the step's name, or "ok".
std::string Judged(const Expectation& expectation, const scenario::Action& action,
                   const verdict::Observation& seen, const History& history = {}) {
  const auto findings = Judge(expectation, action, seen, {history});
  if (findings.empty()) return "ok";
  EXPECT_EQ(findings[0].requirement, "K-1");
  return findings[0].message.substr(findings[0].message.find(": ") + 2);
}

verdict::Observation Reading(const std::vector<verdict::Delivery>& deliveries,
                             const std::vector<verdict::LogLine>& log = {}) {
  return {verdict::Read{deliveries, ""}, log};
}

const scenario::Action kRead = scenario::Read{"foo"};

TEST(ExpectationTest, DeliveriesAreExact) {
  Expectation expectation = Of("r");
  expectation.receives = {{1, "one", {}}, {2, scenario::SealedPayload{"AES", 3}, {}}};
  const std::string sealed = '\x01' + std::string(31, 'x');
  EXPECT_EQ(Judged(expectation, kRead, Reading({{1, "one", "foo"}, {2, sealed, "foo"}})), "ok");
  EXPECT_EQ(Judged(expectation, kRead, Reading({{1, "one", "foo"}})),
            "sequence 2 as 3 bytes sealed with AES is expected, but nothing more came");
  EXPECT_EQ(Judged(expectation, kRead, Reading({{1, "two", "foo"}})),
            "sequence 1 as \"one\" is expected, but sequence 1 came: \"two\" on foo");
  EXPECT_EQ(Judged(expectation, kRead,
                   Reading({{1, "one", "foo"}, {2, '\x02' + std::string(31, 'x'), "foo"}}))
                .substr(0, 27),
            "sequence 2 as 3 bytes seale");
  EXPECT_EQ(
      Judged(expectation, kRead, Reading({{1, "one", "foo"}, {2, sealed, "foo"}, {3, "", "foo"}})),
      "nothing more is expected, but sequence 3 came: an empty payload on foo");
}

TEST(ExpectationTest, ErrorLinesAreExactAndOtherLevelsDoNotCount) {
  Expectation expectation = Of("r");
  expectation.errors = std::vector<std::string>{"a"};
  EXPECT_EQ(Judged(expectation, kRead, Reading({}, {{"INF", "x"}, {"ERR", "a"}})), "ok");
  EXPECT_EQ(Judged(expectation, kRead, Reading({})),
            "ERR lines are expected to say a, but say nothing");
  EXPECT_EQ(Judged(expectation, kRead, Reading({}, {{"ERR", "a"}, {"ERR", "a"}})),
            "ERR lines are expected to say a, but say a; a");
}

TEST(ExpectationTest, Warnings) {
  Expectation expectation = Of("r");
  expectation.warnings = std::vector<std::string>{"w"};
  EXPECT_EQ(Judged(expectation, kRead, Reading({}, {{"ERR", "a"}, {"WRN", "w"}})), "ok");
  EXPECT_EQ(Judged(expectation, kRead, Reading({})),
            "WRN lines are expected to say w, but say nothing");
}

TEST(ExpectationTest, Starts) {
  const scenario::Action start = scenario::Start{};
  Expectation refused = Of("s");
  refused.refusal = "encryption key required";
  EXPECT_EQ(Judged(refused, start, {verdict::Started{false, "encryption key required"}, {}}), "ok");
  EXPECT_EQ(Judged(refused, start, {verdict::Started{false, "no"}, {}}),
            "the refusal \"encryption key required\" is expected, but it was \"no\"");
  EXPECT_EQ(Judged(refused, start, {verdict::Started{true, ""}, {}}),
            "the refusal \"encryption key required\" is expected, but it started");
  Expectation started = Of("s");
  started.started = true;
  EXPECT_EQ(Judged(started, start, {verdict::Started{false, "no"}, {}}),
            "a start is expected, but it refused: no");
}

TEST(ExpectationTest, Publishing) {
  Expectation expectation = Of("p");
  expectation.published = true;
  const scenario::Action publish = scenario::Publish{"foo", {"a", "b"}};
  EXPECT_EQ(Judged(expectation, publish, {verdict::Published{2, ""}, {}}), "ok");
  EXPECT_EQ(Judged(expectation, publish, {verdict::Published{1, "disk full"}, {}}),
            "an ack is expected, but: disk full");
}

TEST(ExpectationTest, Disk) {
  const scenario::Action inspect = scenario::Inspect{{}, {"needle"}};
  verdict::Disk disk;
  disk.messages = {{"foo", 1, "foo", 34, "AES", std::string(12, 'n'), {"right"}, "hello"}};
  disk.damage = {{"foo/msgs.1.dat", 4, "crc", "why"}};
  disk.nonce_reuse = {"channel foo, nonce 00, sequences 1 2"};
  disk.hits = {{"needle", {"server.dat at 9"}, {"needle/x"}}};
  disk.sizes = {{"server.dat", 208}};

  Expectation right = Of("d");
  right.messages = {{"foo", 1, "AES", std::vector<std::string>{"right"}, 34, {}, {}}};
  right.damage = {"crc"};
  right.nonces_unique = false;
  right.texts = {{"needle", true}};
  right.sizes = {{"server.dat", 208}};
  EXPECT_EQ(Judged(right, inspect, {disk, {}}), "ok");

  const auto with = [&](auto change) {
    Expectation wrong = right;
    change(wrong);
    return Judged(wrong, inspect, {disk, {}});
  };
  EXPECT_EQ(with([](Expectation& e) { e.messages[0].cipher = ""; }),
            "foo:1: cipher none is expected, but it is AES");
  EXPECT_EQ(with([](Expectation& e) { e.messages[0].sequence = 2; }),
            "foo:2 is expected on disk, but is not there");
  EXPECT_EQ(with([](Expectation& e) { e.messages[0].opened_by->clear(); }),
            "foo:1: opened by nothing is expected, but it is right");
  EXPECT_EQ(with([](Expectation& e) { e.messages[0].data_size = 5; }),
            "foo:1: data size 5 is expected, but it is 34");
  EXPECT_EQ(with([](Expectation& e) { e.damage->clear(); }),
            "damage nothing is expected, but it is crc");
  EXPECT_EQ(with([](Expectation& e) { e.nonces_unique = true; }),
            "a nonce was used twice: channel foo, nonce 00, sequences 1 2");
  EXPECT_EQ(with([](Expectation& e) { e.texts["needle"] = false; }),
            "\"needle\" must not be on disk, but stands in server.dat at 9; the name of needle/x");
  EXPECT_EQ(with([](Expectation& e) { e.sizes["server.dat"] = 4; }),
            "server.dat: 4 bytes is expected, but it is 208 bytes");
  EXPECT_EQ(with([](Expectation& e) {
              e.sizes = {{"gone", 4}};
            }),
            "gone: 4 bytes is expected, but it is not there");
  EXPECT_EQ(with([](Expectation& e) { e.sizes["server.dat"].reset(); }),
            "server.dat: not there is expected, but it is 208 bytes");
}

TEST(TamperingTest, OutcomesAreToldApart) {
  History history;
  history["foo"][1].payload = "one";
  history["foo"][2].payload = "two";
  const scenario::Read read{"foo"};
  const auto outcome = [&](const std::vector<verdict::Delivery>& deliveries, bool reported = false,
                           const std::string& error = "") {
    return OutcomeOfTampering(read, {deliveries, error}, {history, reported});
  };
  EXPECT_EQ(outcome({{1, "one", "foo"}, {2, "two", "foo"}}), TamperingOutcome::kDetected)
      << "nothing was lost";
  EXPECT_EQ(outcome({{1, "one", "foo"}}, true), TamperingOutcome::kDetected);
  EXPECT_EQ(outcome({}, false, "refused"), TamperingOutcome::kDetected);
  EXPECT_EQ(outcome({{1, "one", "foo"}}), TamperingOutcome::kDataLost);
  const auto accepted = TamperingOutcome::kAcceptedSilently;
  EXPECT_EQ(outcome({{1, "two", "foo"}, {2, "one", "foo"}}), accepted);
  EXPECT_EQ(outcome({{1, "two", "foo"}}, true), accepted) << "delivered falsely all the same";
  EXPECT_EQ(outcome({{1, "one", "bar"}, {2, "two", "foo"}}), accepted);
  EXPECT_EQ(outcome({{1, "one", "foo"}, {9, "two", "foo"}}), accepted);
  EXPECT_EQ(outcome({{1, "one", "foo"}, {1, "one", "foo"}, {2, "two", "foo"}}), accepted)
      << "delivered twice";
  EXPECT_EQ(outcome({{1, "one", "foo"}, {1, "one", "foo", true}, {2, "two", "foo"}}),
            TamperingOutcome::kDetected)
      << "redelivered";
}

TEST(ExpectationTest, SubjectsAndRefusedSubscriptions) {
  Expectation expectation = Of("r");
  expectation.receives = {{1, "one", "bar"}};
  EXPECT_EQ(Judged(expectation, kRead, Reading({{1, "one", "bar"}})), "ok");
  EXPECT_EQ(Judged(expectation, kRead, Reading({{1, "one", "foo"}})),
            "sequence 1 as \"one\" on bar is expected, but sequence 1 came: \"one\" on foo");
  Expectation nothing = Of("r");
  nothing.receives.emplace();
  EXPECT_EQ(Judged(nothing, kRead, {verdict::Read{{}, "no"}, {}}),
            "a subscription is expected, but it was refused: no");
}

TEST(ExpectationTest, Nonces) {
  const scenario::Action inspect = scenario::Inspect{};
  const auto nonce = [](char random, char counter) {
    return std::string(4, random) + std::string(7, '\0') + counter;
  };
  verdict::Disk disk;
  disk.messages = {{"foo", 1, "foo", 34, "AES", nonce('r', 1), {}, {}},
                   {"foo", 2, "foo", 34, "AES", nonce('r', 2), {}, {}},
                   {"foo", 3, "foo", 34, "AES", nonce('s', 3), {}, {}},
                   {"foo", 4, "foo", 5, "", "", {}, {}}};
  const auto judged = [&](uint64_t sequence, std::optional<uint64_t> counter,
                          std::optional<uint64_t> random_as) {
    Expectation expectation = Of("d");
    expectation.messages = {{"foo", sequence, {}, {}, {}, counter, random_as}};
    return Judged(expectation, inspect, {disk, {}});
  };
  EXPECT_EQ(judged(2, 2, 1), "ok");
  EXPECT_EQ(judged(2, 3, {}), "foo:2: the nonce counter 3 is expected, but it is 2");
  EXPECT_EQ(judged(4, 4, {}), "foo:4: the nonce counter 4 is expected, but it is no nonce");
  EXPECT_EQ(judged(3, 3, 1),
            "foo:3: the random bytes of its nonce are expected to be those of sequence 1, but are "
            "not");
}

TEST(ShowTest, TellsTextFromBytes) {
  EXPECT_EQ(Show("abc"), "\"abc\"");
  EXPECT_EQ(Show(std::string("\0\xff", 2)), "hex 00ff");
  EXPECT_EQ(Show(""), "an empty payload");
  EXPECT_EQ(Show(std::string(50, 'x')), "\"" + std::string(40, 'x') + "\"... (50 bytes)");
}

TEST(ExpectationTest, AnswersOfClientStepsAreExact) {
  Expectation expectation = Of("c");
  expectation.answer = "";
  const scenario::Action connect = scenario::ClientStep(scenario::Connect{"a"});
  EXPECT_EQ(Judged(expectation, connect, {verdict::Answered{""}, {}}), "ok");
  EXPECT_EQ(Judged(expectation, connect, {verdict::Answered{"no"}, {}}),
            "acceptance is expected, but it was the error \"no\"");
  expectation.answer = "no";
  const scenario::Action publish = scenario::Publish{"foo", {"x"}};
  EXPECT_EQ(Judged(expectation, publish, {verdict::Published{0, "no"}, {}}), "ok");
  EXPECT_EQ(Judged(expectation, publish, {verdict::Published{1, ""}, {}}),
            "the error \"no\" is expected, but it was acceptance");
}

TEST(ExpectationTest, MarksOfRedeliveryAreExact) {
  Expectation expectation = Of("r");
  expectation.redelivered = std::vector<uint64_t>{2};
  EXPECT_EQ(Judged(expectation, kRead, Reading({{1, "a", "foo"}, {2, "b", "foo", true}})), "ok");
  EXPECT_EQ(Judged(expectation, kRead, Reading({{1, "a", "foo"}, {2, "b", "foo"}})),
            "marked as redelivered are expected: 2, but were: none");
}

TEST(ExpectationTest, RepliesAreExact) {
  Expectation expectation = Of("q");
  expectation.reply = "";
  const scenario::Action request = scenario::ClientStep(scenario::Request{"x", ""});
  EXPECT_EQ(Judged(expectation, request, {verdict::Reply{"", true}, {}}), "ok");
  EXPECT_EQ(Judged(expectation, request, {verdict::Reply{"", false}, {}}),
            "the reply an empty payload is expected, but none came");
  EXPECT_EQ(Judged(expectation, request, {verdict::Reply{"x", true}, {}}),
            "the reply an empty payload is expected, but it was \"x\"");
}

TEST(ExpectationTest, ExitCodesAreExact) {
  Expectation expectation = Of("on");
  expectation.exit_code = 1;
  const scenario::Action start = scenario::Start{};
  EXPECT_EQ(Judged(expectation, start, {verdict::Started{false, "why", 1}, {}}), "ok");
  EXPECT_EQ(Judged(expectation, start, {verdict::Started{false, "why", 0}, {}}),
            "exit code 1 is expected, but it is 0");
  EXPECT_EQ(Judged(expectation, start, {verdict::Started{true, ""}, {}}),
            "exit code 1 is expected, but it did not exit");
}

// Of delivered tampered data, as the expectation "tampering detected" judges it.
TEST(ExpectationTest, TamperingIsDetectedOrNot) {
  Expectation expectation = Of("r");
  expectation.tampering_detected = true;
  Entry entry;
  entry.payload = "one";
  const History history{{"foo", {{1, entry}}}};
  EXPECT_EQ(Judged(expectation, kRead, Reading({{1, "one", "foo"}}), history), "ok");
  EXPECT_EQ(Judged(expectation, kRead, Reading({{1, "two", "foo"}}), history),
            "accepted silently: something was delivered that was never published so");
  EXPECT_EQ(Judged(expectation, kRead, Reading({}), history),
            "data lost: a published message is missing, and nothing was reported");
  const auto told = Judge(expectation, kRead, Reading({}), {history, true});
  EXPECT_TRUE(told.empty());
  const auto refused = Judge(expectation, kRead, {verdict::Read{{}, "no"}, {}}, {history, false});
  EXPECT_TRUE(refused.empty());
  expectation.tampering_detected = false;
  EXPECT_EQ(Judged(expectation, kRead, Reading({{1, "two", "foo"}}), history), "ok");
}

TEST(ExpectationTest, TamperingThatMadeNoDifferenceIsToBeNoticed) {
  Expectation expectation = Of("r");
  expectation.tampering_detected = expectation.tampering_noticed = true;
  Entry entry;
  entry.payload = "one";
  const History history{{"foo", {{1, entry}}}};
  EXPECT_EQ(Judged(expectation, kRead, Reading({{1, "one", "foo"}}), history),
            "accepted silently: the change was noticed by nothing");
  EXPECT_TRUE(Judge(expectation, kRead, Reading({{1, "one", "foo"}}), {history, true}).empty());
  EXPECT_TRUE(Judge(expectation, kRead, {verdict::Read{{}, "no"}, {}}, {history, false}).empty());
}

TEST(ExpectationTest, ARefusedSubscriptionIsSaidOnceAndAlone) {
  Expectation expectation = Of("r");
  expectation.receives = {{1, "one", {}}, {2, "two", {}}};
  EXPECT_EQ(Judge(expectation, kRead, {verdict::Read{{}, "no"}, {}}, {{}, false}).size(), 1u);
  EXPECT_EQ(Judge(expectation, kRead, Reading({}), {{}, false}).size(), 1u);
}

TEST(ExpectationTest, NamesOfFilesCountAsPlaces) {
  const scenario::Action inspect = scenario::Inspect{};
  Expectation expectation = Of("i");
  expectation.texts = {{"word", false}};
  verdict::Disk disk;
  disk.hits = {{"word", {}, {"foo/word"}}};
  EXPECT_EQ(Judged(expectation, inspect, {disk, {}}),
            "\"word\" must not be on disk, but stands in the name of foo/word");
  disk.hits = {{"word", {"foo at 3"}, {}}};
  EXPECT_EQ(Judged(expectation, inspect, {disk, {}}),
            "\"word\" must not be on disk, but stands in foo at 3");
  disk.hits = {{"word", {}, {}}};
  EXPECT_EQ(Judged(expectation, inspect, {disk, {}}), "ok");
  expectation.texts = {{"word", true}};
  EXPECT_EQ(Judged(expectation, inspect, {disk, {}}),
            "\"word\" is expected on disk, but is nowhere");
}

TEST(ExpectationTest, TheRestOfANonceIsItsCounter) {
  const scenario::Action inspect = scenario::Inspect{};
  Expectation expectation = Of("i");
  expectation.messages = {{}};
  expectation.messages[0].channel = "foo";
  expectation.messages[0].sequence = 1;
  expectation.messages[0].nonce_counter = 0x0102;
  verdict::Disk disk;
  disk.messages = {
      {"foo", 1, "foo", 30, "AES", std::string("rrrr\0\0\0\0\0\0\x01\x02", 12), {}, ""},
      {"foo", 2, "foo", 30, "AES", std::string("rrrr\0\0\0\0\0\0\x01\x03", 12), {}, ""},
      {"foo", 3, "foo", 30, "AES", std::string("rrrs\0\0\0\0\0\0\x01\x03", 12), {}, ""}};
  EXPECT_EQ(Judged(expectation, inspect, {disk, {}}), "ok");
  expectation.messages[0].nonce_counter = 0x0103;
  EXPECT_EQ(Judged(expectation, inspect, {disk, {}}),
            "foo:1: the nonce counter 259 is expected, but it is 258");
  expectation.messages[0].nonce_counter.reset();
  expectation.messages[0].nonce_random_as = 2;
  EXPECT_EQ(Judged(expectation, inspect, {disk, {}}), "ok");
  expectation.messages[0].nonce_random_as = 3;
  EXPECT_NE(Judged(expectation, inspect, {disk, {}}), "ok");
  expectation.messages[0].nonce_random_as = 4;
  EXPECT_NE(Judged(expectation, inspect, {disk, {}}), "ok");
  expectation.messages[0].nonce_random_as = 2;
  disk.messages[0].nonce.clear();
  disk.messages[1].nonce.clear();
  EXPECT_NE(Judged(expectation, inspect, {disk, {}}), "ok") << "there is none";
}

}  // namespace
}  // namespace atrest::oracle
