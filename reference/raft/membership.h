// Who belongs to the cluster and who has a vote, and the changes that a leader may make of it, one
// server at a time. Specification: cluster.md 1.4 (how it is stored: membership_codec.h).
// Errors: kInvalid, with the real server's texts, which a client of the add and remove requests and
// the log of a bootstrapping node show.
// Threads: values and pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "reference/base/status.h"

namespace atrest::raft {

using ServerId = std::string;

// Persisted, do not renumber.
enum class Suffrage : uint8_t { kVoter = 0, kNonvoter = 1, kStaging = 2 };

struct Server {
  Suffrage suffrage = Suffrage::kVoter;
  ServerId id;
  std::string address;  // CID.NID.CID
  friend bool operator==(const Server&, const Server&) = default;
};

struct Configuration {
  std::vector<Server> servers;
  friend bool operator==(const Configuration&, const Configuration&) = default;
};
using ConfigurationPtr = std::shared_ptr<const Configuration>;

bool Contains(const Configuration& configuration, const ServerId& id);
bool HasVote(const Configuration& configuration, const ServerId& id);
// How many voters make a majority. 1 where there is no voter.
size_t QuorumSize(const Configuration& configuration);
// Every id and address given and there once, and at least one voter.
Status CheckConfiguration(const Configuration& configuration);
// As the real server prints one: "{[{Voter a tc.a.tc} {Nonvoter b tc.b.tc}]}".
std::string ConfigurationText(const Configuration& configuration);

struct MembershipChange {
  enum class Kind {
    kAddVoter,     // makes a voter of a nonvoter; gives a voter a new address
    kAddNonvoter,  // does not take a voter's vote
    kDemoteVoter,
    kRemoveServer,
  };
  Kind kind = Kind::kAddVoter;
  ServerId id = {};
  std::string address = {};  // of the kinds that add
  // If not 0: the index of the only configuration that this change may be applied to.
  uint64_t previous_index = 0;
};

// CURRENT, which stands in the log at CURRENT_INDEX, with the change applied.
Result<Configuration> NextConfiguration(const Configuration& current, uint64_t current_index,
                                        const MembershipChange& change);

}  // namespace atrest::raft
