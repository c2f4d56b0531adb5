// Bytes that others made: fixtures/vectors names the source of each case.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "reference/crypto/envelope.h"

namespace atrest::crypto {
namespace {

using Json = nlohmann::json;

// A case of a file of vectors. A member that is missing or not hexadecimal fails the test.
class Case {
 public:
  explicit Case(const Json& json) : json_(json) {}
  std::string Text(const char* name) const { return json_.at(name).get<std::string>(); }
  Bytes Hex(const char* name) const { return FromHex(Text(name)).value(); }
  Secret Key(const char* name) const { return Secret(ByteView(Hex(name))); }
  bool Valid() const { return json_.at("valid").get<bool>(); }

  // An envelope whose next nonce is that of the case.
  Envelope MakeEnvelope(Cipher cipher, const char* key) const {
    const Bytes nonce = Hex("nonce");
    EXPECT_EQ(nonce.size(), kNonceSize);
    std::array<uint8_t, 4> random;
    std::copy_n(nonce.begin(), random.size(), random.begin());
    return Envelope(cipher, Key(key), NonceSequence(random, LoadBe64(&nonce[4])));
  }

 private:
  const Json& json_;
};

Json Load(const std::string& name) {
  std::ifstream file("fixtures/vectors/" + name);
  EXPECT_TRUE(file.is_open()) << name;
  return Json::parse(file).at("cases");
}

void ExpectSealedForm(const Case& c) {
  const Cipher cipher = ParseCipher(c.Text("cipher")).value();
  Envelope envelope = c.MakeEnvelope(cipher, "derived_key");
  EXPECT_EQ(envelope.Open(c.Hex("sealed")).value(), c.Hex("plaintext"));
  EXPECT_EQ(ToHex(envelope.Seal(c.Hex("plaintext"))), c.Text("sealed"));
}

TEST(EnvelopeVectorsTest, PayloadsOfChannels) {
  const Json cases = Load("envelope.json");
  EXPECT_EQ(cases.size(), 13u);
  for (const Json& json : cases) {
    const Case c(json);
    SCOPED_TRACE(c.Text("id") + ": " + c.Text("source"));
    EXPECT_EQ(DeriveRaftKey(c.Key("key")), c.Key("master_key"));
    EXPECT_EQ(DeriveChannelKey(c.Key("key"), c.Text("channel")), c.Key("derived_key"));
    ExpectSealedForm(c);
  }
}

TEST(EnvelopeVectorsTest, CommandsOfRaftLogs) {
  const Json cases = Load("raft_envelope.json");
  EXPECT_EQ(cases.size(), 6u);
  for (const Json& json : cases) {
    const Case c(json);
    SCOPED_TRACE(c.Text("id") + ": " + c.Text("source"));
    EXPECT_EQ(DeriveRaftKey(c.Key("key")), c.Key("derived_key"));
    ExpectSealedForm(c);
  }
}

// Published cases know nothing of our envelope: it is put around them, so that our code is tested.
void ExpectPublished(const std::string& name, Cipher cipher, size_t count) {
  const Json cases = Load(name);
  EXPECT_EQ(cases.size(), count);
  for (const Json& json : cases) {
    const Case c(json);
    SCOPED_TRACE(c.Text("id") + ": " + c.Text("source"));
    Bytes sealed = {static_cast<uint8_t>(cipher)};
    for (const char* part : {"nonce", "ciphertext", "tag"}) Append(sealed, c.Hex(part));
    Envelope envelope = c.MakeEnvelope(cipher, "key");
    const auto opened = envelope.Open(sealed);
    ASSERT_EQ(opened.ok(), c.Valid());
    const Bytes sealed_again = envelope.Seal(c.Hex("plaintext"));
    EXPECT_EQ(sealed_again == sealed, c.Valid());
    if (c.Valid()) {
      EXPECT_EQ(opened.value(), c.Hex("plaintext"));
    } else {
      EXPECT_TRUE(opened.status().message().ends_with(": message authentication failed"));
    }
  }
}

TEST(EnvelopeVectorsTest, PublishedAesGcm) {
  ExpectPublished("aes_256_gcm.json", Cipher::kAes, 51);
}

TEST(EnvelopeVectorsTest, PublishedChaCha20Poly1305) {
  ExpectPublished("chacha20_poly1305.json", Cipher::kChaCha, 45);
}

}  // namespace
}  // namespace atrest::crypto
