// Every key that any node of a run was ever given, and what opens sealed bytes (cluster.md 1.6):
// with the derivation of the place where they are kept, a channel's messages or the Raft log.
// Ownership: openers are made once for each derived key and kept.
// Errors: what does not open gives nullopt.
// Threads: none shared.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "harness/disktruth/sealing.h"
#include "reference/base/bytes.h"

namespace atrest::simcheck {

// A key's number, in the order in which the run's nodes were given them; equal keys have one.
using KeyId = size_t;

// The place of the Raft log; any other is a channel's name.
inline const std::string kRaftPlace;

struct Unsealed {
  KeyId key = 0;
  Bytes plain;
};

class RunKeys {
 public:
  // NODE: the id of the node that is given it.
  KeyId Add(const std::string& key, const std::string& node = "");
  size_t size() const { return keys_.size(); }
  // As messages show it: keys are never printed.
  std::string Name(KeyId key) const;

  // The first key that opens DATA as kept in PLACE: those of FIRST, then all others.
  // REQUIRES: LooksSealed(DATA).
  std::optional<Unsealed> Open(ByteView data, const std::string& place,
                               const std::vector<KeyId>& first);
  // Whether KEY opens it. REQUIRES: LooksSealed(DATA).
  std::optional<Bytes> OpenWith(KeyId key, ByteView data, const std::string& place);
  // In which wrong way DATA opens: with a derivation of another place. "" if in none.
  std::string WrongWay(ByteView data, const std::string& place,
                       const std::vector<std::string>& channels);

 private:
  disktruth::Opener& OpenerOf(KeyId key, const std::string& place);

  std::vector<std::string> keys_;
  std::vector<std::string> first_nodes_;  // that were given them
  std::map<std::string, KeyId> ids_;
  std::map<std::pair<KeyId, std::string>, disktruth::Opener> openers_;
};

}  // namespace atrest::simcheck
