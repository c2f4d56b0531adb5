// What the model holds a target to that an interrupt has hit: all that was acked, and nothing else
// but what may have been on its way.
#include <gtest/gtest.h>

#include "harness/oracle/model.h"

namespace atrest::oracle {
namespace {

using scenario::Read;
using Deliveries = std::vector<std::pair<uint64_t, std::string>>;

class ModelDoubtTest : public testing::Test {
 protected:
  void SetUp() override {
    Start();
    EXPECT_EQ(Publish({"one", "two"}, 2), "ok");
  }
  std::string Start(bool ok = true) {
    scenario::Settings settings;
    settings.encrypt = true;
    settings.key_variable = "k";
    settings.max_messages = max_messages_;
    return First(model_.Observe(scenario::Start{settings}, {verdict::Started{ok, ""}, {}}));
  }
  void Interrupt(scenario::Interrupt::How how = scenario::Interrupt::How::kKill) {
    EXPECT_TRUE(model_.Observe(scenario::Interrupt{.how = how}, {verdict::Done{}, {}}).empty());
  }
  void KillAndStart() {
    EXPECT_TRUE(model_.Observe(scenario::Kill{}, {verdict::Done{}, {}}).empty());
    EXPECT_EQ(Start(), "ok");
  }
  std::string Publish(const std::vector<std::string>& payloads, uint64_t acked) {
    return First(model_.Observe(scenario::Publish{"foo", payloads},
                                {verdict::Published{acked, "not acked"}, {}}));
  }
  bool Accepts(const Deliveries& deliveries, const Read& read = {"foo"},
               const std::string& error = "") {
    verdict::Read seen;
    for (const auto& [sequence, payload] : deliveries)
      seen.deliveries.push_back({sequence, payload, "foo", false});
    seen.error = error;
    return model_.Observe(read, {seen, {}}).empty();
  }
  // The first finding about a read, as "requirement level", "ok" for none.
  std::string Blamed(const Deliveries& deliveries, const Read& read = {"foo"}) {
    verdict::Read seen;
    for (const auto& [sequence, payload] : deliveries)
      seen.deliveries.push_back({sequence, payload, read.channel, false});
    const auto found = model_.Observe(read, {seen, {}});
    if (found.empty()) return "ok";
    return found[0].requirement + (found[0].level == verdict::Level::kMust ? " must" : " should");
  }
  static std::string First(const std::vector<Finding>& findings) {
    return findings.empty() ? "ok" : findings[0].message;
  }

  std::optional<uint64_t> max_messages_;
  Model model_{{{"k", "the key"}, {"other", "another key"}}};
};

TEST_F(ModelDoubtTest, WhatWasOnItsWayMayBeThere) {
  Interrupt();
  EXPECT_EQ(Publish({"three", "four", "five"}, 1), "ok");
  EXPECT_TRUE(Accepts({{1, "one"}}, {"foo"}, "killed")) << "it may have been killed in between";
  KillAndStart();
  EXPECT_TRUE(Accepts({{1, "one"}, {2, "two"}, {3, "three"}}));
  EXPECT_TRUE(Accepts({{1, "one"}, {2, "two"}, {3, "three"}, {4, "four"}}));
  EXPECT_FALSE(Accepts({{1, "one"}, {2, "two"}})) << "the third was acked";
  EXPECT_FALSE(Accepts({{1, "one"}, {2, "two"}, {3, "three"}, {4, "five"}})) << "it was not sent";
  EXPECT_FALSE(Accepts({{1, "one"}, {2, "two"}, {3, "three"}, {4, "four"}, {5, "four"}}));
  EXPECT_FALSE(Accepts({{1, "one"}, {2, "two"}, {3, "three"}, {4, "fuor"}}));
}

TEST_F(ModelDoubtTest, WhatComesBehindItKeepsItsOrder) {
  Interrupt();
  EXPECT_EQ(Publish({"three"}, 0), "ok");
  KillAndStart();
  EXPECT_EQ(Publish({"four", "five"}, 2), "ok");
  EXPECT_TRUE(Accepts({{1, "one"}, {2, "two"}, {3, "three"}, {4, "four"}, {5, "five"}}));
  EXPECT_TRUE(Accepts({{1, "one"}, {2, "two"}, {3, "four"}, {4, "five"}}));
  EXPECT_FALSE(Accepts({{1, "one"}, {2, "two"}, {3, "three"}, {4, "five"}}));
  EXPECT_FALSE(Accepts({{1, "one"}, {2, "two"}, {3, "five"}, {4, "four"}}));
  EXPECT_FALSE(Accepts({{1, "one"}, {2, "two"}, {3, "four"}, {4, "three"}, {5, "five"}}));
  EXPECT_TRUE(Accepts({{3, "three"}, {4, "four"}}, {"foo", Read::From::kSequence, 3, 2}));
  EXPECT_FALSE(Accepts({{3, "three"}, {4, "five"}}, {"foo", Read::From::kSequence, 3, 2}));
  EXPECT_TRUE(Accepts({{4, "five"}}, {"foo", Read::From::kSequence, 4}));
  EXPECT_FALSE(Accepts({{4, "four"}}, {"foo", Read::From::kSequence, 4}));
  EXPECT_TRUE(Accepts({{4, "five"}}, {"foo", Read::From::kLast}));
  EXPECT_FALSE(Accepts({{4, "four"}}, {"foo", Read::From::kLast}));
}

TEST_F(ModelDoubtTest, TheSamePayloadTwiceIsNotConfused) {
  Interrupt();
  EXPECT_EQ(Publish({"same"}, 0), "ok");
  KillAndStart();
  EXPECT_EQ(Publish({"same", "last"}, 2), "ok");
  EXPECT_TRUE(Accepts({{1, "one"}, {2, "two"}, {3, "same"}, {4, "last"}}));
  EXPECT_TRUE(Accepts({{1, "one"}, {2, "two"}, {3, "same"}, {4, "same"}, {5, "last"}}));
  EXPECT_FALSE(Accepts({{1, "one"}, {2, "two"}, {3, "last"}}));
}

TEST_F(ModelDoubtTest, AFullDiskMayRefuseAndOnlyThat) {
  Interrupt(scenario::Interrupt::How::kFull);
  EXPECT_EQ(Publish({"three"}, 0), "ok");
  EXPECT_EQ(Publish({"four"}, 0), "ok");
  EXPECT_TRUE(Accepts({}, {"foo"}, "no space"));
  KillAndStart();
  EXPECT_FALSE(Accepts({}, {"foo"}, "no space"));
  EXPECT_TRUE(Accepts({{1, "one"}, {2, "two"}, {3, "four"}}));
  EXPECT_NE(Publish({"five"}, 0), "ok") << "the run with the full disk is over";
}

TEST_F(ModelDoubtTest, AStartMayBeRefusedOnlyWhileAnInterruptIsArmed) {
  EXPECT_TRUE(model_.Observe(scenario::Stop{}, {verdict::Done{}, {}}).empty());
  Interrupt(scenario::Interrupt::How::kFull);
  EXPECT_EQ(Start(false), "ok");
  EXPECT_NE(Start(false), "ok");
}

TEST_F(ModelDoubtTest, LimitsMayRemoveWhatIsInDoubt) {
  max_messages_ = 2;
  KillAndStart();
  Interrupt();
  EXPECT_EQ(Publish({"three"}, 0), "ok");
  KillAndStart();
  EXPECT_TRUE(Accepts({{1, "one"}, {2, "two"}}));
  EXPECT_TRUE(Accepts({{2, "two"}, {3, "three"}}));
  EXPECT_EQ(Publish({"four", "five"}, 2), "ok");
  EXPECT_TRUE(Accepts({{4, "four"}, {5, "five"}}));
  EXPECT_FALSE(Accepts({{4, "five"}, {5, "four"}}));
}

TEST_F(ModelDoubtTest, AChannelThatBeginsInDoubt) {
  Interrupt();
  EXPECT_EQ(First(model_.Observe(scenario::Publish{"bar", {"a", "b", "c"}},
                                 {verdict::Published{2, "not acked"}, {}})),
            "ok");
  KillAndStart();
  EXPECT_EQ(Blamed({{1, "a"}, {2, "b"}}, {"bar"}), "ok");
  EXPECT_EQ(Blamed({{1, "a"}, {2, "b"}, {3, "c"}}, {"bar"}), "ok");
  EXPECT_EQ(Blamed({{1, "a"}, {2, "b"}}, {"bar", Read::From::kSequence, 1}), "ok");
  EXPECT_EQ(Blamed({{2, "b"}}, {"bar", Read::From::kSequence, 2}), "ok");
  EXPECT_NE(Blamed({{1, "b"}}, {"bar", Read::From::kSequence, 1}), "ok") << "the first is missing";
  EXPECT_NE(Blamed({{1, "b"}}, {"bar"}), "ok");
  EXPECT_NE(Blamed({{1, "x"}, {2, "b"}}, {"bar"}), "ok");
}

TEST_F(ModelDoubtTest, WhatWasAckedIsAMustUnlessSomethingCameBack) {
  Interrupt();
  EXPECT_EQ(Publish({"three"}, 0), "ok");
  KillAndStart();
  EXPECT_EQ(Publish({"four", "five"}, 2), "ok");
  EXPECT_EQ(Blamed({{1, "one"}, {2, "two"}, {3, "four"}}), " must");
  EXPECT_EQ(Blamed({{1, "one"}, {2, "two"}, {3, "three"}, {4, "five"}}), "H-acked-kept should");
  EXPECT_EQ(Blamed({{4, "four"}}, {"foo", Read::From::kSequence, 4}), "H-acked-kept should")
      << "a part of the channel does not show whether one came back";
}

TEST_F(ModelDoubtTest, AReadThatBrokeOffShowsTheBeginning) {
  Interrupt();
  EXPECT_EQ(Publish({"three", "four"}, 1), "ok");
  EXPECT_TRUE(Accepts({{1, "one"}, {2, "two"}}, {"foo"}, "killed"));
  EXPECT_FALSE(Accepts({{1, "one"}, {2, "two"}, {3, "four"}}, {"foo"}, "killed"));
}

TEST_F(ModelDoubtTest, BehindWhatCannotBeOpenedNothingNeedCome) {
  EXPECT_TRUE(model_.Observe(scenario::Stop{}, {verdict::Done{}, {}}).empty());
  scenario::Settings other;
  other.encrypt = true;
  other.key_variable = "other";
  const auto start = [&] {
    EXPECT_TRUE(model_.Observe(scenario::Start{other}, {verdict::Started{true, ""}, {}}).empty());
  };
  start();
  Interrupt();
  EXPECT_EQ(Publish({"three"}, 1), "ok");
  EXPECT_TRUE(model_.Observe(scenario::Kill{}, {verdict::Done{}, {}}).empty());
  start();
  EXPECT_TRUE(Accepts({})) << "the first is under another key, and the server stops there";
  EXPECT_TRUE(Accepts({{3, "three"}}, {"foo", Read::From::kSequence, 3}));
  EXPECT_FALSE(Accepts({{3, "four"}}, {"foo", Read::From::kSequence, 3}));
}

TEST_F(ModelDoubtTest, OnlyEmptyPayloadsCanBeExplicitlyEmpty) {
  scenario::Publish publish{"foo", {}};
  for (const bool is_explicit : {true, false}) {
    publish.explicit_empty = is_explicit;
    publish.payloads = {is_explicit ? "x" : ""};
    Interrupt();
    EXPECT_TRUE(model_.Observe(publish, {verdict::Published{1, ""}, {}}).empty());
    KillAndStart();
    EXPECT_FALSE(Accepts({{1, "one"}, {2, "two"}})) << is_explicit;
  }
}

TEST_F(ModelDoubtTest, WhetherAnExplicitlyEmptyOneComesIsOpenBehindAnInterruptToo) {
  scenario::Publish publish{"foo", {""}};
  publish.explicit_empty = true;
  Interrupt();
  EXPECT_TRUE(model_.Observe(publish, {verdict::Published{1, ""}, {}}).empty());
  KillAndStart();
  EXPECT_TRUE(Accepts({{1, "one"}, {2, "two"}}));
  EXPECT_TRUE(Accepts({{1, "one"}, {2, "two"}, {3, ""}}));
}

TEST_F(ModelDoubtTest, RedeliveriesAreNotCountedTwice) {
  Interrupt();
  EXPECT_EQ(Publish({"three"}, 1), "ok");
  KillAndStart();
  verdict::Read seen;
  seen.deliveries = {{1, "one", "foo", false},
                     {2, "two", "foo", false},
                     {3, "three", "foo", false},
                     {3, "three", "foo", true}};
  EXPECT_TRUE(model_.Observe(Read{"foo"}, {seen, {}}).empty());
}

TEST_F(ModelDoubtTest, ASubscriptionToWhatIsNewSaysNothingOfIt) {
  Interrupt();
  EXPECT_EQ(Publish({"three"}, 1), "ok");
  KillAndStart();
  EXPECT_TRUE(Accepts({}, {"foo", Read::From::kNew}));
}

TEST_F(ModelDoubtTest, WhatMayBeThereIsACanary) {
  Interrupt();
  EXPECT_EQ(Publish({"a long secret"}, 0), "ok");
  EXPECT_EQ(model_.Canaries(), std::vector<std::string>{"a long secret"});
}

TEST_F(ModelDoubtTest, ARefusedStartBehindAnInterruptIsForHardening) {
  Interrupt();
  EXPECT_TRUE(model_.Observe(scenario::Kill{}, {verdict::Done{}, {}}).empty());
  scenario::Settings settings;
  settings.encrypt = true;
  settings.key_variable = "k";
  const auto found =
      model_.Observe(scenario::Start{settings}, {verdict::Started{false, "EOF"}, {}});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].requirement, "H-starts-again");
  EXPECT_EQ(found[0].level, verdict::Level::kShould);
}

TEST_F(ModelDoubtTest, ASequenceGivenTwiceBehindAnInterruptIsForHardening) {
  Interrupt();
  EXPECT_EQ(Publish({"three"}, 0), "ok");
  KillAndStart();
  EXPECT_EQ(Publish({"four"}, 1), "ok");
  verdict::Read seen;
  for (const auto& [sequence, payload] :
       Deliveries{{1, "one"}, {2, "two"}, {3, "three"}, {3, "four"}})
    seen.deliveries.push_back({sequence, payload, "foo", false});
  const auto found = model_.Observe(Read{"foo"}, {seen, {}});
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found[0].requirement, "H-sequence-once");
}

TEST(ModelExplicitEmptyTest, WhetherAnExplicitlyEmptyFieldIsDeliveredIsOpen) {
  Model model(std::map<std::string, std::string>{{"k", "the key"}});
  scenario::Settings settings;
  settings.encrypt = true;
  settings.key_variable = "k";
  EXPECT_TRUE(model.Observe(scenario::Start{settings}, {verdict::Started{true, ""}, {}}).empty());
  scenario::Publish publish{"foo", {""}};
  publish.explicit_empty = true;
  EXPECT_TRUE(model.Observe(publish, {verdict::Published{1, ""}, {}}).empty());
  EXPECT_TRUE(model.Observe(Read{"foo"}, {verdict::Read{}, {}}).empty());
  publish.explicit_empty = false;
  EXPECT_TRUE(model.Observe(publish, {verdict::Published{1, ""}, {}}).empty());
}

}  // namespace
}  // namespace atrest::oracle
