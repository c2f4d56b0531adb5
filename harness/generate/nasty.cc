#include "harness/generate/nasty.h"

#include <algorithm>

namespace atrest::generate {
namespace {

// Below, at and above: a code byte and its nonce (13), that with a tag (29).
const std::vector<size_t> kSealedSizes = {1, 2, 12, 13, 14, 28, 29, 30, 45, 60};
const std::vector<size_t> kPowers = {16, 64, 128, 256, 512, 1024, 4096, 16384};

std::string RandomBytes(Random& random, size_t size) {
  Bytes bytes(size);
  random.Fill(bytes);
  return std::string(AsText(bytes));
}

std::string LooksSealed(Random& random) {
  std::string payload = RandomBytes(random, Pick(random, kSealedSizes));
  payload[0] = static_cast<char>(1 + random.Below(2));
  return payload;
}

std::string BesideAPower(Random& random) {
  const size_t power = Pick(random, kPowers);
  const size_t size = power + random.Below(3) - 1;
  const char letter = static_cast<char>('a' + random.Below(26));
  return std::string(size, letter);
}

}  // namespace

std::string NastyPayload(Random& random) {
  const uint64_t kind = random.Below(100);
  if (kind < 10) return "";
  if (kind < 30) return LooksSealed(random);
  if (kind < 45) return BesideAPower(random);
  if (kind < 60) return RandomBytes(random, Pick(random, kSealedSizes));
  return "message " + std::to_string(random.Below(10'000));
}

std::vector<std::string> NastyChannels(Random& random, size_t count) {
  static const std::vector<std::string> kNames = {
      "foo",
      "foo",
      "foo",
      "foo",
      "foo.bar",
      "foo.bar",
      "foo.bar.baz",
      "FOO",
      "Foo.Bar",
      "a",
      "x_y-z",
      "\xC3\xBC"
      "ber.\xE9\x8D\xB5",  // two UTF-8 words
      "q=1;rm$",
      "subs.dat",
      std::string(200, 'n'),
      std::string(255, 'm'),
      std::string(256, 'o'),
  };
  std::vector<std::string> names;
  while (names.size() < count) {
    const std::string& name = Pick(random, kNames);
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  }
  return names;
}

}  // namespace atrest::generate
