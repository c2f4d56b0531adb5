#include "harness/generate/phrases.h"

#include <iterator>
#include <optional>

#include "harness/generate/nasty.h"

namespace atrest::generate {
namespace {

using scenario::Settings;

constexpr size_t kTinyMax = 60;
constexpr size_t kNonceSize = 12;
constexpr size_t kTagSize = 16;
constexpr size_t kLargeSizes[] = {65'536, 100'000, 300'000};

std::string AnyBytes(Random& random, size_t size) {
  Bytes bytes(size);
  random.Fill(bytes);
  return std::string(AsText(bytes));
}

// A nonce as servers make them counts in its last bytes.
std::string Envelope(Random& random) {
  std::string envelope(1, static_cast<char>(1 + random.Below(2)));
  envelope += AnyBytes(random, 4);
  envelope += std::string(7, '\0') + static_cast<char>(1 + random.Below(9));
  envelope += AnyBytes(random, random.Below(40) + kTagSize);
  if (Chance(random, 25)) envelope.resize(random.Below(1 + kNonceSize + kTagSize) + 1);
  return envelope;
}

PayloadClass AnyClass(Random& random) {
  const uint64_t kind = random.Below(1000);
  if (kind < 100) return PayloadClass::kEmpty;
  if (kind < 200) return PayloadClass::kTiny;
  if (kind < 300) return PayloadClass::kFirstByte;
  if (kind < 350) return PayloadClass::kBesidePower;
  if (kind < 500) return PayloadClass::kLooksSealed;
  return kind < 998 ? PayloadClass::kText : PayloadClass::kLarge;
}

}  // namespace

std::string PayloadOf(Story& story, PayloadClass kind) {
  Random& random = story.random();
  switch (kind) {
    case PayloadClass::kEmpty:
      return "";
    case PayloadClass::kTiny:
      return AnyBytes(random, random.Below(kTinyMax + 1));
    case PayloadClass::kFirstByte:
      return std::string(1, static_cast<char>(random.Below(256))) + story.Text();
    case PayloadClass::kBesidePower: {
      const size_t power = size_t{1} << random.Below(13);
      const size_t size = power + random.Below(3) - 1;
      const char letter = static_cast<char>('a' + random.Below(26));
      return std::string(size, letter);
    }
    case PayloadClass::kLooksSealed:
      return Envelope(random);
    case PayloadClass::kText:
      return story.Text();
    case PayloadClass::kLarge: {
      const size_t size = kLargeSizes[random.Below(std::size(kLargeSizes))];
      return std::string(size + random.Below(3), 'L');
    }
  }
  return "";
}

void PublishMixed(Story& story, const std::string& channel, Count count) {
  std::vector<std::string> payloads(count.Draw(story.random()));
  for (std::string& payload : payloads) payload = PayloadOf(story, AnyClass(story.random()));
  story.Publish(channel, std::move(payloads));
}

void PublishTexts(Story& story, const std::string& channel, Count count) {
  std::vector<std::string> payloads(count.Draw(story.random()));
  for (std::string& payload : payloads) payload = story.Text();
  story.Publish(channel, std::move(payloads));
}

Settings PlainlySealed(const std::string& name) {
  Settings settings;
  settings.encrypt = true;
  settings.key_variable = name;
  return settings;
}

Settings Sealed(Story& story, const std::string& name) {
  Random& random = story.random();
  Settings settings;
  settings.encrypt = true;
  const uint64_t source = random.Below(10);
  if (source < 8) settings.key_variable = name;
  if (source >= 8) settings.key_option = name;
  if (source == 7) settings.key_option = kOtherKey;  // the variable goes first
  const uint64_t cipher = random.Below(4);
  if (cipher == 1) settings.cipher = "AES";
  if (cipher >= 2) settings.cipher = "CHACHA";
  return settings;
}

Settings AnyEncryption(Story& story) {
  Random& random = story.random();
  const auto any_key = [&](uint64_t percent) -> std::optional<std::string> {
    if (!Chance(random, percent)) return std::nullopt;
    if (Chance(random, 20)) return kEmptyKey;
    return Chance(random, 70) ? kKey : AnotherKey(story);
  };
  Settings settings;
  settings.key_variable = any_key(60);
  settings.key_option = any_key(35);
  if (Chance(random, 75)) settings.encrypt = Chance(random, 80);
  if (Chance(random, 60)) {
    settings.cipher = Pick<std::string>(
        random, {"AES", "CHACHA", "aes", "Aes", "ChaCha", "chacha", "none", "AES256", " AES"});
  }
  if (story.Can("program") && Chance(random, 15)) {
    settings.config = "encrypt: true\n";
    if (Chance(random, 70))
      *settings.config += std::string("encryption_key: \"{key:") + kKey + "}\"\n";
  }
  return settings;
}

std::string AnotherKey(Story& story) {
  static const std::vector<std::string> kNames = {kOtherKey, kOtherKey, kPaddedKey, kLongKey,
                                                  kBytesKey, kWordKey,  kSpaceKey};
  return Pick(story.random(), kNames);
}

std::string AnyKey(Story& story) { return Chance(story.random(), 50) ? kKey : AnotherKey(story); }

std::string AnyChannel(Story& story) {
  static const std::vector<std::string> kNames = {"foo", "foo", "foo", "bar", "foo.bar"};
  return Pick(story.random(), kNames);
}

std::string UsedChannel(Story& story) {
  const auto& channels = story.channels();
  if (channels.empty()) return AnyChannel(story);
  const auto at = static_cast<std::ptrdiff_t>(story.random().Below(channels.size()));
  return std::next(channels.begin(), at)->first;
}

std::string OddChannel(Story& story) {
  constexpr size_t kDirectoryNameMax = 255;
  std::string name = NastyChannels(story.random(), 1).front();
  if (name.size() > kDirectoryNameMax) name.resize(kDirectoryNameMax);
  return name;
}

void ReadSomehow(Story& story, const std::string& channel) {
  using From = scenario::Read::From;
  Random& random = story.random();
  scenario::Read read{channel};
  read.from = Pick<From>(
      random, {From::kFirst, From::kFirst, From::kFirst, From::kLast, From::kSequence, From::kNew});
  const auto state = story.channels().find(channel);
  const uint64_t published = state == story.channels().end() ? 0 : state->second.published;
  if (read.from == From::kSequence) read.sequence = 1 + random.Below(published + 2);
  if (Chance(random, 15)) read.max = 1 + random.Below(3);
  story.Read(read);
  if (Chance(random, 15)) story.Read(read);
}

std::vector<scenario::TamperOperation> WithoutChannel(const std::string& channel) {
  return {scenario::RemoveFile{channel + "/msgs.1.dat"},
          scenario::RemoveFile{channel + "/msgs.1.idx"},
          scenario::RemoveFile{channel + "/subs.dat"}, scenario::RemoveFile{channel}};
}

void ReadEverything(Story& story) {
  for (const auto& [name, state] : story.channels()) story.ReadAll(name);
}

}  // namespace atrest::generate
