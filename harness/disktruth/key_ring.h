// All keys of a run in all the ways in which a server could derive from them, and which of them
// opens given data. Names stand for keys in everything that is printed.
// Ownership: openers are made once for each derived key and kept.
// Threads: none shared.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "harness/disktruth/sealing.h"
#include "reference/base/bytes.h"

namespace atrest::disktruth {

// What opened some data.
struct Opening {
  std::string key;  // as configured, bytes
  Derivation how = Derivation::kChannel;
  std::string channel;  // whose name went into the derivation
  Digest32 derived = {};
  uint8_t code = 0;  // of the cipher that did; may differ from the stored code byte
  Bytes payload;
};

class KeyRing {
 public:
  // The empty key is always there.
  KeyRing() { AddKey("the empty key", ""); }

  void AddKey(const std::string& name, const std::string& key);
  // Whether it is a new one.
  bool AddChannel(const std::string& channel) { return channels_.insert(channel).second; }
  // "key NAME"; keys that nobody named are "a key without a name".
  std::string Name(const std::string& key) const;

  // The first way in which DATA of CHANNEL opens: with the FIRST keys as they should be derived for
  // it; then with every key of the run; then with wrong derivations, other channels' keys, and the
  // other cipher's code. REQUIRES: DATA has kOverheadBytes or more.
  std::optional<Opening> Open(ByteView data, const std::string& channel,
                              const std::vector<std::string>& first);

  // Every way in which DATA opens with its own code byte.
  std::vector<Opening> OpenAll(ByteView data, const std::string& channel);

  // "key NAME, derivation, channel": how an opening came about.
  std::string Describe(const Opening& opening) const;

 private:
  using How = std::tuple<Derivation, std::string, std::string>;  // derivation, key, channel
  struct Derived {
    Digest32 key;
    Opener opener;
  };

  std::optional<Opening> Try(ByteView data, const How& how);
  // Every derivation but those of CHANNEL's own key.
  std::vector<How> Wrong(const std::string& channel) const;

  std::map<std::string, std::string> names_;  // by key
  std::set<std::string> channels_;
  std::map<How, Derived> derived_;
};

}  // namespace atrest::disktruth
