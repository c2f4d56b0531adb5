#include "harness/disktruth/disk_truth.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/disktruth/doctored_store.h"

namespace atrest::disktruth {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class DiskTruthTest : public testing::Test, protected DoctoredStore {
 protected:
  DiskTruthTest() { Start(Encrypted()); }

  // Publishes PAYLOAD, and stores what CHANGE makes of the record.
  template <typename Change>
  void StoreChanged(const std::string& payload, Change change) {
    truth.Publish("foo", payload, true);
    RecordParts parts = Next("foo", payload);
    change(parts);
    Write("foo", parts);
  }

  static Bytes SealedAs(Derivation how, const std::string& key, const std::string& channel,
                        const std::string& payload, uint64_t counter) {
    return Sealed(1, Derive(how, key, channel), Nonce(0xA1, counter), AsBytes(payload));
  }
};

TEST_F(DiskTruthTest, ARightStoreHasNoFindings) {
  Store("foo", MakeCanary(1));
  Store("foo", "");
  Store("foo", MakeCanary(2, 300));
  Store("bar", "short");
  EXPECT_THAT(LookFully(), IsEmpty());
  Start(Encrypted("CHACHA"));
  Store("foo", MakeCanary(1));
  EXPECT_THAT(LookFully(), IsEmpty());
  Start(Mode{});
  Store("foo", "in clear, as it should be");
  Start(Encrypted("AES", kOther));
  Store("foo", MakeCanary(4));
  truth.Deliver("foo", 1, MakeCanary(1));
  EXPECT_THAT(LookFully(), IsEmpty());
}

TEST_F(DiskTruthTest, FindingsAreSaidOnce) {
  StoreChanged("payload", [](RecordParts& parts) { parts.data = ToBytes("payload"); });
  const Findings first = LookFully();
  ASSERT_EQ(first.size(), 1U);
  EXPECT_EQ(first[0].step, "look");
  EXPECT_EQ(first[0].file, "foo/msgs.1.dat");
  EXPECT_EQ(Describe(first[0]),
            "records (D-01) foo/msgs.1.dat at 21: expected data sealed under key K of channel foo, "
            "seen sequence 1: 7 bytes that are not sealed");
  EXPECT_THAT(LookFully(), IsEmpty());
  Store("foo", "more");
  EXPECT_THAT(LookFully(), IsEmpty());
}

TEST_F(DiskTruthTest, AnUnchangedStoreIsNotReadAgain) {
  Store("foo", "payload");
  Store("bar", "payload");
  EXPECT_THAT(LookFully(), IsEmpty());
  const size_t reads = tree.reads();
  EXPECT_THAT(LookFully(), IsEmpty());
  EXPECT_EQ(tree.reads(), reads);
  Store("foo", "second");
  EXPECT_THAT(LookFully(), IsEmpty());
  EXPECT_EQ(tree.reads(), reads + 2);  // data and index of one channel
}

// records

TEST_F(DiskTruthTest, RecordOfAnotherChannelsKey) {
  Store("bar", "");
  StoreChanged("payload", [](RecordParts& parts) {
    parts.data = SealedAs(Derivation::kChannel, kKey, "bar", "payload", 1);
  });
  const Findings found = LookFully();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].requirement, "K-channel-key");
  EXPECT_THAT(found[0].seen, HasSubstr("key K by the channel's derivation of channel bar"));
}

TEST_F(DiskTruthTest, RecordOfAPlainHash) {
  StoreChanged("payload", [](RecordParts& parts) {
    parts.data = SealedAs(Derivation::kPlain, kKey, "foo", "payload", 1);
  });
  EXPECT_THAT(Look(), ElementsAre("records K-channel-key"));
}

TEST_F(DiskTruthTest, RecordOfADerivationWithoutZeros) {
  StoreChanged("payload", [](RecordParts& parts) {
    parts.data = SealedAs(Derivation::kUnprefixed, kKey, "foo", "payload", 1);
  });
  const Findings found = LookFully();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].requirement, "K-derivation");
  EXPECT_THAT(found[0].seen, HasSubstr("key K by the derivation without its zero bytes"));
}

TEST_F(DiskTruthTest, RecordOfAnotherKeyOfTheRun) {
  StoreChanged("payload", [](RecordParts& parts) {
    parts.data = SealedAs(Derivation::kChannel, kOther, "foo", "payload", 1);
  });
  EXPECT_THAT(Look(), ElementsAre("records K-mixed-keys"));
}

TEST_F(DiskTruthTest, RecordOfTheEmptyKey) {
  StoreChanged("payload", [](RecordParts& parts) {
    parts.data = SealedAs(Derivation::kChannel, "", "foo", "payload", 1);
  });
  const Findings found = LookFully();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_THAT(found[0].seen, HasSubstr("the empty key"));
}

TEST_F(DiskTruthTest, RecordThatNothingOpens) {
  StoreChanged("payload", [](RecordParts& parts) { parts.data->back() ^= 1; });
  EXPECT_THAT(Look(), ElementsAre("records K-channel-key"));
}

TEST_F(DiskTruthTest, RecordSealedWhileEncryptionIsOff) {
  Start(Mode{});
  StoreChanged("payload", [](RecordParts& parts) {
    parts.data = SealedAs(Derivation::kChannel, kKey, "foo", "payload", 1);
  });
  EXPECT_THAT(Look(), ElementsAre("records D-01"));
}

TEST_F(DiskTruthTest, PlainPayloadsThatLookSealedAreRight) {
  Start(Mode{});
  Store("foo", "\x01" + std::string(40, 'x'));
  Store("foo", "\x02" + MakeCanary(7, 60));
  EXPECT_THAT(LookFully(), IsEmpty());
}

TEST_F(DiskTruthTest, EveryKeyIsTriedWhereAsked) {
  DiskTruth thorough({.keys = {{"K", kKey}, {"L", kOther}}, .every_key_each = 1});
  thorough.Start(Encrypted());
  thorough.Publish("foo", "payload", true);
  Write("foo", Next("foo", "payload"));
  EXPECT_THAT(thorough.Look(tree, "", Target::kStopped).value(), IsEmpty());
}

// cipher

TEST_F(DiskTruthTest, CodeOfTheOtherCipher) {
  StoreChanged("payload", [](RecordParts& parts) { parts.data->front() = 2; });
  EXPECT_THAT(Look(), ElementsAre("cipher D-13"));
}

TEST_F(DiskTruthTest, CodeOfNoCipher) {
  StoreChanged("payload", [](RecordParts& parts) { parts.data->front() = 0x81; });
  EXPECT_THAT(Look(), ElementsAre("cipher D-13"));
}

TEST_F(DiskTruthTest, SealedWithTheCipherThatIsNotSelected) {
  StoreChanged("payload", [](RecordParts& parts) {
    parts.data =
        Sealed(2, Derive(Derivation::kChannel, kKey, "foo"), Nonce(0xA1, 1), AsBytes("payload"));
  });
  EXPECT_THAT(Look(), ElementsAre("cipher D-08"));
}

TEST_F(DiskTruthTest, CipherOfAnEarlierStart) {
  Store("foo", "first");
  EXPECT_THAT(LookFully(), IsEmpty());
  Start(Encrypted("CHACHA"));
  StoreChanged("payload", [this](RecordParts& parts) {
    parts.data = Sealed(1, Derive(Derivation::kChannel, kKey, "foo"), Nonce(prefix(), 2),
                        AsBytes("payload"));
  });
  EXPECT_THAT(Look(), ElementsAre("cipher D-08"));
}

TEST_F(DiskTruthTest, EmptyPayloadThatIsSealed) {
  StoreChanged("", [](RecordParts& parts) {
    parts.data = SealedAs(Derivation::kChannel, kKey, "foo", "", 1);
  });
  EXPECT_THAT(Look(), ElementsAre("cipher K-empty-not-sealed"));
}

TEST_F(DiskTruthTest, EmptyPayloadWithADataField) {
  StoreChanged("", [](RecordParts& parts) { parts.data = Bytes(); });
  EXPECT_THAT(Look(), ElementsAre("cipher K-empty-not-sealed", "clear K-record-form"));
}

TEST_F(DiskTruthTest, MoreThanTheOverhead) {
  StoreChanged("payload", [](RecordParts& parts) { parts.data->resize(7 + 29 + 16); });
  EXPECT_THAT(Look(), ElementsAre("records K-channel-key", "cipher K-overhead"));
}

// nonces

TEST_F(DiskTruthTest, NonceUsedTwiceInOneLook) {
  Store("foo", "first");
  --counter("foo");
  Store("foo", "second");
  EXPECT_THAT(Look(), ElementsAre("nonces H-nonce-reuse", "nonces K-nonce-counter"));
}

TEST_F(DiskTruthTest, NonceOfARecordThatHasGone) {
  Mode limited = Encrypted();
  limited.limits = true;
  Start(limited);
  Store("foo", "first");
  const Bytes nonce(tree.At("foo/msgs.1.dat").begin() + 22, tree.At("foo/msgs.1.dat").begin() + 34);
  EXPECT_THAT(LookFully(), IsEmpty());
  tree.Remove("foo/msgs.1.dat");
  tree.Remove("foo/msgs.1.idx");
  EXPECT_THAT(LookFully(), IsEmpty());
  RecordParts again = Next("foo", "second");
  again.data = Sealed(1, Derive(Derivation::kChannel, kKey, "foo"), nonce, AsBytes("second"));
  truth.Publish("foo", "second", true);
  Write("foo", again);
  const Findings found = LookFully();
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found[0].requirement, "H-nonce-reuse");
  EXPECT_THAT(found[0].seen, HasSubstr("used before in foo/msgs.1.dat, sequence 1"));
}

TEST_F(DiskTruthTest, LimitsOfALaterStartMayRemoveWhatWasStoredBefore) {
  Start(Encrypted());
  Store("foo", "first");
  EXPECT_THAT(LookFully(), IsEmpty());
  Mode limited = Encrypted();
  limited.limits = true;
  Start(limited);
  tree.Remove("foo/msgs.1.dat");
  tree.Remove("foo/msgs.1.idx");
  EXPECT_THAT(LookFully(), IsEmpty());
}

TEST_F(DiskTruthTest, EqualPayloadSealedEquallyIsReuseToo) {
  Store("foo", "same");
  --counter("foo");
  Store("foo", "same");
  EXPECT_THAT(Look(), ElementsAre("nonces H-nonce-reuse", "nonces K-nonce-counter"));
}

TEST_F(DiskTruthTest, PrefixOfAnEarlierStart) {
  Store("foo", "first");
  EXPECT_THAT(LookFully(), IsEmpty());
  Start(Encrypted());
  StoreChanged("second", [](RecordParts& parts) {
    parts.data = SealedAs(Derivation::kChannel, kKey, "foo", "second", 2);
  });
  EXPECT_THAT(Look(), ElementsAre("nonces K-nonce-counter"));
}

TEST_F(DiskTruthTest, CounterThatSkips) {
  Store("foo", "first");
  ++counter("foo");
  Store("foo", "second");
  const Findings found = LookFully();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].expected, "a nonce with the counter 2");
  EXPECT_EQ(found[0].seen, "sequence 2: the counter 3");
}

TEST_F(DiskTruthTest, FailedPublishesUseUpNonces) {
  Store("foo", "first");
  truth.Publish("foo", "refused", false);
  ++counter("foo");
  Store("foo", "second");
  EXPECT_THAT(LookFully(), IsEmpty());
}

TEST_F(DiskTruthTest, CounterThatBeginsAgainAfterARestart) {
  Store("foo", "first");
  Start(Encrypted());
  counter("foo") = 0;
  Store("foo", "second");
  EXPECT_THAT(Look(), ElementsAre("nonces K-nonce-counter"));
}

TEST_F(DiskTruthTest, CounterBehindEmptyMessages) {
  Store("foo", "first");
  Store("foo", "");
  Store("foo", "second");
  Start(Encrypted());
  Store("foo", "");
  Store("foo", "third");
  EXPECT_THAT(LookFully(), IsEmpty());
}

// structure

TEST_F(DiskTruthTest, RecordWithoutAnIndexEntry) {
  truth.Publish("foo", "payload", true);
  Write("foo", Next("foo", "payload"), /*index=*/false);
  EXPECT_THAT(Look(Target::kRunning), IsEmpty());
  EXPECT_THAT(Look(), ElementsAre("structure K-index-rebuild"));
}

TEST_F(DiskTruthTest, IndexThatDisagrees) {
  truth.Publish("foo", "payload", true);
  const RecordParts parts = Next("foo", "payload");
  Write("foo", parts, /*index=*/false);
  Index("foo", parts.sequence, 4, parts.timestamp + 1, tree.At("foo/msgs.1.dat").size() - 12);
  EXPECT_THAT(Look(), ElementsAre("structure K-index-rebuild"));
}

TEST_F(DiskTruthTest, IndexEntryOfNoRecord) {
  Store("foo", "payload");
  Index("foo", 2, 6, 1, 5);
  EXPECT_THAT(Look(), ElementsAre("structure K-index-rebuild"));
}

TEST_F(DiskTruthTest, SequenceThatDescends) {
  Store("foo", "");
  Store("foo", "");
  StoreChanged("", [](RecordParts& parts) { parts.sequence = 1; });
  EXPECT_THAT(Look(), ElementsAre("structure K-slices"));
}

TEST_F(DiskTruthTest, TimeThatDecreases) {
  Store("foo", "");
  StoreChanged("", [](RecordParts& parts) { parts.timestamp -= 1000; });
  EXPECT_THAT(Look(), ElementsAre("structure K-time-order"));
}

TEST_F(DiskTruthTest, SubjectOfAnotherChannel) {
  StoreChanged("payload", [](RecordParts& parts) { parts.subject = "bar"; });
  EXPECT_THAT(Look(), ElementsAre("structure D-09"));
}

TEST_F(DiskTruthTest, BytesThatChangeAfterTheyWereWritten) {
  StoreChanged("", [](RecordParts& parts) { parts.subject = "foo"; });
  EXPECT_THAT(LookFully(), IsEmpty());
  Bytes data = tree.At("foo/msgs.1.dat");
  data[4] ^= 1;
  tree.Put("foo/msgs.1.dat", data);
  EXPECT_THAT(Look(), testing::Contains("structure K-append-only"));
}

// clear

TEST_F(DiskTruthTest, FieldThatRecordsDoNotHave) {
  StoreChanged("payload",
               [](RecordParts& parts) { AppendBytesField(parts.more, 9, AsBytes("a note")); });
  EXPECT_THAT(Look(), ElementsAre("clear D-09"));
}

TEST_F(DiskTruthTest, ChecksumThatIsWrong) {
  Store("foo", "");
  Bytes data = tree.At("foo/msgs.1.dat");
  data[8] ^= 1;
  tree.Put("foo/msgs.1.dat", data);
  EXPECT_THAT(Look(), testing::Contains("clear K-crc"));
}

TEST_F(DiskTruthTest, TornTailIsInformationAfterAKillOnly) {
  Store("foo", "payload");
  AppendTo("foo/msgs.1.dat", Bytes{9, 0, 0, 0, 1, 2});
  const Findings found = LookFully();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].level, verdict::Level::kShould);
  EXPECT_EQ(found[0].seen, "a torn tail of 6 bytes");

  DoctoredStore killed;
  killed.Start(Encrypted());
  killed.Store("foo", "payload");
  killed.AppendTo("foo/msgs.1.dat", Bytes{9, 0, 0, 0, 1, 2});
  killed.truth.Kill();
  const Findings after = killed.LookFully();
  ASSERT_EQ(after.size(), 1U);
  EXPECT_EQ(after[0].level, verdict::Level::kInfo);
}

TEST_F(DiskTruthTest, FileWithNothingInItIsInformationAfterAKillOnly) {
  tree.Put("foo/msgs.2.dat", Bytes{});
  EXPECT_THAT(Look(), ElementsAre("clear K-version"));

  DoctoredStore killed;
  killed.Start(Encrypted());
  killed.truth.Kill();
  killed.tree.Put("foo/msgs.2.dat", Bytes{});
  EXPECT_THAT(killed.Look(), IsEmpty());
  killed.tree.Put("foo/msgs.3.dat", Bytes{2, 0, 0, 0});
  EXPECT_THAT(killed.Look(), ElementsAre("clear K-version"));
}

TEST_F(DiskTruthTest, BytesInAnyFileAreAccountedFor) {
  for (const char* path : {"server.dat", "clients.dat", "foo/subs.dat", "foo/msgs.1.idx"}) {
    DoctoredStore store;
    store.Start(Encrypted());
    store.Store("foo", "payload");
    store.tree.Put("foo/subs.dat", Header());
    EXPECT_THAT(store.LookFully(), IsEmpty());
    store.AppendTo(path, AsBytes("stray"));
    EXPECT_THAT(store.Look(), ElementsAre("clear H-unaccounted-bytes")) << path;
  }
  tree.Put(".truncate.lck", Bytes{1});
  EXPECT_THAT(Look(), ElementsAre("clear H-unaccounted-bytes"));
}

TEST_F(DiskTruthTest, FileThatTheFormatDoesNotHave) {
  tree.Put("foo/notes.txt", Bytes{1});
  const Findings found = LookFully();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].check, Check::kClear);
  EXPECT_EQ(found[0].level, verdict::Level::kInfo);
}

// history

TEST_F(DiskTruthTest, AckedButNotStored) {
  Store("foo", "first");
  truth.Publish("foo", "second", true);
  truth.Publish("foo", "third", false);
  EXPECT_THAT(Look(Target::kRunning), IsEmpty());
  EXPECT_THAT(Look(), ElementsAre("history K-acked-stored"));
}

TEST_F(DiskTruthTest, AckedAndGone) {
  Store("foo", "first");
  EXPECT_THAT(LookFully(), IsEmpty());
  tree.Remove("foo/msgs.1.dat");
  tree.Remove("foo/msgs.1.idx");
  EXPECT_THAT(Look(), ElementsAre("history K-acked-stored"));
}

TEST_F(DiskTruthTest, LimitsRemoveTheOldestOnly) {
  Mode limited = Encrypted();
  limited.limits = true;
  Start(limited);
  truth.Publish("foo", "first", true);
  (void)Next("foo", "first");
  Store("foo", "second");
  EXPECT_THAT(LookFully(), IsEmpty());
  truth.Publish("foo", "third", true);
  (void)Next("foo", "third");
  Store("foo", "fourth");
  EXPECT_THAT(Look(), ElementsAre("history K-acked-stored"));
}

TEST_F(DiskTruthTest, LimitsMayRemoveEqualPayloadsUnseen) {
  Mode limited = Encrypted();
  limited.limits = true;
  Start(limited);
  for (int number = 0; number < 5; ++number) {
    truth.Publish("foo", "equal", true);
    (void)Next("foo", "equal");
  }
  Store("foo", "equal");
  Store("foo", "equal");
  EXPECT_THAT(LookFully(), IsEmpty());
}

TEST_F(DiskTruthTest, ALostPublishIsNotTakenForTheOneThatCameInstead) {
  truth.Publish("foo", "again", false);
  Store("foo", "again");
  EXPECT_THAT(LookFully(), IsEmpty());
}

TEST_F(DiskTruthTest, StoredButNeverPublished) {
  Write("foo", Next("foo", "from nowhere"));
  EXPECT_THAT(Look(), ElementsAre("history K-stored-sent"));
}

TEST_F(DiskTruthTest, DeliveredButNeverStored) {
  Store("foo", "first");
  truth.Deliver("foo", 1, "second");
  truth.Deliver("foo", 1, "first");
  EXPECT_THAT(Look(), ElementsAre("history K-delivered-stored"));
}

TEST_F(DiskTruthTest, SealedBytesThatAreDeliveredWereStored) {
  Store("foo", "first");
  Start(Mode{});
  const Bytes data = tree.At("foo/msgs.1.dat");
  truth.Deliver("foo", 1, AsText(ByteView(data).subspan(21, 5 + kOverheadBytes)));
  EXPECT_THAT(LookFully(), IsEmpty());
}

TEST_F(DiskTruthTest, SequenceWithTwoPayloads) {
  Mode limited = Encrypted();
  limited.limits = true;
  Start(limited);
  Store("foo", "first");
  EXPECT_THAT(LookFully(), IsEmpty());
  truth.Publish("foo", "second", true);
  RecordParts parts = Next("foo", "second");
  parts.sequence = 1;
  tree.Remove("foo/msgs.1.dat");
  tree.Remove("foo/msgs.1.idx");
  tree.Put("foo/subs.dat", Header());
  Write("foo", parts);
  const Findings found = LookFully();
  EXPECT_THAT(found, testing::Contains(
                         testing::Field(&Finding::seen, HasSubstr("acked with another payload"))));
}

TEST_F(DiskTruthTest, ChannelThatComesAgainBeginsAgain) {
  Mode limited = Encrypted();
  limited.limits = true;
  Start(limited);
  Store("foo", "first");
  EXPECT_THAT(LookFully(), IsEmpty());
  for (const char* path : {"foo", "foo/msgs.1.dat", "foo/msgs.1.idx"}) tree.Remove(path);
  EXPECT_THAT(LookFully(), IsEmpty());
  truth.Publish("foo", "second", true);
  RecordParts parts = Next("foo", "second");
  parts.sequence = 1;
  parts.data =
      Sealed(1, Derive(Derivation::kChannel, kKey, "foo"), Nonce(0xB7, 1), AsBytes("second"));
  Write("foo", parts);
  EXPECT_THAT(LookFully(), IsEmpty());
}

TEST_F(DiskTruthTest, MemoryStoreWritesNothing) {
  Mode memory = Encrypted();
  memory.in_memory = true;
  Start(memory);
  truth.Publish("foo", "first", true);
  truth.Deliver("foo", 1, "first");
  EXPECT_THAT(LookFully(), IsEmpty());
  Write("foo", Next("foo", "first"));
  EXPECT_THAT(Look(), ElementsAre("history K-stored-sent"));
}

// A file system whose times are too coarse to tell two changes apart.
class CoarseTree : public MemoryTree {
 public:
  Result<std::vector<TreeEntry>> List() override {
    auto entries = MemoryTree::List();
    for (TreeEntry& entry : entries.value()) entry.stamp = 1;
    return entries;
  }
};

TEST_F(DiskTruthTest, WhatTheHarnessDidIsReadWhateverTheStamps) {
  Store("foo", "payload");
  CoarseTree coarse;
  const auto copy = [&](const std::string& path) { coarse.Put(path, tree.At(path)); };
  for (const char* path : {"server.dat", "foo/msgs.1.dat", "foo/msgs.1.idx"}) copy(path);
  EXPECT_THAT(truth.Look(coarse, "", Target::kStopped).value(), IsEmpty());
  Bytes data = tree.At("foo/msgs.1.dat");
  data.back() ^= 1;
  coarse.Put("foo/msgs.1.dat", data);
  ASSERT_TRUE(truth.Adopt(coarse).ok());
  data.push_back(0);
  coarse.Put("foo/msgs.1.dat", data);
  for (const Finding& finding : truth.Look(coarse, "", Target::kStopped).value()) {
    EXPECT_EQ(finding.level, verdict::Level::kInfo) << Describe(finding);
  }
}

TEST_F(DiskTruthTest, WhatTheHarnessDidIsNotTheTargets) {
  Store("foo", MakeCanary(1));
  Store("foo", MakeCanary(2));
  EXPECT_THAT(LookFully(), IsEmpty());
  Bytes data = tree.At("foo/msgs.1.dat");
  data.back() ^= 1;
  data.resize(data.size() - 2);
  tree.Put("foo/msgs.1.dat", data);
  ASSERT_TRUE(truth.Adopt(tree).ok());
  EXPECT_THAT(LookFully(), IsEmpty());
  // The lost sequence is given again, under a nonce of the next start.
  Start(Encrypted());
  data.resize(data.size() - 1);
  tree.Put("foo/msgs.1.dat",
           ByteView(data).size() > 70 ? Bytes(data.begin(), data.begin() + 86) : data);
  ASSERT_TRUE(truth.Adopt(tree).ok());
  truth.Publish("foo", "again", true);
  RecordParts parts = Next("foo", "again");
  parts.sequence = 2;
  parts.data =
      Sealed(1, Derive(Derivation::kChannel, kKey, "foo"), Nonce(prefix(), 2), AsBytes("again"));
  Write("foo", parts);
  EXPECT_THAT(Look(), IsEmpty());
}

}  // namespace
}  // namespace atrest::disktruth
