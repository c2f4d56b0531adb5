// What stands in a captured store for what was in the real one: names, payloads and keys of the
// same sizes that say nothing of the originals. Equal things get equal stand-ins and different ones
// different ones, as far as their size allows; of a payload the class of its first byte stays, of a
// name its dots and colons, of a key its white space and the shape of its UTF-8.
// Threads: none shared.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "reference/base/bytes.h"
#include "reference/base/status.h"
#include "reference/crypto/secret.h"

namespace atrest::capture {

class Disguise {
 public:
  // PAYLOADS: those of the store, so that no stand-in is found in one of them.
  static Result<Disguise> Make(const std::vector<crypto::Secret>& keys,
                               const std::set<std::string>& names,
                               const std::set<std::string>& payloads);

  // Of a name that Make was not told of, too.
  Result<std::string> Name(const std::string& original);
  std::string Payload(const std::string& original);
  // NUMBER: as inspect::KeyNumber.
  const std::string& Key(size_t number) const { return keys_.at(number - 1); }
  // What no given key opened is sealed under this one, which is in no scenario.
  // Original -> stand-in, of all that were asked for.
  const std::map<std::string, std::string>& names() const { return names_; }
  const std::string& unknown_key() const { return unknown_key_; }

 private:
  Result<std::string> StandIn(const std::string& original, const std::function<bool(char)>& stays,
                              std::set<std::string>& taken);

  std::map<std::string, std::string> names_;
  std::set<std::string> taken_names_;  // originals and stand-ins
  std::map<std::string, std::string> payloads_;
  std::string word_;  // that payloads are made of
  std::vector<std::string> keys_;
  std::string unknown_key_;
};

}  // namespace atrest::capture
