// The bugs of the real server that are known by name come out of generated sequences on the
// reference, each under its own requirement.
#include <gtest/gtest.h>

#include <set>

#include "harness/campaign/campaign_fixture.h"

namespace atrest::campaign {
namespace {

class NamedBugsTest : public testing::Test, protected CampaignFixture {
 protected:
  // Requirements that the ideal found broken in CASES cases.
  std::set<std::string> Broken(const CaseOptions& options, uint64_t cases) {
    const Cases campaign(*suite_, files_, options);
    Tally tally;
    for (uint64_t seed = 1; seed <= cases; ++seed) {
      const Status ran = campaign.Run(seed, tally);
      EXPECT_TRUE(ran.ok()) << ran.message();
    }
    EXPECT_EQ(tally.cases, cases);
    EXPECT_EQ(tally.harness_errors, 0u);
    std::set<std::string> broken;
    for (size_t i = 0; i < tally.failure_count(); ++i) {
      if (tally.failure(i).oracle.str() == "ideal")
        broken.insert(tally.failure(i).requirement.str());
    }
    return broken;
  }
};

TEST_F(NamedBugsTest, ComeOutOfAllProperties) {
  const auto broken = Broken(On("inproc"), 400);
  for (const char* id : {"H-explicit-empty",  // N2
                         "H-looks-sealed",
                         "H-head-of-line",  // N3
                         "H-empty-key",     // N16
                         "H-key-unused",    // D8
                         "H-wrong-key-noticed",
                         "H-mixed-keys",  // standalone.md 3.4
                         "H-off-noticed",
                         "H-downgrade",  // 3.5
                         "H-swap",
                         "H-replay",
                         "H-forge",
                         "H-code-byte",
                         "H-sequence",
                         "H-metadata",  // 3.7
                         "H-removed-stay",
                         "H-rollback",
                         "H-truncate-tail",
                         "H-truncate-middle",
                         "H-channel-moved"}) {
    EXPECT_TRUE(broken.contains(id)) << id;
  }
}

TEST_F(NamedBugsTest, ComeOutOfTheMixedSequencesAlone) {
  const auto broken = Broken(On("inproc", {"property/everything"}), 1500);
  for (const char* id : {"H-explicit-empty", "H-looks-sealed", "H-head-of-line", "H-empty-key",
                         "H-wrong-key-noticed", "H-mixed-keys", "H-off-noticed", "H-swap",
                         "H-replay", "H-forge", "H-removed-stay", "H-rollback"}) {
    EXPECT_TRUE(broken.contains(id)) << id;
  }
}

// What the ideal asks for is more than the reference does, but not everywhere: where the reference
// is right, nobody is blamed.
TEST_F(NamedBugsTest, WhereTheReferenceIsRightNothingIsFound) {
  for (const char* property : {"property/crypto/round_trip",     "property/crypto/key_bytes",
                               "property/crypto/cipher_switch",  "property/crypto/cipher_chosen",
                               "property/crypto/cipher_default", "property/crypto/cipher_names",
                               "property/crypto/unknown_cipher", "property/crypto/command_line",
                               "property/crypto/memory_store",   "property/crypto/never_sealed",
                               "property/crypto/sizes",          "property/crypto/first_bytes",
                               "property/crypto/look_alikes",    "property/crypto/empty_payloads",
                               "property/crypto/large",          "property/crypto/bursts",
                               "property/crypto/odd_channels",   "property/crypto/positions",
                               "property/crypto/cached_reads",   "property/crypto/canaries",
                               "property/crypto/nonces",         "property/store/kills"}) {
    EXPECT_EQ(Broken(On("inproc", {property}), 40), std::set<std::string>()) << property;
  }
}

}  // namespace
}  // namespace atrest::campaign
