// Configurations as values and as bytes, options, commitment: the parts that need no cluster.
#include "reference/raft/membership.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "reference/raft/commitment.h"
#include "reference/raft/membership_codec.h"
#include "reference/raft/raft_options.h"
#include "reference/raft/recent_entries.h"

namespace atrest::raft {
namespace {

Configuration Voters(const std::vector<ServerId>& ids) {
  Configuration configuration;
  for (const ServerId& id : ids) {
    configuration.servers.push_back({Suffrage::kVoter, id, "tc." + id + ".tc"});
  }
  return configuration;
}

std::string DecodeError(const std::string& hex) {
  return DecodeConfiguration(*FromHex(hex)).status().message();
}

TEST(MembershipCodecTest, TheExampleOfTheSpecification) {
  const std::string hex =
      "81a7536572766572739183a741646472657373a774632e612e7463a24944a161a8537566667261676500";
  EXPECT_EQ(ToHex(EncodeConfiguration(Voters({"a"}))), hex);
  const Result<Configuration> decoded = DecodeConfiguration(*FromHex(hex));
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded.value(), Voters({"a"}));
}

TEST(MembershipCodecTest, OrderUnknownKeysAndWidthsDoNotMatter) {
  // {"Other": [1.5, {"x": nil}, true], "Servers": [{"Suffrage": uint16 1, "New": -1, "ID": str8
  // "b", "Address": bin8 "t"}]}
  const Result<Configuration> decoded = DecodeConfiguration(
      *FromHex("82a54f7468657293cb3ff800000000000081a178c0c3a7536572766572739184a85375666672616765"
               "cd0001a34e6577ffa24944d90162a741646472657373c40174"));
  ASSERT_TRUE(decoded.ok()) << decoded.status().message();
  EXPECT_EQ(decoded.value(), (Configuration{{{Suffrage::kNonvoter, "b", "t"}}}));
}

// Entry 1 of node b of the golden cluster three-nodes-aes.
TEST(MembershipCodecTest, AGoldenEntry) {
  const std::string hex =
      "81a7536572766572739383a741646472657373ab676f6c642e622e676f6c64a24944a162a8537566667261676500"
      "83"
      "a741646472657373ab676f6c642e612e676f6c64a24944a161a853756666726167650083a741646472657373ab67"
      "6f"
      "6c642e632e676f6c64a24944a163a8537566667261676500";
  const Configuration expected{{{Suffrage::kVoter, "b", "gold.b.gold"},
                                {Suffrage::kVoter, "a", "gold.a.gold"},
                                {Suffrage::kVoter, "c", "gold.c.gold"}}};
  EXPECT_EQ(DecodeConfiguration(*FromHex(hex)).value(), expected);
  EXPECT_EQ(ToHex(EncodeConfiguration(expected)), hex);
}

// What hashicorp/raft 1.6.0 with go-msgpack 2.1.1 says of these bytes.
TEST(MembershipCodecTest, RefusedWithTheRealTexts) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "EOF"},
      {"dfffffffff", "EOF"},
      {"81a753657276657273ddffffffff", "EOF"},
      {"81a178c7", "EOF"},
      {"12200a", "[pos 1]: only encoded map or array can be decoded into a struct"},
      {"81a7536572766572739105",
       "[pos 11]: only encoded map or array can be decoded into a struct"},
      {"81a75365727665727305",
       "[pos 10]: only encoded map or array can be decoded into a slice (0)"},
      {"81a753657276657273a178",
       "[pos 10]: bytes/string in stream must decode into slice/array of bytes, not []raft.Server"},
      {"81a7536572766572739181a85375666672616765a161",
       "[pos 21]: cannot decode signed integer: unrecognized descriptor byte: a1/string|bytes"},
      {"81a7536572766572739181a2494405",
       "[pos 15]: invalid byte descriptor for decoding bytes, got: 0x5"},
      {"8182a0", "[pos 2]: invalid byte descriptor for decoding bytes, got: 0x82"},
      {"8190a0", "[pos 2]: runtime error: index out of range [0] with length 0"},
      {"8191d1cc01", "[pos 5]: assigning negative signed value: -13311, to unsigned type"},
      {"8191e2", "[pos 3]: assigning negative signed value: 226, to unsigned type"},
      {"8191cdd601", "[pos 5]: uint64 overflow: 54785"},
      {"8191a0",
       "[pos 3]: cannot decode unsigned integer: unrecognized descriptor byte: a0/"
       "string|bytes"},
      {"81a178c1", "[pos 4]: cannot infer value: unrecognized descriptor byte: Oxc1/193/unknown"},
  };
  for (const auto& [hex, text] : cases) {
    const std::string prefix = text == "EOF" ? "" : "msgpack decode error ";
    EXPECT_EQ(DecodeError(hex), "failed to decode configuration: " + prefix + text) << hex;
  }
}

TEST(MembershipCodecTest, ArraysAreTakenForMaps) {
  // [[[uint8 1, "b", "c"], nil]]: suffrage, id, address.
  const Result<Configuration> decoded = DecodeConfiguration(*FromHex("919293cc01a162a163c0"));
  ASSERT_TRUE(decoded.ok()) << decoded.status().message();
  EXPECT_EQ(decoded.value(), (Configuration{{{Suffrage::kNonvoter, "b", "c"}, {}}}));
}

TEST(MembershipCodecTest, NilIsEmpty) {
  EXPECT_EQ(DecodeConfiguration(*FromHex("c0")).value(), Configuration());
  EXPECT_EQ(DecodeConfiguration(*FromHex("81a753657276657273c0")).value(), Configuration());
}

TEST(MembershipCodecTest, EveryCutIsAnError) {
  const Bytes bytes = EncodeConfiguration(Voters({"a", "b", "c"}));
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(DecodeConfiguration(ByteView(bytes).first(size)).ok()) << size;
  }
}

TEST(MembershipCodecTest, EveryChangedByteIsDecodedOrRefused) {
  const Bytes bytes = EncodeConfiguration(Voters({"a", "b"}));
  for (size_t at = 0; at < bytes.size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      Bytes changed = bytes;
      changed[at] = static_cast<uint8_t>(value);
      const Result<Configuration> decoded = DecodeConfiguration(changed);
      EXPECT_TRUE(decoded.ok() || decoded.status().code() == Code::kCorrupt);
    }
  }
}

TEST(MembershipCodecTest, NestingIsBounded) {
  const auto nested = [](size_t depth) {
    Bytes bytes{0x81, 0xA1, 'x'};
    bytes.insert(bytes.end(), depth, 0x91);
    bytes.push_back(0xC0);
    return DecodeConfiguration(bytes).status().message();
  };
  EXPECT_EQ(nested(1022), "");
  const std::string refused =
      "failed to decode configuration: msgpack decode error [pos 1026]: maximum decoding depth "
      "exceeded";
  EXPECT_EQ(nested(1023), refused);
  EXPECT_EQ(nested(1'000'000), refused);
}

RC_GTEST_PROP(MembershipCodecTest, ConfigurationsComeBack,
              (const std::vector<std::pair<std::string, std::string>>& names)) {
  Configuration configuration;
  for (const auto& [id, address] : names) {
    const auto suffrage = static_cast<Suffrage>(*rc::gen::inRange(0, 3));
    configuration.servers.push_back({suffrage, id, address});
  }
  RC_ASSERT(DecodeConfiguration(EncodeConfiguration(configuration)).value() == configuration);
}

TEST(MembershipCodecTest, LongNamesComeBack) {
  for (const size_t size : {31u, 32u, 65535u, 65536u}) {
    const Configuration configuration{{{Suffrage::kVoter, std::string(size, 'x'), "y"}}};
    EXPECT_EQ(DecodeConfiguration(EncodeConfiguration(configuration)).value(), configuration);
  }
}

RC_GTEST_PROP(MembershipCodecTest, AnyBytesAreDecodedOrRefused, (const Bytes& bytes)) {
  const Result<Configuration> decoded = DecodeConfiguration(bytes);
  RC_ASSERT(decoded.ok() || decoded.status().code() == Code::kCorrupt);
}

TEST(MembershipTest, AQuorumIsMoreThanHalfOfTheVoters) {
  EXPECT_EQ(QuorumSize(Voters({"a"})), 1u);
  EXPECT_EQ(QuorumSize(Voters({"a", "b"})), 2u);
  EXPECT_EQ(QuorumSize(Voters({"a", "b", "c"})), 2u);
  EXPECT_EQ(QuorumSize(Voters({"a", "b", "c", "d"})), 3u);
  Configuration configuration = Voters({"a", "b", "c"});
  configuration.servers.push_back({Suffrage::kNonvoter, "d", "d"});
  EXPECT_EQ(QuorumSize(configuration), 2u);
}

TEST(MembershipTest, AddressesAreCheckedToo) {
  Configuration configuration = Voters({"a", "b"});
  configuration.servers[1].address = "tc.a.tc";
  EXPECT_EQ(CheckConfiguration(configuration).message(),
            "found duplicate address in configuration: tc.a.tc");
  configuration.servers[1].address.clear();
  EXPECT_EQ(CheckConfiguration(configuration).message(),
            "empty address in configuration: {Voter b }");
}

TEST(MembershipTest, AVoterThatIsAddedGetsTheNewAddress) {
  const MembershipChange change{.id = "b", .address = "new"};
  const Result<Configuration> next = NextConfiguration(Voters({"a", "b"}), 1, change);
  ASSERT_TRUE(next.ok());
  EXPECT_EQ(ConfigurationText(next.value()), "{[{Voter a tc.a.tc} {Voter b new}]}");
}

TEST(MembershipTest, AVoterThatIsAddedAsNonvoterKeepsItsVote) {
  const MembershipChange change{
      .kind = MembershipChange::Kind::kAddNonvoter, .id = "b", .address = "new"};
  const Result<Configuration> next = NextConfiguration(Voters({"a", "b"}), 1, change);
  ASSERT_TRUE(next.ok());
  EXPECT_EQ(ConfigurationText(next.value()), "{[{Voter a tc.a.tc} {Voter b new}]}");
}

TEST(MembershipTest, RemovingAStrangerChangesNothing) {
  const MembershipChange change{.kind = MembershipChange::Kind::kRemoveServer, .id = "z"};
  EXPECT_EQ(NextConfiguration(Voters({"a"}), 1, change).value(), Voters({"a"}));
}

TEST(CommitmentTest, AMajorityCommits) {
  Commitment commitment(Voters({"a", "b", "c"}), 1);
  commitment.Match("a", 5);
  EXPECT_EQ(commitment.commit_index(), 0u);
  commitment.Match("b", 3);
  EXPECT_EQ(commitment.commit_index(), 3u);
  commitment.Match("c", 9);
  EXPECT_EQ(commitment.commit_index(), 5u);
  commitment.Match("c", 2);
  EXPECT_EQ(commitment.commit_index(), 5u);
}

TEST(CommitmentTest, NothingBeforeTheOwnTerm) {
  Commitment commitment(Voters({"a", "b", "c"}), 10);
  commitment.Match("a", 9);
  commitment.Match("b", 9);
  EXPECT_EQ(commitment.commit_index(), 0u);
  commitment.Match("a", 10);
  commitment.Match("c", 12);
  EXPECT_EQ(commitment.commit_index(), 10u);
}

TEST(CommitmentTest, StrangersDoNotCount) {
  Commitment commitment(Voters({"a", "b"}), 1);
  commitment.Match("a", 5);
  commitment.Match("z", 5);
  EXPECT_EQ(commitment.commit_index(), 0u);
}

TEST(CommitmentTest, ARemovalMayCommit) {
  Commitment commitment(Voters({"a", "b", "c", "d"}), 1);
  commitment.Match("a", 5);
  commitment.Match("b", 5);
  EXPECT_EQ(commitment.commit_index(), 0u);
  commitment.SetConfiguration(Voters({"a", "b", "c"}));
  EXPECT_EQ(commitment.commit_index(), 5u);
}

TEST(RecentEntriesTest, FindsWhatWasNotDroppedOrCutOff) {
  const auto run = [](uint64_t first, uint64_t last) {
    std::vector<EntryPtr> entries;
    for (uint64_t index = first; index <= last; ++index) {
      auto entry = std::make_shared<LogEntry>();
      entry->index = index;
      entries.push_back(entry);
    }
    return EntryRun(entries);
  };
  RecentEntries recent;
  EXPECT_EQ(recent.Find(1), nullptr);
  recent.Append(run(5, 9));
  recent.Append(run(10, 12));
  recent.DropBelow(7);
  recent.TruncateFrom(11);
  EXPECT_EQ(recent.Find(6), nullptr);
  EXPECT_EQ(recent.Find(11), nullptr);
  ASSERT_NE(recent.Find(7), nullptr);
  EXPECT_EQ(recent.Find(10)->index, 10u);
  recent.Append(run(50, 50));
  EXPECT_EQ(recent.Find(10), nullptr) << "it did not follow";
  EXPECT_NE(recent.Find(50), nullptr);
}

TEST(RaftOptionsTest, TheRealServersTexts) {
  const auto error = [](const std::function<void(Options&)>& change) {
    Options options;
    options.id = "a";
    change(options);
    return CheckOptions(options).message();
  };
  EXPECT_EQ(error([](Options&) {}), "");
  EXPECT_EQ(error([](Options& o) { o.id.clear(); }), "LocalID cannot be empty");
  EXPECT_EQ(error([](Options& o) { o.heartbeat_timeout_ns = kMillisecondNs; }),
            "HeartbeatTimeout is too low");
  EXPECT_EQ(error([](Options& o) { o.election_timeout_ns = kMillisecondNs; }),
            "ElectionTimeout is too low");
  EXPECT_EQ(error([](Options& o) { o.commit_timeout_ns = 1; }), "CommitTimeout is too low");
  EXPECT_EQ(error([](Options& o) { o.append_entries_max = 0; }),
            "MaxAppendEntries must be positive");
  EXPECT_EQ(error([](Options& o) { o.append_entries_max = 1025; }),
            "MaxAppendEntries is too large");
  EXPECT_EQ(error([](Options& o) { o.snapshot_interval_ns = 0; }), "SnapshotInterval is too low");
  EXPECT_EQ(error([](Options& o) { o.lease_timeout_ns = 0; }), "LeaderLeaseTimeout is too low");
  EXPECT_EQ(error([](Options& o) { o.lease_timeout_ns = 3 * kSecondNs; }),
            "LeaderLeaseTimeout (3s) cannot be larger than heartbeat timeout (2s)");
  EXPECT_EQ(error([](Options& o) { o.election_timeout_ns = kSecondNs; }),
            "ElectionTimeout (1s) must be equal or greater than Heartbeat Timeout (2s)");
}

}  // namespace
}  // namespace atrest::raft
