#include "harness/oracle/ideal.h"

#include <gtest/gtest.h>

namespace atrest::oracle {
namespace {

using scenario::Read;

const std::string kSealed = std::string("\x01") + std::string(28, 's') + "one";

// A story told to the ideal: each verb is a step together with what was seen, and returns the
// requirements that are broken, "ok" for none.
class IdealTest : public testing::Test {
 protected:
  using Keys = std::map<std::string, std::string>;

  static scenario::Settings Off() { return {}; }
  static scenario::Settings On(const std::string& key) {
    scenario::Settings settings;
    settings.encrypt = true;
    settings.key_variable = key;
    return settings;
  }

  std::string Start(const scenario::Settings& settings, const std::string& warning = "") {
    return Said({scenario::Start{settings}}, verdict::Started{true, ""}, warning);
  }
  std::string Publish(const std::vector<std::string>& payloads, uint64_t acked = UINT64_MAX) {
    const verdict::Published published{std::min<uint64_t>(acked, payloads.size()), ""};
    return Said({scenario::Publish{"foo", payloads}}, published);
  }
  void Stop() { EXPECT_EQ(Said({scenario::Stop{}}, verdict::Done{}), "ok"); }
  // Three messages under the right key, and the server stopped.
  void Store(const std::vector<std::string>& payloads = {"one", "two", "six"}) {
    EXPECT_EQ(Start(On("right")), "ok");
    EXPECT_EQ(Publish(payloads), "ok");
    Stop();
  }
  // The files are changed, and the server is started again.
  void Tamper(const scenario::TamperOperation& operation) {
    EXPECT_EQ(Said({scenario::Tamper{{operation}}}, verdict::Done{}), "ok");
    EXPECT_EQ(Start(On("right")), "ok");
  }
  std::string Receive(const std::vector<std::pair<uint64_t, std::string>>& deliveries,
                      const std::string& error = "", Read read = {"foo"}) {
    verdict::Read seen;
    for (const auto& [sequence, payload] : deliveries)
      seen.deliveries.push_back({sequence, payload, read.channel, false});
    return Said({read}, seen, error);
  }

  std::string Said(const scenario::Action& action, verdict::Outcome outcome,
                   const std::string& error = "") {
    verdict::Observation seen{std::move(outcome), {}};
    if (!error.empty()) seen.log.push_back({"ERR", error});
    std::string all;
    for (const Finding& finding : ideal_.Observe(action, seen)) {
      EXPECT_EQ(finding.oracle, "ideal");
      EXPECT_FALSE(finding.message.empty());
      all += (all.empty() ? "" : " ") + finding.requirement;
    }
    return all.empty() ? "ok" : all;
  }

  void Forget() { ideal_ = Ideal(Keys{{"right", "right key"}, {"wrong", "wrong key"}}); }

  Ideal ideal_{{{"right", "right key"}, {"wrong", "wrong key"}, {"empty", ""}}};
};

TEST_F(IdealTest, WhatComesAsItWasPublishedIsRight) {
  EXPECT_EQ(Start(On("right")), "ok");
  EXPECT_EQ(Publish({"one", "", "\x01three"}), "ok");
  EXPECT_EQ(Receive({{1, "one"}, {2, ""}, {3, "\x01three"}}), "ok");
  EXPECT_EQ(Receive({{3, "\x01three"}}, "", {"foo", Read::From::kLast}), "ok");
  EXPECT_EQ(Receive({{1, "one"}}, "", {"foo", Read::From::kFirst, 0, 1}), "ok");
  EXPECT_EQ(Receive({}, "", {"foo", Read::From::kNew}), "ok");
  EXPECT_EQ(Receive({{1, "other"}, {2, ""}, {3, "\x01three"}}), "H-faithful");
  EXPECT_EQ(Receive({{2, ""}, {1, "one"}, {3, "\x01three"}}), "H-faithful");
}

TEST_F(IdealTest, AnEmptyKeyDoesNotStartSilently) {
  EXPECT_EQ(Start(On("empty")), "H-empty-key");
  scenario::Settings settings;
  settings.key_option = "empty";
  EXPECT_EQ(Start(settings), "H-empty-key");
  EXPECT_EQ(Start(settings, "the key is empty: starting without encryption"), "ok");
  settings = {};
  settings.encrypt = true;
  EXPECT_EQ(Start(settings), "H-empty-key");
  EXPECT_EQ(Said({scenario::Start{settings}}, verdict::Started{false, "no key"}), "ok");
  settings.key_variable = "empty";
  settings.key_option = "right";
  EXPECT_EQ(Start(settings), "ok") << "there is a key";
}

TEST_F(IdealTest, AKeyThatIsNotUsedIsMentioned) {
  scenario::Settings settings;
  settings.key_variable = "right";
  EXPECT_EQ(Start(settings), "H-key-unused");
  EXPECT_EQ(Start(settings, "the key is not used"), "ok");
  settings.encrypt = false;
  EXPECT_EQ(Start(settings), "ok") << "it was switched off in so many words";
}

TEST_F(IdealTest, AnUnknownCipherIsRefused) {
  scenario::Settings settings = On("right");
  settings.cipher = "none";
  EXPECT_EQ(Start(settings), "H-cipher-refused");
  EXPECT_EQ(Said({scenario::Start{settings}}, verdict::Started{false, "no such cipher"}), "ok");
  settings.cipher = " aes";
  EXPECT_EQ(Start(settings), "ok") << "may be taken for AES";
}

TEST_F(IdealTest, CiphertextIsNotDeliveredWithEncryptionOff) {
  Store();
  EXPECT_EQ(Start(Off()), "ok");
  EXPECT_EQ(Receive({{1, kSealed}}, "the rest was withheld"), "H-off-noticed");
  EXPECT_EQ(Receive({}, "sealed"), "ok");
}

TEST_F(IdealTest, CiphertextIsItselfBehindALossToo) {
  Store();
  EXPECT_EQ(
      Said({scenario::Tamper{{scenario::Truncate{"foo/msgs.1.idx", {}, 32}}}}, verdict::Done{}),
      "ok");
  EXPECT_EQ(Start(Off()), "ok");
  EXPECT_EQ(Receive({{1, kSealed}, {2, kSealed}, {7, kSealed}}, "3 is cut"),
            "H-off-noticed H-off-noticed H-off-noticed");
}

TEST_F(IdealTest, NothingIsStoredInClearBesideWhatIsSealed) {
  Store();
  EXPECT_EQ(Start(Off()), "ok");
  EXPECT_EQ(Publish({""}), "ok");
  EXPECT_EQ(Publish({"four"}), "H-downgrade");
  EXPECT_EQ(Publish({"five"}), "ok") << "said once";
  Stop();
  EXPECT_EQ(Start(Off(), "there is sealed data"), "ok");
  EXPECT_EQ(Publish({"six"}), "ok");
}

TEST_F(IdealTest, AnotherKeyIsNoticedBeforeAnythingIsStoredUnderIt) {
  Store();
  EXPECT_EQ(Start(On("wrong")), "ok");
  EXPECT_EQ(Publish({"four"}), "H-wrong-key-noticed H-mixed-keys");
  EXPECT_EQ(Publish({"five"}), "ok") << "said once";
  Stop();
  EXPECT_EQ(Start(On("right")), "ok");
  EXPECT_EQ(Publish({"seven"}), "ok") << "the store has this key too";
}

TEST_F(IdealTest, AnotherKeyThatIsReportedMayStillNotBeMixedIn) {
  Store();
  EXPECT_EQ(Start(On("wrong"), "this is not the key"), "ok");
  EXPECT_EQ(Receive({}), "ok");
  EXPECT_EQ(Publish({""}), "ok");
  EXPECT_EQ(Publish({"four"}, 0), "ok") << "refused";
  EXPECT_EQ(Publish({"four"}), "H-mixed-keys");
}

TEST_F(IdealTest, WhatCannotBeReadDoesNotHoldUpWhatCan) {
  EXPECT_EQ(Start(Off()), "ok");
  EXPECT_EQ(Publish({"plain"}), "ok");
  Stop();
  EXPECT_EQ(Start(On("right")), "ok");
  EXPECT_EQ(Publish({"sealed"}), "ok");
  Stop();
  EXPECT_EQ(Start(Off(), "sealed data"), "ok");
  EXPECT_EQ(Publish({"clear"}), "ok");
  Stop();
  EXPECT_EQ(Start(On("wrong")), "ok");
  EXPECT_EQ(Receive({{1, "plain"}}, "2 cannot be read"), "H-head-of-line");
  EXPECT_EQ(Receive({{1, "plain"}, {3, "clear"}}, "2 cannot be read"), "ok");
  Stop();
  EXPECT_EQ(Start(On("wrong"), "this is not the key"), "ok");
  EXPECT_EQ(Receive({{1, "plain"}, {3, "clear"}}), "ok");
}

TEST_F(IdealTest, WhatIsNotDeliveredIsReported) {
  Store();
  EXPECT_EQ(Start(On("wrong")), "ok");
  EXPECT_EQ(Receive({}), "H-loss-reported H-loss-reported H-loss-reported");
  EXPECT_EQ(Receive({}, "cannot be read"), "ok");
}

TEST_F(IdealTest, PlaintextThatLooksSealedIsDelivered) {
  EXPECT_EQ(Start(Off()), "ok");
  EXPECT_EQ(Publish({"one", "\x01two", "three"}), "ok");
  Stop();
  EXPECT_EQ(Start(On("right")), "ok");
  EXPECT_EQ(Receive({{1, "one"}, {2, "\x01two"}, {3, "three"}}), "ok");
  EXPECT_EQ(Receive({{1, "one"}, {3, "three"}}, "2 is bad"), "H-looks-sealed");
  EXPECT_EQ(Receive({{1, "one"}}, "2 is bad"), "H-looks-sealed H-head-of-line");
}

TEST_F(IdealTest, AnExplicitlyEmptyPayloadIsDelivered) {
  EXPECT_EQ(Start(On("right")), "ok");
  EXPECT_EQ(Said({scenario::Publish{"foo", {""}, "", true}}, verdict::Published{1, ""}), "ok");
  EXPECT_EQ(Receive({{1, ""}}), "ok");
  EXPECT_EQ(Receive({}, "1 cannot be read"), "H-explicit-empty");
}

TEST_F(IdealTest, SwapAndReplay) {
  Store();
  Tamper(scenario::SwapData{"foo/msgs.1.dat", 1, 2});
  EXPECT_EQ(Receive({{1, "two"}, {2, "one"}, {3, "six"}}), "H-swap H-swap");
  EXPECT_EQ(Receive({{3, "six"}}, "1 and 2 are not what they were"), "ok");
  Stop();
  Tamper(scenario::CopyData{"foo/msgs.1.dat", 1, 3});
  EXPECT_EQ(Receive({{3, "one"}}, "1 and 2"), "H-replay");
}

TEST_F(IdealTest, ForgedAndChangedData) {
  Store();
  Tamper(scenario::FillData{"foo/msgs.1.dat", 2, "zz"});
  EXPECT_EQ(Receive({{1, "one"}, {2, "zzzzz"}, {3, "six"}}), "H-forge");
  EXPECT_EQ(Receive({{1, "one"}, {3, "six"}}, "2 is forged"), "ok");
  EXPECT_EQ(Receive({{1, "one"}}, "2 is forged"), "H-head-of-line");
  EXPECT_EQ(Receive({{1, "one"}, {3, "six"}}), "ok") << "was told before";
}

TEST_F(IdealTest, ACodeByteAndACiphertext) {
  Store();
  scenario::ChangeRecord change{"foo/msgs.1.dat", 1, true, 0, uint8_t{3}, {}, true};
  Tamper(change);
  EXPECT_EQ(Receive({{1, "\x03" + kSealed}, {2, "two"}, {3, "six"}}), "H-code-byte");
  EXPECT_EQ(Receive({{2, "two"}, {3, "six"}}), "H-code-byte") << "missing without a word";
  Stop();
  change = {"foo/msgs.1.dat", 2, true, 15, {}, uint8_t{1}, true};
  Tamper(change);
  EXPECT_EQ(Receive({{2, "twp"}, {3, "six"}}, "1 is bad"), "H-ciphertext");
}

TEST_F(IdealTest, SequenceAndSubject) {
  Store();
  Tamper(scenario::ChangeRecord{"foo/msgs.1.dat", 3, false, 1, uint8_t{9}, {}, true});
  EXPECT_EQ(Receive({{1, "one"}, {2, "two"}, {9, "six"}}, "something"), "H-sequence");
  verdict::Read seen;
  seen.deliveries = {{1, "one", "foo", false}, {2, "two", "foo", false}, {3, "six", "fop", false}};
  EXPECT_EQ(Said({Read{"foo"}}, seen), "H-metadata");
}

TEST_F(IdealTest, MovedChannels) {
  Store();
  Tamper(scenario::RenameFile{"foo", "bar"});
  EXPECT_EQ(Receive({}), "H-channel-moved H-channel-moved H-channel-moved");
  EXPECT_EQ(Receive({}, "foo is gone"), "ok");
}

TEST_F(IdealTest, RolledBackAndCut) {
  Store();
  Tamper(scenario::RestoreCopy{".", "before"});
  EXPECT_EQ(Receive({{1, "one"}, {2, "two"}}), "H-rollback");
  EXPECT_EQ(Publish({"new"}), "ok");
  EXPECT_EQ(Receive({{1, "one"}, {2, "two"}, {3, "new"}}), "H-rollback") << "3 was given again";
  EXPECT_EQ(Receive({{1, "one"}, {2, "two"}, {3, "six"}, {4, "new"}}), "ok");
}

TEST_F(IdealTest, CutAtTheEndAndInTheMiddle) {
  Store();
  Tamper(scenario::Truncate{"foo/msgs.1.dat", {}, 10});
  EXPECT_EQ(Receive({{1, "one"}, {2, "two"}}), "H-truncate-tail");
  EXPECT_EQ(Receive({{1, "one"}, {2, "two"}}, "3 is cut"), "ok");
}

TEST_F(IdealTest, ASliceThatIsTakenAway) {
  Store();
  Tamper(scenario::RenameFile{"foo/msgs.1.dat", "foo/msgs.x.dat"});
  EXPECT_EQ(Receive({{3, "six"}}), "H-truncate-middle H-truncate-middle");
}

TEST_F(IdealTest, WhatLimitsRemovedStaysRemoved) {
  scenario::Settings limited = On("right");
  limited.max_messages = 2;
  EXPECT_EQ(Start(limited), "ok");
  EXPECT_EQ(Publish({"one", "two", "three"}), "ok");
  EXPECT_EQ(Receive({{2, "two"}, {3, "three"}}), "ok");
  Stop();
  EXPECT_EQ(Start(On("right")), "ok");
  EXPECT_EQ(Receive({{1, "one"}, {2, "two"}, {3, "three"}}), "H-removed-stay");
  EXPECT_EQ(Receive({{2, "two"}, {3, "three"}}), "ok");
}

TEST_F(IdealTest, AfterAnUnackedPublishSequencesAreNotJudged) {
  EXPECT_EQ(Start(On("right")), "ok");
  EXPECT_EQ(Publish({"one", "two"}, 1), "ok");
  EXPECT_EQ(Publish({"three"}), "ok");
  EXPECT_EQ(Receive({{1, "one"}, {2, "three"}}), "ok");
  EXPECT_EQ(Receive({{1, "one"}, {2, "two"}, {3, "three"}}), "ok");
  EXPECT_EQ(Receive({{1, "changed"}}), "H-faithful");
}

TEST_F(IdealTest, WithoutSealsWhoHasTheDiskWritesWhatHeLikes) {
  EXPECT_EQ(Start(Off()), "ok");
  EXPECT_EQ(Publish({"one", "two"}), "ok");
  Stop();
  EXPECT_EQ(Said({scenario::Tamper{{scenario::SwapData{"foo/msgs.1.dat", 1, 2}}}}, verdict::Done{}),
            "ok");
  EXPECT_EQ(Start(Off()), "ok");
  EXPECT_EQ(Receive({{1, "two"}, {2, "one"}}), "ok");
}

TEST_F(IdealTest, AMemoryStoreOwesNothingAfterItsEnd) {
  scenario::Settings settings = On("right");
  settings.store = "memory";
  EXPECT_EQ(Start(settings), "ok");
  EXPECT_EQ(Publish({"one"}), "ok");
  EXPECT_EQ(Receive({}), "H-loss-reported");
  Stop();
  EXPECT_EQ(Start(settings), "ok");
  EXPECT_EQ(Receive({}), "ok");
}

TEST_F(IdealTest, SubscriptionsOfClientsAreJudgedByWhatTheyGet) {
  Store();
  EXPECT_EQ(Start(Off()), "ok");
  scenario::Subscribe subscribe;
  subscribe.name = "s";
  subscribe.channel = "foo";
  EXPECT_EQ(Said(scenario::ClientStep(subscribe), verdict::Answered{}), "ok");
  verdict::Read seen;
  seen.deliveries = {{1, kSealed, "foo", false}};
  EXPECT_EQ(Said(scenario::ClientStep(scenario::Receive{"s"}), seen), "H-off-noticed");
}

TEST_F(IdealTest, AGoldenStoreIsKnown) {
  ideal_.Adopt({{"foo", 1, "one", "right key", "AES", true}, {"foo", 2, "two", {}, "", true}});
  EXPECT_EQ(Start(On("right")), "ok");
  EXPECT_EQ(Receive({{1, "one"}, {2, "two"}}), "ok");
  Stop();
  EXPECT_EQ(Start(On("wrong")), "ok");
  EXPECT_EQ(Receive({{2, "two"}}, "1 cannot be read"), "ok");
  EXPECT_EQ(Receive({}, "1 cannot be read"), "H-head-of-line");
}

TEST_F(IdealTest, OfAGoldenStoreOnlyWhatIsCertainIsOwed) {
  ideal_.Adopt(
      {{"foo", 1, "one", "right key", "AES", false}, {"foo", 2, "two", "right key", "", true}});
  EXPECT_EQ(Start(On("right")), "ok");
  EXPECT_EQ(Receive({{2, "two"}}), "ok");
  EXPECT_EQ(Receive({{1, "one"}}), "H-loss-reported");
  Stop();
  EXPECT_EQ(Start(On("wrong")), "ok");
  EXPECT_EQ(Publish({"three"}), "H-wrong-key-noticed H-mixed-keys");
}

TEST_F(IdealTest, RecordsOfAGoldenStoreAreNotCounted) {
  ideal_.Adopt(
      {{"foo", 1, "one", "right key", "AES", true}, {"foo", 2, "two", "right key", "", true}});
  Tamper(scenario::SwapData{"foo/msgs.1.dat", 1, 2});
  EXPECT_EQ(Receive({{1, "one"}, {2, "two"}}), "ok");
  EXPECT_EQ(Receive({}), "H-swap H-swap") << "either may have been hit";
  EXPECT_EQ(Receive({{1, "two"}, {2, "two"}}), "H-swap");
}

TEST_F(IdealTest, OnlyTheEndOfTheServerEmptiesItsMemory) {
  scenario::Settings settings = On("right");
  settings.store = "memory";
  EXPECT_EQ(Start(settings), "ok");
  EXPECT_EQ(Publish({"one"}), "ok");
  EXPECT_EQ(Said({scenario::Inspect{}}, verdict::Disk{}), "ok");
  EXPECT_EQ(Receive({}), "H-loss-reported");
  EXPECT_EQ(Said({scenario::Kill{}}, verdict::Done{}), "ok");
  EXPECT_EQ(Receive({}), "ok");
}

TEST_F(IdealTest, WarningsErrorsAndFatalLinesAreReports) {
  for (const char* level : {"WRN", "ERR", "FTL", "INF", "DBG"}) {
    verdict::Observation seen{verdict::Started{true, ""}, {{level, "something"}}};
    const bool told = std::string(level) != "INF" && std::string(level) != "DBG";
    EXPECT_EQ(ideal_.Observe(scenario::Start{On("empty")}, seen).empty(), told) << level;
  }
}

TEST_F(IdealTest, AReportCountsUntilTheNextStart) {
  Store();
  EXPECT_EQ(Start(On("wrong"), "this is not the key"), "ok");
  Stop();
  EXPECT_EQ(Start(On("wrong")), "ok");
  EXPECT_EQ(Publish({"four"}), "H-wrong-key-noticed H-mixed-keys");
  Stop();
  EXPECT_EQ(Start(Off()), "ok");
  EXPECT_EQ(Publish({"five"}), "H-downgrade");
  Stop();
  EXPECT_EQ(Start(Off()), "ok");
  EXPECT_EQ(Publish({"six"}), "H-downgrade") << "once a run";
}

TEST_F(IdealTest, EachRunUnderAnotherKeyIsBlamedOnce) {
  Store();
  for (int run = 0; run < 2; ++run) {
    EXPECT_EQ(Start(On("wrong")), "ok");
    EXPECT_EQ(Receive({{1, kSealed}}, "", {"foo", Read::From::kFirst, 0, 1}),
              "H-wrong-key-noticed H-faithful");
    EXPECT_EQ(Receive({{1, kSealed}}, "", {"foo", Read::From::kFirst, 0, 1}), "H-faithful");
    Stop();
  }
}

TEST_F(IdealTest, WhatOtherLimitsMayHaveRemovedIsNotMissed) {
  scenario::Settings limited = On("right");
  limited.max_bytes = 100;
  EXPECT_EQ(Start(limited), "ok");
  EXPECT_EQ(Publish({"one", "two"}), "ok");
  EXPECT_EQ(Receive({{2, "two"}}), "ok");
  EXPECT_EQ(Receive({}), "ok");
  Stop();
  EXPECT_EQ(Start(On("right")), "ok");
  EXPECT_EQ(Publish({"three"}), "ok");
  EXPECT_EQ(Receive({{3, "three"}}), "ok");
  EXPECT_EQ(Receive({}), "H-loss-reported");
}

TEST_F(IdealTest, ALimitThatIsReachedRemovesNothingYet) {
  scenario::Settings limited = On("right");
  limited.max_messages = 2;
  EXPECT_EQ(Start(limited), "ok");
  EXPECT_EQ(Publish({"one", "two"}), "ok");
  EXPECT_EQ(Receive({{2, "two"}}), "H-loss-reported");
  Stop();
  Tamper(scenario::FillData{"foo/msgs.1.dat", 2, "zz"});
  EXPECT_EQ(Receive({{1, "one"}}, ""), "H-forge") << "record 2 is message 2";
}

TEST_F(IdealTest, ASmallerLimitRemovesAtTheStart) {
  Store();
  scenario::Settings limited = On("right");
  limited.max_messages = 1;
  EXPECT_EQ(Start(limited), "ok");
  EXPECT_EQ(Receive({{3, "six"}}), "ok");
  EXPECT_EQ(Receive({}), "H-loss-reported");
  EXPECT_EQ(Receive({{2, "two"}, {3, "six"}}), "ok") << "in the run in which it goes";
  Stop();
  EXPECT_EQ(Start(limited), "ok");
  EXPECT_EQ(Receive({{2, "two"}, {3, "six"}}), "H-removed-stay");
  Stop();
  Tamper(scenario::FillData{"foo/msgs.1.dat", 2, "zz"});
  EXPECT_EQ(Receive({}), "H-forge") << "which record is which message is not known any more";
}

TEST_F(IdealTest, SubscriptionsEndWithTheServer) {
  Store();
  EXPECT_EQ(Start(Off()), "ok");
  scenario::Subscribe subscribe;
  subscribe.name = "s";
  subscribe.channel = "foo";
  EXPECT_EQ(Said(scenario::ClientStep(subscribe), verdict::Answered{}), "ok");
  Stop();
  EXPECT_EQ(Start(Off()), "ok");
  verdict::Read seen;
  seen.deliveries = {{1, kSealed, "foo", false}};
  EXPECT_EQ(Said(scenario::ClientStep(scenario::Receive{"s"}), seen), "ok");
}

TEST_F(IdealTest, ASubscriptionUnderAnotherKeyIsBlamedIfItGetsSome) {
  Store();
  EXPECT_EQ(Start(On("wrong")), "ok");
  scenario::Subscribe subscribe;
  subscribe.name = "s";
  subscribe.channel = "foo";
  EXPECT_EQ(Said(scenario::ClientStep(subscribe), verdict::Answered{}), "ok");
  EXPECT_EQ(Said(scenario::ClientStep(scenario::Receive{"s"}), verdict::Read{}), "ok");
  verdict::Read seen;
  seen.deliveries = {{1, "one", "foo", false}};
  EXPECT_EQ(Said(scenario::ClientStep(scenario::Receive{"s"}), seen), "H-wrong-key-noticed");
}

TEST_F(IdealTest, BehindARequestOfItsOwnKindNothingIsKnown) {
  for (const bool raw : {false, true}) {
    Forget();
    EXPECT_EQ(Start(On("right")), "ok");
    EXPECT_EQ(Publish({"one", "two"}), "ok");
    const scenario::ClientStep step = raw ? scenario::ClientStep(scenario::Raw{"PING"})
                                          : scenario::ClientStep(scenario::Request{"x", "y"});
    EXPECT_EQ(Said(step, verdict::Reply{}), "ok");
    EXPECT_EQ(Receive({{1, "one"}, {2, "two"}, {3, "of the request"}}), "ok");
    EXPECT_EQ(Publish({"three"}), "ok");
    EXPECT_EQ(Receive({{1, "one"}, {2, "two"}, {7, "three"}}), "ok");
  }
}

TEST_F(IdealTest, WhichMessagesWereSwapped) {
  Store({"one", "two", "six", "ten"});
  Tamper(scenario::SwapData{"foo/msgs.1.dat", 1, 2});
  EXPECT_EQ(Receive({{3, "six"}, {4, "ten"}}, "something"), "ok") << "both are damaged";
  EXPECT_EQ(Receive({{3, "six"}}, "something"), "H-head-of-line");
  Stop();
  Tamper(scenario::CopyData{"foo/msgs.1.dat", 3, 4});
  EXPECT_EQ(Receive({{3, "six"}, {4, "six"}}, "1 and 2"), "H-replay");
  EXPECT_EQ(Receive({{4, "ten"}}, "something"), "H-head-of-line") << "what is copied stays";
  EXPECT_EQ(Receive({{3, "six"}}, "something"), "ok");
}

TEST_F(IdealTest, OnlyOneRecordIsForged) {
  Store();
  Tamper(scenario::FillData{"foo/msgs.1.dat", 2, "zz"});
  EXPECT_EQ(Receive({{1, "one"}, {3, "six"}}), "H-forge");
  EXPECT_EQ(Receive({{1, "one"}, {2, "zzz"}, {3, "six"}}), "H-forge");
  EXPECT_EQ(Receive({{1, "one"}, {2, "zyz"}, {3, "six"}}), "H-forge") << "what else could it be";
}

TEST_F(IdealTest, ASliceOfItsOwnIsNotCounted) {
  scenario::Settings sliced = On("right");
  sliced.slice_max_messages = 1;
  EXPECT_EQ(Start(sliced), "ok");
  EXPECT_EQ(Publish({"one", "two", "six"}), "ok");
  Stop();
  Tamper(scenario::FillData{"foo/msgs.1.dat", 1, "zz"});
  EXPECT_EQ(Receive({}, "something"), "ok") << "any may have been hit";
  Forget();
  Store();
  EXPECT_EQ(Start(sliced), "ok");
  Stop();
  Tamper(scenario::FillData{"foo/msgs.1.dat", 1, "zz"});
  EXPECT_EQ(Receive({}, "something"), "ok");
  Forget();
  sliced = On("right");
  sliced.slice_max_bytes = 1;
  EXPECT_EQ(Start(sliced), "ok");
  EXPECT_EQ(Publish({"one", "two", "six"}), "ok");
  Stop();
  Tamper(scenario::FillData{"foo/msgs.1.dat", 1, "zz"});
  EXPECT_EQ(Receive({}, "something"), "ok");
  Forget();
  Store();
  Tamper(scenario::FillData{"foo/msgs.1.dat", 1, "zz"});
  EXPECT_EQ(Receive({}, "something"), "H-head-of-line") << "the first only";
}

TEST_F(IdealTest, ChannelsThatMayHaveBeenRemovedWhileIdle) {
  scenario::Settings idle = On("right");
  idle.max_inactivity_ms = 5;
  Store();
  EXPECT_EQ(Start(idle), "ok");
  EXPECT_EQ(Publish({"new"}), "ok");
  EXPECT_EQ(Receive({{1, "new"}}), "ok");
  EXPECT_EQ(Receive({}), "ok");
}

TEST_F(IdealTest, DamageOfTheServersOwnFilesMayHitEveryChannel) {
  Store();
  EXPECT_EQ(Said({scenario::Publish{"bar", {"b"}}}, verdict::Published{1, ""}), "ok");
  Tamper(scenario::FlipByte{"server.dat"});
  EXPECT_EQ(Receive({}), "H-loss-reported H-loss-reported H-loss-reported");
  EXPECT_EQ(Receive({}, "", {"bar"}), "H-loss-reported");
  EXPECT_EQ(Receive({{3, "six"}}, "lost some"), "ok");
  EXPECT_EQ(Receive({}, "", {"bar"}), "ok") << "was told";
}

TEST_F(IdealTest, WhatIsLeftOfADamagedStoreMayHaveAnyKey) {
  Store();
  EXPECT_EQ(Said({scenario::Tamper{{scenario::RemoveFile{"foo"}}}}, verdict::Done{}), "ok");
  EXPECT_EQ(Start(On("wrong")), "ok");
  EXPECT_EQ(Publish({"new"}), "ok");
}

TEST_F(IdealTest, WhatIsUnderAnUnknownKeyIsNotOwed) {
  scenario::Settings unknown;
  unknown.key_option = "right";
  EXPECT_EQ(Start(unknown), "ok");
  EXPECT_EQ(Publish({"one"}), "ok");
  Stop();
  EXPECT_EQ(Start(On("right")), "ok");
  EXPECT_EQ(Publish({"two"}), "ok");
  EXPECT_EQ(Receive({}), "ok");
  Stop();
  EXPECT_EQ(Start(On("wrong")), "ok");
  EXPECT_EQ(Publish({"three"}), "ok");
}

TEST_F(IdealTest, AnEmptyPayloadIsNotExplicitlyEmptyByItself) {
  EXPECT_EQ(Start(On("right")), "ok");
  EXPECT_EQ(Said({scenario::Publish{"foo", {"", "x"}, "", true}}, verdict::Published{2, ""}), "ok");
  EXPECT_EQ(Receive({{1, ""}}, "2 is bad"), "ok");
  EXPECT_EQ(Publish({""}), "ok");
  EXPECT_EQ(Receive({{1, ""}, {2, "x"}}, "3 is bad"), "ok");
}

TEST_F(IdealTest, RedeliveriesMayComeInAnyOrder) {
  EXPECT_EQ(Start(On("right")), "ok");
  EXPECT_EQ(Publish({"one", "two"}), "ok");
  verdict::Read seen;
  seen.deliveries = {{1, "one", "foo", false}, {2, "two", "foo", false}, {1, "one", "foo", true}};
  EXPECT_EQ(Said({Read{"foo"}}, seen), "ok");
  seen.deliveries[2].redelivered = false;
  EXPECT_EQ(Said({Read{"foo"}}, seen), "H-faithful");
  seen.deliveries = {{1, "one", "foo", false}, {1, "one", "foo", false}, {2, "two", "foo", false}};
  EXPECT_EQ(Said({Read{"foo"}}, seen), "H-faithful") << "twice";
}

TEST_F(IdealTest, OrderBehindDamageIsBlamedOnTheDamage) {
  Store();
  Tamper(scenario::Truncate{"foo/msgs.1.idx", {}, 32});
  EXPECT_EQ(Receive({{2, "two"}, {1, "one"}, {3, "six"}}), "H-truncate-tail");
  Stop();
  Tamper(scenario::ChangeRecord{"foo/msgs.1.dat", 3, false, 1, uint8_t{9}, {}, true});
  EXPECT_EQ(Receive({{2, "two"}, {1, "one"}, {3, "six"}}), "H-sequence");
}

TEST_F(IdealTest, AReadThatIsCutOwesNothingBehindItsEnd) {
  EXPECT_EQ(Start(On("right")), "ok");
  EXPECT_EQ(Publish({"one", "two", "three"}), "ok");
  EXPECT_EQ(Receive({{1, "one"}, {2, "two"}}, "", {"foo", Read::From::kFirst, 0, 2}), "ok");
  EXPECT_EQ(Receive({{1, "one"}, {3, "three"}}, "", {"foo", Read::From::kFirst, 0, 2}),
            "H-loss-reported");
  EXPECT_EQ(Receive({{3, "three"}}, "", {"foo", Read::From::kSequence, 2}), "H-loss-reported");
  EXPECT_EQ(Receive({{2, "two"}, {3, "three"}}, "", {"foo", Read::From::kSequence, 2}), "ok");
  EXPECT_EQ(Receive({}, "", {"foo", Read::From::kLast}), "H-loss-reported");
}

TEST_F(IdealTest, TextThatOnlyLooksSealed) {
  for (const char* text : {"\x01t", "\x02t", "\x03t", "t"}) {
    Forget();
    EXPECT_EQ(Start(Off()), "ok");
    EXPECT_EQ(Publish({"one", text}), "ok");
    Stop();
    EXPECT_EQ(Start(On("right")), "ok");
    EXPECT_EQ(Receive({{1, "one"}}, "2 is bad"), text[0] <= 2 ? "H-looks-sealed" : "ok");
    Stop();
    EXPECT_EQ(Start(Off()), "ok");
    EXPECT_EQ(Receive({{1, "one"}}, "2 is bad"), "ok") << "with encryption off nothing is opened";
  }
}

TEST_F(IdealTest, WithoutEncryptionWhatIsDeliveredIsStillWhatWasPublished) {
  EXPECT_EQ(Start(Off()), "ok");
  EXPECT_EQ(Publish({"one", "two"}), "ok");
  EXPECT_EQ(Receive({{1, "one"}, {2, "owt"}}), "H-faithful");
  EXPECT_EQ(Receive({{1, "one and more"}, {2, "two"}}), "H-faithful") << "nothing was sealed";
  EXPECT_EQ(Receive({{1, "\x01ne"}, {2, "two"}}), "H-faithful");
  EXPECT_EQ(Receive({{1, "one"}, {2, "two"}, {9, "new"}}), "H-faithful");
  EXPECT_EQ(Receive({{1, "one"}, {2, "two"}, {9, kSealed}}), "H-off-noticed");
}

TEST_F(IdealTest, WhatIsNoCiphertextIsFalseByItself) {
  Store();
  EXPECT_EQ(Start(On("right")), "ok");
  EXPECT_EQ(Receive({{1, "one"}, {2, "two"}, {3, "six"}, {9, kSealed}}), "H-faithful");
  Stop();
  EXPECT_EQ(Start(Off()), "ok");
  EXPECT_EQ(Receive({{1, "xyz"}}, "the rest was withheld"), "H-faithful") << "it is too short";
}

TEST_F(IdealTest, AReadThatFailedShowsNothingMissing) {
  EXPECT_EQ(Start(On("right")), "ok");
  EXPECT_EQ(Publish({"one"}), "ok");
  verdict::Read seen;
  seen.error = "connection closed";
  EXPECT_EQ(Said({Read{"foo"}}, seen), "ok");
  seen.deliveries = {{1, "two", "foo", false}};
  EXPECT_EQ(Said({Read{"foo"}}, seen), "H-faithful") << "what came is judged";
}

TEST_F(IdealTest, BehindAnUnackedPublishOnlyAReadFromTheFirstShowsALoss) {
  EXPECT_EQ(Start(On("right")), "ok");
  EXPECT_EQ(Publish({"one", "two"}, 1), "ok");
  EXPECT_EQ(Publish({"three"}), "ok");
  EXPECT_EQ(Receive({}, "", {"foo", Read::From::kSequence, 1}), "ok");
  EXPECT_EQ(Receive({}, "", {"foo", Read::From::kLast}), "ok");
  EXPECT_EQ(Receive({}), "H-loss-reported");
}

TEST_F(IdealTest, WhatMayHaveAnySequenceHasItsOwnSubject) {
  EXPECT_EQ(Start(On("right")), "ok");
  EXPECT_EQ(Publish({"one", "two"}, 1), "ok");
  verdict::Read seen;
  seen.deliveries = {{1, "two", "fop", false}};
  EXPECT_EQ(Said({Read{"foo"}}, seen), "H-faithful H-loss-reported") << "and \"one\" is missing";
}

TEST_F(IdealTest, OfTwoDamagesTheOneThatHitTheMessageIsBlamed) {
  Store();
  EXPECT_EQ(Said({scenario::Tamper{
                     {scenario::ChangeRecord{"foo/msgs.1.dat", 1, true, 0, uint8_t{3}, {}, true}}}},
                 verdict::Done{}),
            "ok");
  Tamper(scenario::ChangeRecord{"foo/msgs.1.dat", 2, true, 15, {}, uint8_t{1}, true});
  EXPECT_EQ(Receive({{1, "one, but longer"}}, "2 is bad"), "H-code-byte H-head-of-line");
  EXPECT_EQ(Receive({{2, "two, but longer"}, {3, "six"}}, "1 is bad"), "H-ciphertext");
}

TEST_F(IdealTest, OnlyWhatWasFilledInIsForged) {
  Store();
  EXPECT_EQ(
      Said({scenario::Tamper{{scenario::FillData{"foo/msgs.1.dat", 2, "zy"}}}}, verdict::Done{}),
      "ok");
  Tamper(scenario::ChangeRecord{"foo/msgs.1.dat", 1, true, 15, {}, uint8_t{1}, true});
  for (const char* forged : {"z", "zy", "zyz", "zyzyzy"})
    EXPECT_EQ(Receive({{2, forged}, {3, "six"}}, "1 is bad"), "H-forge") << forged;
  for (const char* other : {"", "zz", "yz", "zyx"})
    EXPECT_EQ(Receive({{2, other}, {3, "six"}}, "1 is bad"), "H-ciphertext") << other;
}

TEST_F(IdealTest, ASwapAndAReplayHitTheirOwnRecordsOnly) {
  Store();
  Tamper(scenario::SwapData{"foo/msgs.1.dat", 1, 2});
  EXPECT_EQ(Receive({{3, "one"}}, "something"), "H-faithful");
  Forget();
  Store();
  Tamper(scenario::CopyData{"foo/msgs.1.dat", 1, 3});
  EXPECT_EQ(Receive({{1, "six"}, {2, "two"}}, "something"), "H-faithful") << "1 is as it was";
}

TEST_F(IdealTest, HeldUpIsSaidOnce) {
  Store();
  EXPECT_EQ(Start(Off(), "sealed data"), "ok");
  EXPECT_EQ(Publish({"a", "b", "c"}), "ok");
  EXPECT_EQ(Receive({}), "H-head-of-line");
  EXPECT_EQ(Receive({{4, "a"}, {5, "b"}}), "H-head-of-line");
  EXPECT_EQ(Receive({{4, "a"}, {5, "b"}, {6, "c"}}), "ok");
}

}  // namespace
}  // namespace atrest::oracle
