#include "harness/oracle/model.h"

#include <gtest/gtest.h>

namespace atrest::oracle {
namespace {

using scenario::Read;

// A story told to the model: each verb is a step together with what was seen.
class ModelTest : public testing::Test {
 protected:
  static scenario::Settings Off() { return {}; }
  static scenario::Settings On(const std::string& key, const std::string& cipher = "AES") {
    scenario::Settings settings;
    settings.encrypt = true;
    settings.cipher = cipher;
    settings.key_variable = key;
    return settings;
  }

  std::vector<Finding> Start(const scenario::Settings& settings, bool ok = true) {
    return model_.Observe(scenario::Start{settings}, {verdict::Started{ok, ok ? "" : "no"}, {}});
  }
  void Stop() { EXPECT_TRUE(model_.Observe(scenario::Stop{}, {verdict::Done{}, {}}).empty()); }
  void Publish(const std::vector<std::string>& payloads) {
    EXPECT_TRUE(model_
                    .Observe(scenario::Publish{"foo", payloads},
                             {verdict::Published{payloads.size(), ""}, {}})
                    .empty());
  }
  // "requirement" of the first finding, or "ok".
  std::string Receive(const std::vector<std::pair<uint64_t, std::string>>& deliveries,
                      Read read = {"foo"}) {
    verdict::Read seen;
    for (const auto& [sequence, payload] : deliveries)
      seen.deliveries.push_back({sequence, payload, "foo", false});
    return First(model_.Observe(read, {seen, {}}));
  }
  std::string See(std::vector<verdict::DiskMessage> messages) {
    verdict::Disk disk;
    disk.messages = std::move(messages);
    return First(model_.Observe(scenario::Inspect{{"right", "wrong"}, {}}, {disk, {}}));
  }
  static verdict::DiskMessage Sealed(const std::string& payload, const std::string& cipher,
                                     const std::vector<std::string>& keys) {
    return {"foo", 1, "foo", payload.size() + 29, cipher, std::string(12, 'n'), keys, payload};
  }
  static std::string First(const std::vector<Finding>& findings) {
    if (findings.empty()) return "ok";
    return findings[0].requirement.empty() ? findings[0].message : findings[0].requirement;
  }

  Model model_{{{"right", "right key"}, {"wrong", "wrong key"}}};
};

TEST_F(ModelTest, WhatWasPublishedMustBeDelivered) {
  Start(On("right"));
  Publish({"one", "two"});
  EXPECT_EQ(Receive({{1, "one"}, {2, "two"}}), "ok");
  EXPECT_EQ(Receive({{1, "one"}}), "foo:2 must be delivered, but was not");
  EXPECT_EQ(Receive({}), "foo:1 must be delivered, but was not");
  EXPECT_EQ(Receive({{1, "one"}, {2, "TWO"}}),
            "foo:2 must be delivered as \"two\", but was delivered as \"TWO\"");
  EXPECT_EQ(Receive({{1, "one"}, {2, "two"}, {3, "x"}}), "foo:3 was delivered but never published");
  EXPECT_EQ(Receive({{2, "two"}, {1, "one"}}), "foo:1 was delivered after sequence 2");
}

TEST_F(ModelTest, PositionsLimitWhatMustCome) {
  Start(On("right"));
  Publish({"one", "two", "three"});
  EXPECT_EQ(Receive({{3, "three"}}, {"foo", Read::From::kLast}), "ok");
  EXPECT_EQ(Receive({{2, "two"}, {3, "three"}}, {"foo", Read::From::kSequence, 2}), "ok");
  EXPECT_EQ(Receive({{2, "two"}}, {"foo", Read::From::kSequence, 2}),
            "foo:3 must be delivered, but was not");
  EXPECT_EQ(Receive({{2, "two"}}, {"foo", Read::From::kSequence, 2, 1}), "ok");
  EXPECT_EQ(Receive({}, {"foo", Read::From::kNew}), "ok");
}

TEST_F(ModelTest, WhatLimitsMayHaveRemovedNeedNotBeVisiblyPlain) {
  scenario::Settings limited = Off();
  limited.max_bytes = 90;
  Start(limited);
  Publish({"one", "two"});
  Stop();
  Start(On("right"));
  EXPECT_EQ(Receive({{2, "two"}}), "ok");
  Stop();
  Start(Off());
  Publish({"three"});
  Stop();
  Start(On("right"));
  EXPECT_EQ(Receive({{1, "one"}, {2, "two"}}), "D-12");
}

TEST_F(ModelTest, WhatOtherOptionsMakeOfAStoreIsNotJudged) {
  Start(On("right"));
  Stop();
  scenario::Settings other = On("right");
  other.cluster_id = "another";
  EXPECT_TRUE(Start(other, false).empty());
  EXPECT_FALSE(Start(On("right"), false).empty());
  scenario::Settings cut = On("right");
  cut.truncate_bad_eof = true;
  EXPECT_TRUE(Start(cut, false).empty());
  scenario::Settings sums = On("right");
  sums.crc_polynomial = 7;
  EXPECT_TRUE(Start(sums, false).empty());
  EXPECT_TRUE(Start(On("right"), false).empty()) << "whose checksums are there is open now";
}

TEST_F(ModelTest, EncryptionThatIsConfiguredElsewhereIsNotJudged) {
  scenario::Settings configured = Off();
  configured.config = "streaming { encrypt: true }";
  Start(configured);
  Publish({"a payload that is sealed"});
  Stop();
  EXPECT_EQ(See({Sealed("a payload that is sealed", "AES", {"right"})}), "ok");
}

TEST_F(ModelTest, AnotherCipherIsRead) {
  Start(On("right", "AES"));
  Publish({"one"});
  Stop();
  Start(On("right", "CHACHA"));
  EXPECT_EQ(Receive({{1, "one"}}), "ok");
  EXPECT_EQ(Receive({}), "D-13");
  EXPECT_EQ(Receive({{1, "two"}}), "D-13");
}

TEST_F(ModelTest, ARedeliveredMessageMayComeAgain) {
  Start(On("right"));
  Publish({"one", "two"});
  verdict::Read seen;
  seen.deliveries = {{1, "one", "foo", false}, {2, "two", "foo", false}, {1, "one", "foo", true}};
  EXPECT_EQ(First(model_.Observe(Read{"foo"}, {seen, {}})), "ok");
  seen.deliveries[2].payload = "other";
  EXPECT_NE(First(model_.Observe(Read{"foo"}, {seen, {}})), "ok");
  seen.deliveries[2] = {1, "one", "foo", false};
  EXPECT_EQ(First(model_.Observe(Read{"foo"}, {seen, {}})), "foo:1 was delivered after sequence 2");
}

TEST_F(ModelTest, ARefusedSubscriptionOrPublishIsWrongUnlessSomethingCannotBeRead) {
  Start(On("right"));
  Publish({"one"});
  const verdict::Observation refused{verdict::Read{{}, "no"}, {}};
  const verdict::Observation unacked{verdict::Published{0, "no"}, {}};
  EXPECT_EQ(First(model_.Observe(Read{"foo"}, refused)), "a subscription to foo was refused: no");
  Stop();
  Start(On("wrong"));
  EXPECT_EQ(First(model_.Observe(Read{"foo"}, refused)), "ok");
  EXPECT_EQ(First(model_.Observe(scenario::Publish{"foo", {"two"}}, unacked)), "ok");
  EXPECT_EQ(Receive({{9, "anything"}}), "ok") << "whether it was stored is not known";
  Stop();
  Start(On("right"));
  EXPECT_NE(First(model_.Observe(scenario::Publish{"bar", {"two"}}, unacked)), "ok");
}

TEST_F(ModelTest, EmptyPayloadsMayBeSealedOrNot) {
  Start(On("right"));
  Publish({""});
  EXPECT_EQ(See({Sealed("", "AES", {"right"})}), "ok");
  EXPECT_EQ(See({{"foo", 1, "foo", 0, "", "", {}, ""}}), "ok");
  EXPECT_NE(Receive({}), "ok");
  Stop();
  Start(On("wrong"));
  EXPECT_EQ(Receive({}), "ok");
  EXPECT_EQ(Receive({{1, ""}}), "ok");
}

TEST_F(ModelTest, OnlyTheNamesOfThePageAreDescribed) {
  EXPECT_TRUE(Start(On("right", "aes"), false).empty());
  EXPECT_FALSE(Start(On("right", "AES"), false).empty());
}

TEST_F(ModelTest, AReadThatIsCutOwesWhatComesBeforeItsLastMessage) {
  Start(On("right"));
  Publish({"one", "two", "three"});
  EXPECT_EQ(Receive({{1, "one"}}, {"foo", Read::From::kFirst, 0, 1}), "ok");
  EXPECT_EQ(Receive({{2, "two"}}, {"foo", Read::From::kFirst, 0, 1}),
            "foo:1 must be delivered, but was not");
}

TEST_F(ModelTest, AnotherKeyMustNotRead) {
  Start(On("right"));
  Publish({"one"});
  Stop();
  Start(On("wrong"));
  EXPECT_EQ(Receive({}), "ok");
  EXPECT_EQ(Receive({{1, "one"}}), "D-14");
  EXPECT_EQ(Receive({{1, "garbage"}}), "D-14");
  Publish({"two"});
  EXPECT_EQ(Receive({}), "ok") << "what comes behind an unreadable message is not described";
  EXPECT_EQ(Receive({{2, "two"}}), "ok");
}

TEST_F(ModelTest, PlaintextMayFailButNotBecomeSomethingElse) {
  Start(Off());
  Publish({"plain", "\x01look-alike", "behind"});
  Stop();
  Start(On("right"));
  EXPECT_EQ(Receive({{1, "plain"}, {2, "\x01look-alike"}, {3, "behind"}}), "ok");
  EXPECT_EQ(Receive({{1, "plain"}}), "ok");
  EXPECT_EQ(Receive({{1, "plian"}}), "D-12");
  EXPECT_EQ(Receive({}), "D-12") << "visibly not encrypted, so it should be detected";
}

TEST_F(ModelTest, SealedMessagesWithEncryptionOffAreNotDescribed) {
  Start(On("right"));
  Publish({"one"});
  Stop();
  Start(Off());
  EXPECT_EQ(Receive({}), "ok");
  EXPECT_EQ(Receive({{1, "\x01raw"}}), "ok");
}

TEST_F(ModelTest, AStartMayBeRefusedOnlyForDataThatCannotBeRead) {
  EXPECT_FALSE(Start(On("right"), false).empty());
  Start(On("right"));
  Publish({"one"});
  Stop();
  EXPECT_FALSE(Start(On("right", "CHACHA"), false).empty());
  EXPECT_TRUE(Start(On("wrong"), false).empty());
  EXPECT_TRUE(Start(Off(), false).empty());
}

TEST_F(ModelTest, RemovedByLimitsIsNotMissing) {
  scenario::Settings settings = On("right");
  settings.max_messages = 1;
  Start(settings);
  Publish({"one", "two"});
  EXPECT_EQ(Receive({{2, "two"}}), "ok");
  EXPECT_EQ(Receive({{1, "one"}}), "foo:2 must be delivered, but was not");
}

TEST_F(ModelTest, AMemoryStoreForgets) {
  scenario::Settings settings = On("right");
  settings.store = "memory";
  Start(settings);
  Publish({"one"});
  Stop();
  Start(settings);
  EXPECT_EQ(Receive({}), "ok");
}

TEST_F(ModelTest, TheDiskMustShowWhatWasAsked) {
  Start(On("right"));
  Publish({"a secret"});
  EXPECT_EQ(See({Sealed("a secret", "AES", {"right"})}), "ok");
  EXPECT_EQ(See({}), "foo:1 was acked, but is not on disk");
  EXPECT_EQ(See({Sealed("a secret", "CHACHA", {"right"})}), "D-08");
  EXPECT_EQ(
      See({{"foo", 1, "foo", 8, "", "", {}, "a secret"}, Sealed("a secret", "AES", {"right"})}),
      "D-01")
      << "an earlier copy in clear";
  EXPECT_EQ(See({Sealed("a secret", "AES", {})}), "D-01");
  EXPECT_EQ(See({Sealed("a secret", "AES", {"right", "wrong"})}), "D-14");
  EXPECT_EQ(See({Sealed("A SECRET", "AES", {"right"})}), "D-01");
  EXPECT_EQ(See({{"foo", 1, "foo", 8, "", "", {}, "a secret"}}), "D-01") << "stored in clear";
  auto hidden = Sealed("a secret", "AES", {"right"});
  hidden.subject = "hidden";
  EXPECT_EQ(See({hidden}), "D-09");
  auto small = Sealed("a secret", "AES", {"right"});
  small.data_size = 8;
  EXPECT_EQ(See({small}), "D-16");
}

TEST_F(ModelTest, WithoutAChoiceTheCipherIsThePlatforms) {
  scenario::Settings settings = On("right");
  settings.cipher.reset();
  Start(settings);
  Publish({"a secret"});
#if defined(__x86_64__)
  EXPECT_EQ(See({Sealed("a secret", "AES", {"right"})}), "ok");
  EXPECT_EQ(See({Sealed("a secret", "CHACHA", {"right"})}), "D-07");
#elif defined(__aarch64__)
  EXPECT_EQ(See({Sealed("a secret", "CHACHA", {"right"})}), "ok");
  EXPECT_EQ(See({Sealed("a secret", "AES", {"right"})}), "D-07");
#endif
}

TEST_F(ModelTest, PlaintextMustBeStoredAsItIs) {
  Start(Off());
  Publish({"abcdefgh"});
  EXPECT_EQ(See({{"foo", 1, "foo", 8, "", "", {}, "abcdefgh"}}), "ok");
  EXPECT_NE(See({{"foo", 1, "foo", 8, "", "", {}, "hgfedcba"}}), "ok");
  EXPECT_NE(See({{"foo", 1, "foo", 9, "", "", {}, "abcdefgh"}}), "ok");
}

TEST_F(ModelTest, APayloadThatIsPartOfAChannelNameIsNoCanary) {
  Start(On("right"));
  EXPECT_TRUE(model_
                  .Observe(scenario::Publish{"orders.europe", {"orders.eu"}},
                           {verdict::Published{1, ""}, {}})
                  .empty());
  EXPECT_TRUE(model_.Canaries().empty());
}

TEST_F(ModelTest, AFileStoreIsThereAgainAfterAMemoryStore) {
  Start(On("right"));
  Publish({"one"});
  Stop();
  scenario::Settings memory = On("right");
  memory.store = "memory";
  Start(memory);
  EXPECT_EQ(Receive({}), "ok");
  Stop();
  Start(On("right"));
  EXPECT_EQ(Receive({{1, "one"}}), "ok");
  EXPECT_NE(Receive({}), "ok");
}

TEST_F(ModelTest, TheVariableGoesBeforeTheOption) {
  scenario::Settings settings = On("right");
  settings.key_option = "wrong";
  Start(settings);
  Publish({"a secret"});
  EXPECT_EQ(See({Sealed("a secret", "AES", {"right"})}), "ok");
  EXPECT_EQ(See({Sealed("a secret", "AES", {"wrong"})}), "D-01");
}

TEST_F(ModelTest, CanariesArePayloadsThatWereOnlyEverSealed) {
  Start(Off());
  Publish({"in clear before"});
  Stop();
  Start(On("right"));
  Publish({"in clear before", "only ever sealed", "short"});
  EXPECT_EQ(model_.Canaries(), std::vector<std::string>{"only ever sealed"});
  verdict::Disk disk;
  disk.messages = {{"foo", 1, "foo", 15, "", "", {}, "in clear before"}};
  disk.hits = {{"only ever sealed", {"foo/msgs.1.dat at 99"}, {}}};
  const auto findings = model_.Observe(scenario::Inspect{}, {disk, {}});
  ASSERT_FALSE(findings.empty());
  EXPECT_EQ(findings.back().requirement, "D-01");
}

TEST_F(ModelTest, NothingIsPromisedForFilesThatSomebodyElseChanged) {
  Start(On("right"));
  Publish({"one"});
  Stop();
  model_.Observe(scenario::Tamper{}, {verdict::Done{}, {}});
  Start(On("right"));
  EXPECT_EQ(Receive({{1, "forged"}}), "ok");
}

TEST_F(ModelTest, StartsFromWhatAGoldenStoreHolds) {
  model_.Adopt(
      {{"foo", 1, "plain", {}, "", true}, {"foo", 2, "sealed", "right key", "CHACHA", true}});
  Start(On("right"));
  EXPECT_EQ(Receive({{1, "plain"}, {2, "sealed"}}), "ok");
  EXPECT_EQ(Receive({{1, "plain"}}), "D-13");
}

TEST_F(ModelTest, OfAGoldenStoreOnlyWhatIsCertainIsOwed) {
  model_.Adopt({{"foo", 1, "a sealed one", "right key", "CHACHA", false},
                {"foo", 2, "a sealed two", "right key", "", true}});
  Start(On("right"));
  EXPECT_EQ(Receive({{2, "a sealed two"}}), "ok");
  auto one = Sealed("a sealed one", "AES", {"right"});
  auto two = Sealed("a sealed two", "AES", {"right"});
  two.sequence = 2;
  EXPECT_EQ(See({one, two}), "D-08") << "it was chosen";
  one.cipher = "CHACHA";
  EXPECT_EQ(See({one, two}), "ok") << "of the other no cipher is known";
  EXPECT_EQ(See({two}), "ok");
  EXPECT_NE(See({one}), "ok");
}

TEST_F(ModelTest, SubscriptionsOfClientsAreJudgedByWhatTheyGet) {
  Start(On("right"));
  Publish({"one"});
  scenario::Subscribe subscribe;
  subscribe.name = "s";
  subscribe.channel = "foo";
  const scenario::ClientStep receive = scenario::Receive{"s"};
  verdict::Read seen;
  seen.deliveries = {{1, "one", "foo", false}};
  EXPECT_EQ(First(model_.Observe(receive, {seen, {}})), "ok") << "of another's subscription";
  model_.Observe(scenario::ClientStep(subscribe), {verdict::Answered{}, {}});
  EXPECT_EQ(First(model_.Observe(receive, {seen, {}})), "ok");
  seen.deliveries[0].payload = "two";
  EXPECT_EQ(First(model_.Observe(receive, {seen, {}})),
            "foo:1 must be delivered as \"one\", but was delivered as \"two\"");
  seen.deliveries[0] = {1, "one", "bar", false};
  EXPECT_EQ(First(model_.Observe(receive, {seen, {}})),
            "foo:1 was delivered with the subject \"bar\"");
  Stop();
  Start(On("right"));
  EXPECT_EQ(First(model_.Observe(receive, {seen, {}})), "ok") << "it ended with the server";
}

TEST_F(ModelTest, OnlyTheEndOfTheServerEmptiesItsMemory) {
  scenario::Settings settings = On("right");
  settings.store = "memory";
  Start(settings);
  Publish({"one"});
  EXPECT_EQ(See({}), "ok");
  EXPECT_EQ(Receive({}), "foo:1 must be delivered, but was not");
  model_.Observe(scenario::Kill{}, {verdict::Done{}, {}});
  Start(settings);
  EXPECT_EQ(Receive({}), "ok");
}

TEST_F(ModelTest, AKeyWithoutTheSwitchIsNotDescribed) {
  scenario::Settings settings = Off();
  settings.key_option = "right";
  Start(settings);
  Publish({"a payload of some size"});
  EXPECT_EQ(See({Sealed("a payload of some size", "AES", {"right"})}), "ok");
  EXPECT_EQ(See({{"foo", 1, "foo", 22, "", "", {}, "a payload of some size"}}), "ok");
  EXPECT_EQ(Receive({{1, "whatever"}}), "ok");
  EXPECT_EQ(Receive({}), "ok");
  Stop();
  Start(On("right"));
  EXPECT_EQ(Receive({{1, "whatever"}}), "ok") << "how it was stored is open";
  Stop();
  settings = Off();
  settings.key_variable = "right";
  Start(settings);
  EXPECT_EQ(
      First(model_.Observe(scenario::Publish{"bar", {"plain"}}, {verdict::Published{1, ""}, {}})),
      "ok");
  EXPECT_EQ(Receive({}, {"bar"}), "bar:1 must be delivered, but was not") << "off is off";
}

TEST_F(ModelTest, ArgumentsMaySayMore) {
  scenario::Settings settings = Off();
  settings.arguments = {"-x", "--encryption_key=k"};
  Start(settings);
  Publish({"a payload of some size"});
  EXPECT_EQ(See({Sealed("a payload of some size", "AES", {"right"})}), "ok");
  Stop();
  settings.arguments = {"-x"};
  Start(settings);
  EXPECT_EQ(
      First(model_.Observe(scenario::Publish{"bar", {"plain"}}, {verdict::Published{1, ""}, {}})),
      "ok");
  EXPECT_NE(Receive({}, {"bar"}), "ok");
}

TEST_F(ModelTest, AfterTamperingNothingIsJudgedWithOrWithoutEncryption) {
  for (const bool on : {true, false}) {
    Start(on ? On("right") : Off());
    Publish({"one payload of some size"});
    Stop();
  }
  model_.Observe(scenario::Tamper{}, {verdict::Done{}, {}});
  EXPECT_EQ(See({}), "ok");
  EXPECT_TRUE(Start(On("right"), false).empty());
  Start(Off());
  EXPECT_EQ(Receive({{9, "forged"}}), "ok");
}

TEST_F(ModelTest, NamesThatAFileSystemMayRefuse) {
  Start(On("right"));
  const auto refused = [&](size_t size) {
    return First(model_.Observe(scenario::Publish{std::string(size, 'n'), {"x"}},
                                {verdict::Published{0, "no"}, {}}));
  };
  EXPECT_NE(refused(200), "ok");
  EXPECT_EQ(refused(201), "ok");
  const auto read = [&](size_t size) {
    return First(model_.Observe(Read{std::string(size, 'm')}, {verdict::Read{{}, "no"}, {}}));
  };
  EXPECT_NE(read(200), "ok");
  EXPECT_EQ(read(201), "ok");
}

TEST_F(ModelTest, ARefusedPublishIsNamed) {
  Start(On("right"));
  EXPECT_EQ(First(model_.Observe(scenario::Publish{"foo", {"one", "two", "three"}},
                                 {verdict::Published{1, "full"}, {}})),
            "message 2 to foo must be acked, but was not: full");
}

TEST_F(ModelTest, SettingsUnderWhichAServerMayRefuse) {
  const auto may_refuse = [](auto set) {
    scenario::Settings settings = On("right");
    set(settings);
    Model model{{{"right", "right key"}}};
    return model.Observe(scenario::Start{settings}, {verdict::Started{false, "no"}, {}}).empty();
  };
  using Settings = scenario::Settings;
  EXPECT_FALSE(may_refuse([](Settings&) {}));
  EXPECT_TRUE(may_refuse([](Settings& s) { s.max_channels = 1; }));
  EXPECT_TRUE(may_refuse([](Settings& s) { s.max_subscriptions = 1; }));
  EXPECT_TRUE(may_refuse([](Settings& s) { s.arguments = {"x"}; }));
  EXPECT_TRUE(may_refuse([](Settings& s) { s.truncate_bad_eof = true; }));
  EXPECT_FALSE(may_refuse([](Settings& s) { s.truncate_bad_eof = false; }));
  EXPECT_FALSE(may_refuse([](Settings& s) { s.max_messages = 1; }));
}

TEST_F(ModelTest, ASmallerLimitAtTheStart) {
  Start(On("right"));
  Publish({"one", "two", "three"});
  Stop();
  scenario::Settings limited = On("right");
  limited.max_messages = 1;
  Start(limited);
  EXPECT_EQ(Receive({{3, "three"}}), "ok");
  EXPECT_EQ(Receive({{1, "one"}, {3, "three"}}), "ok");
  EXPECT_NE(Receive({}), "ok");
}

TEST_F(ModelTest, WhatOtherLimitsMayHaveRemovedNeedNotBeOnDisk) {
  scenario::Settings limited = On("right");
  limited.max_age_ms = 5;
  Start(limited);
  Publish({"one", "two"});
  EXPECT_EQ(See({}), "ok");
  EXPECT_EQ(Receive({}), "ok");
  Stop();
  Start(On("right"));
  Publish({"three"});
  EXPECT_EQ(Receive({{3, "three"}}), "ok");
}

TEST_F(ModelTest, AStoreInMemoryHasNoClusterAndNoChecksums) {
  Start(On("right"));
  Stop();
  scenario::Settings memory = On("right");
  memory.store = "memory";
  memory.cluster_id = "another";
  memory.crc_polynomial = 7;
  EXPECT_FALSE(Start(memory, false).empty());
  EXPECT_FALSE(Start(On("right"), false).empty());
}

TEST_F(ModelTest, CanariesAreEightBytesLongAndNamedOnce) {
  Start(On("right"));
  Publish({"12345678", "1234567", "12345678", "abcdefgh"});
  EXPECT_EQ(model_.Canaries(), (std::vector<std::string>{"12345678", "abcdefgh"}));
  verdict::Disk disk;
  for (uint64_t i = 1; i <= 4; ++i) {
    static const char* const kPayloads[] = {"12345678", "1234567", "12345678", "abcdefgh"};
    disk.messages.push_back(Sealed(kPayloads[i - 1], "AES", {"right"}));
    disk.messages.back().sequence = i;
  }
  disk.hits = {{"12345678", {}, {"a name"}},
               {"something else", {"x at 1"}, {}},
               {"abcdefgh", {"x at 1", "y at 2"}, {}}};
  const auto findings = model_.Observe(scenario::Inspect{{"right"}, {}}, {disk, {}});
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].requirement, "D-01");
  EXPECT_NE(findings[0].message.find("stands in x at 1, y at 2"), std::string::npos);
}

TEST_F(ModelTest, APlainChannelThatIsNotClearIsNotJudgedOnDisk) {
  Start(On("right"));
  EXPECT_NE(First(model_.Observe(scenario::Publish{"foo", {"one", "two"}},
                                 {verdict::Published{1, "no"}, {}})),
            "ok");
  EXPECT_EQ(See({}), "ok");
}

TEST_F(ModelTest, ReadsThatAreCutOweNothingBehindTheirEnd) {
  Start(On("right"));
  Publish({"one", "two", "three"});
  EXPECT_EQ(Receive({{1, "one"}, {2, "two"}}, {"foo", Read::From::kFirst, 0, 2}), "ok");
  EXPECT_EQ(Receive({{1, "one"}, {3, "three"}}, {"foo", Read::From::kFirst, 0, 2}),
            "foo:2 must be delivered, but was not");
  EXPECT_EQ(Receive({}, {"foo", Read::From::kFirst, 0, 0}), "ok");
}

TEST_F(ModelTest, PlaintextThatLooksSealedMayFailQuietly) {
  for (const char* text : {"\x01t", "\x02t", "\x03t"}) {
    model_ = Model(std::map<std::string, std::string>{{"right", "right key"}});
    Start(Off());
    Publish({text});
    Stop();
    Start(On("right"));
    EXPECT_EQ(Receive({}), text[0] <= 2 ? "ok" : "D-12");
  }
}

}  // namespace
}  // namespace atrest::oracle
