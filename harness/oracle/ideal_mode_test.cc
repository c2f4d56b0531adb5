// What the ideal takes settings for, and what it takes changes of files for: tables.
#include "harness/oracle/ideal_mode.h"

#include <gtest/gtest.h>

#include "harness/oracle/ideal_damage.h"

namespace atrest::oracle {
namespace {

using scenario::Settings;
using Encryption = IdealMode::Encryption;

IdealMode Mode(const Settings& settings) {
  return ModeOf(settings, {{"k", "the key"}, {"other", "another"}, {"empty", ""}});
}

Settings On() {
  Settings settings;
  settings.encrypt = true;
  settings.key_variable = "k";
  return settings;
}

TEST(IdealModeTest, TheVariableGoesBeforeTheOption) {
  Settings settings = On();
  settings.key_option = "other";
  EXPECT_EQ(Mode(settings).encryption, Encryption::kOn);
  EXPECT_EQ(Mode(settings).key, "the key");
  settings.key_variable = "empty";
  EXPECT_EQ(Mode(settings).key, "another");
  EXPECT_FALSE(Mode(settings).lacks_key);
  settings.key_variable = std::nullopt;
  EXPECT_EQ(Mode(settings).key, "another");
}

TEST(IdealModeTest, WithoutAKeyNothingIsKnown) {
  Settings settings = On();
  settings.key_variable = "empty";
  EXPECT_EQ(Mode(settings).encryption, Encryption::kUnknown);
  EXPECT_TRUE(Mode(settings).lacks_key);
  EXPECT_FALSE(Mode(settings).bad_cipher);
  settings = On();
  settings.cipher = "DES";
  EXPECT_EQ(Mode(settings).encryption, Encryption::kUnknown);
  EXPECT_TRUE(Mode(settings).bad_cipher);
  for (const char* name : {"", "aes", "AES-128", "ChaCha20"}) {
    settings.cipher = name;
    EXPECT_FALSE(Mode(settings).bad_cipher) << name;
    EXPECT_EQ(Mode(settings).encryption, Encryption::kOn) << name;
  }
}

TEST(IdealModeTest, WithoutTheSwitch) {
  EXPECT_EQ(Mode({}).encryption, Encryption::kOff);
  EXPECT_FALSE(Mode({}).lacks_key);
  Settings settings;
  settings.key_option = "k";
  EXPECT_EQ(Mode(settings).encryption, Encryption::kUnknown);
  EXPECT_FALSE(Mode(settings).unused_key);
  settings.key_option = "empty";
  EXPECT_EQ(Mode(settings).encryption, Encryption::kOff);
  EXPECT_TRUE(Mode(settings).lacks_key);
  settings.key_variable = "k";
  EXPECT_TRUE(Mode(settings).unused_key);
  EXPECT_FALSE(Mode(settings).lacks_key);
  settings.encrypt = false;
  EXPECT_FALSE(Mode(settings).unused_key);
}

TEST(IdealModeTest, WhatIsSaidElsewhereIsLeftOpen) {
  Settings settings = On();
  settings.arguments = {"-store", "file"};
  EXPECT_EQ(Mode(settings).encryption, Encryption::kOn);
  settings.arguments = {"-x", "--Encryption_Cipher=AES"};
  EXPECT_EQ(Mode(settings).encryption, Encryption::kUnknown);
  settings = On();
  settings.config = "streaming { store: file }";
  EXPECT_EQ(Mode(settings).encryption, Encryption::kOn);
  settings.config = "streaming { encrypt: true }";
  EXPECT_EQ(Mode(settings).encryption, Encryption::kUnknown);
}

TEST(IdealModeTest, Limits) {
  EXPECT_EQ(Mode({}).max_messages, 0u);
  EXPECT_FALSE(Mode({}).other_limits);
  Settings settings;
  settings.max_messages = 4;
  EXPECT_EQ(Mode(settings).max_messages, 4u);
  EXPECT_FALSE(Mode(settings).other_limits);
  const auto limits = [](auto set) {
    Settings limited;
    set(limited);
    return Mode(limited).other_limits;
  };
  EXPECT_TRUE(limits([](Settings& s) { s.max_bytes = 1; }));
  EXPECT_FALSE(limits([](Settings& s) { s.max_bytes = 0; }));
  EXPECT_TRUE(limits([](Settings& s) { s.max_age_ms = 1; }));
  EXPECT_FALSE(limits([](Settings& s) { s.max_age_ms = 0; }));
  EXPECT_TRUE(limits([](Settings& s) { s.max_inactivity_ms = 1; }));
  EXPECT_FALSE(limits([](Settings& s) { s.max_inactivity_ms = 0; }));
  EXPECT_TRUE(limits([](Settings& s) { s.config = "x"; }));
  EXPECT_TRUE(limits([](Settings& s) { s.arguments = {"x"}; }));
}

// "channel:requirement" of each, "*" where it is a record of the first slice.
std::string Damages(const scenario::TamperOperation& operation) {
  std::string all;
  for (const DamageTo& damage : DamageOf(operation)) {
    all += (all.empty() ? "" : " ") + damage.channel + ":" + RequirementOf(damage.damage.kind) +
           (damage.is_of_records ? "*" : "");
  }
  return all;
}

TEST(IdealDamageTest, OfFiles) {
  EXPECT_EQ(Damages(scenario::FlipByte{"foo/msgs.1.dat"}), "foo:H-loss-reported");
  EXPECT_EQ(Damages(scenario::Truncate{"foo/msgs.1.idx", {}, 1}), "foo:H-truncate-tail");
  EXPECT_EQ(Damages(scenario::Truncate{"foo/subs.dat", {}, 1}), "foo:H-loss-reported");
  EXPECT_EQ(Damages(scenario::Truncate{"server.dat", {}, 1}), ":H-loss-reported");
  EXPECT_EQ(Damages(scenario::Truncate{"clients.dat", {}, 1}), ":H-loss-reported");
  EXPECT_EQ(Damages(scenario::RemoveFile{"foo"}), "foo:H-channel-moved");
  EXPECT_EQ(Damages(scenario::RemoveFile{"foo/msgs.1.dat"}), "foo:H-rollback");
  EXPECT_EQ(Damages(scenario::RemoveFile{"foo/msgs.1.idx"}), "foo:H-loss-reported");
  EXPECT_EQ(Damages(scenario::RemoveFile{"foo/subs.dat"}), "foo:H-loss-reported");
  EXPECT_EQ(Damages(scenario::RemoveFile{"server.dat"}), ":H-loss-reported");
  EXPECT_EQ(Damages(scenario::RestoreCopy{".", "x"}), ".:H-rollback");
  EXPECT_EQ(Damages(scenario::RestoreCopy{"foo/msgs.1.dat", "x"}), "foo:H-rollback");
}

TEST(IdealDamageTest, OfNames) {
  EXPECT_EQ(Damages(scenario::RenameFile{"foo", "bar"}), "foo:H-channel-moved bar:H-channel-moved");
  EXPECT_EQ(Damages(scenario::RenameFile{"foo/msgs.1.dat", "bar/msgs.1.dat"}),
            "foo:H-channel-moved bar:H-channel-moved");
  EXPECT_EQ(Damages(scenario::RenameFile{"foo/msgs.1.dat", "foo/x"}),
            "foo:H-truncate-middle foo:H-truncate-middle");
  EXPECT_EQ(Damages(scenario::RenameFile{"server.dat", "clients.dat"}),
            ":H-truncate-middle :H-truncate-middle");
}

TEST(IdealDamageTest, OfRecords) {
  EXPECT_EQ(Damages(scenario::SwapData{"foo/msgs.1.dat", 1, 2}), "foo:H-swap*");
  EXPECT_EQ(Damages(scenario::SwapData{"foo/msgs.2.dat", 1, 2}), "foo:H-swap");
  EXPECT_EQ(Damages(scenario::CopyData{"foo/msgs.1.dat", 1, 2}), "foo:H-replay*");
  const std::vector<DamageTo> filled = DamageOf(scenario::FillData{"foo/msgs.1.dat", 3, "zz"});
  ASSERT_EQ(filled.size(), 1u);
  EXPECT_EQ(filled[0].damage.a, 3u);
  EXPECT_EQ(filled[0].damage.b, 0u);
  EXPECT_EQ(filled[0].damage.bytes, "zz");
  scenario::ChangeRecord change{"foo/msgs.1.dat", 2, true, 0, uint8_t{3}, {}, true};
  EXPECT_EQ(Damages(change), "foo:H-code-byte*");
  change.offset = 1;
  EXPECT_EQ(Damages(change), "foo:H-ciphertext*");
  change.from_data = false;
  EXPECT_EQ(Damages(change), "foo:H-sequence*");
}

}  // namespace
}  // namespace atrest::oracle
