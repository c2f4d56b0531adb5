// What the focus generators (focus.h) say over and over: starts with documented options, classes of
// payloads, ways to read.
// Threads: pure functions of the story's generator of random numbers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/generate/story.h"

namespace atrest::generate {

enum class PayloadClass {
  kEmpty,
  kTiny,         // 0 to 60 bytes
  kFirstByte,    // any first byte
  kBesidePower,  // a power of two, one less or one more
  kLooksSealed,  // code, nonce, ciphertext and tag, as a server would take for its own
  kText,         // one of Story::Text
  kLarge,
};
std::string PayloadOf(Story& story, PayloadClass kind);

// How many, drawn by the function that gets it: two arguments that both draw would be drawn in an
// order that differs between compilers.
struct Count {
  Count(uint64_t all) : min(all), max(all) {}
  Count(uint64_t least, uint64_t most) : min(least), max(most) {}
  uint64_t Draw(Random& random) const { return min + random.Below(max - min + 1); }

  uint64_t min;
  uint64_t max;
};

// Of any class; large ones are rare.
void PublishMixed(Story& story, const std::string& channel, Count count);
void PublishTexts(Story& story, const std::string& channel, Count count);

// Encryption on by documented options, under the key NAME; the source of the key and the cipher are
// chosen.
scenario::Settings Sealed(Story& story, const std::string& name = kKey);
// The same with every choice fixed: the key in the variable, the cipher left out.
scenario::Settings PlainlySealed(const std::string& name = kKey);
inline scenario::Settings Off() { return {}; }

// Any options of encryption together: sources of keys, switch, cipher, configuration file.
scenario::Settings AnyEncryption(Story& story);

// A key that is not kKey, nor empty.
std::string AnotherKey(Story& story);
std::string AnyKey(Story& story);

// A channel of the few that a story mostly is about.
std::string AnyChannel(Story& story);
// Of those that something was published to; AnyChannel if there is none.
std::string UsedChannel(Story& story);
// Valid names, odd ones among them.
std::string OddChannel(Story& story);

// By any position, sometimes twice: again at once is from the cache.
void ReadSomehow(Story& story, const std::string& channel);
// Takes a channel of one slice away: its files, then its directory.
std::vector<scenario::TamperOperation> WithoutChannel(const std::string& channel);
// Every channel that was used, from the first message.
void ReadEverything(Story& story);

}  // namespace atrest::generate
