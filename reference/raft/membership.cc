#include "reference/raft/membership.h"

#include <algorithm>
#include <set>

namespace atrest::raft {
namespace {

template <typename Servers>
auto Find(Servers& servers, const ServerId& id) {
  return std::find_if(servers.begin(), servers.end(),
                      [&id](const Server& server) { return server.id == id; });
}

const char* SuffrageText(Suffrage suffrage) {
  switch (suffrage) {
    case Suffrage::kVoter:
      return "Voter";
    case Suffrage::kNonvoter:
      return "Nonvoter";
    case Suffrage::kStaging:
      return "Staging";
  }
  return "ServerSuffrage";
}

std::string ServerText(const Server& server) {
  return std::string("{") + SuffrageText(server.suffrage) + " " + server.id + " " + server.address +
         "}";
}

Status Invalid(const std::string& message) { return Status(Code::kInvalid, message); }

void AddVoter(std::vector<Server>& servers, const MembershipChange& change) {
  const auto found = Find(servers, change.id);
  if (found != servers.end()) {
    *found = {Suffrage::kVoter, change.id, change.address};
  } else {
    servers.push_back({Suffrage::kVoter, change.id, change.address});
  }
}

void AddNonvoter(std::vector<Server>& servers, const MembershipChange& change) {
  const auto found = Find(servers, change.id);
  if (found != servers.end()) {
    found->address = change.address;
  } else {
    servers.push_back({Suffrage::kNonvoter, change.id, change.address});
  }
}

}  // namespace

bool Contains(const Configuration& configuration, const ServerId& id) {
  return Find(configuration.servers, id) != configuration.servers.end();
}

bool HasVote(const Configuration& configuration, const ServerId& id) {
  const auto found = Find(configuration.servers, id);
  return found != configuration.servers.end() && found->suffrage == Suffrage::kVoter;
}

size_t QuorumSize(const Configuration& configuration) {
  size_t voters = 0;
  for (const Server& server : configuration.servers) {
    if (server.suffrage == Suffrage::kVoter) ++voters;
  }
  return voters / 2 + 1;
}

std::string ConfigurationText(const Configuration& configuration) {
  std::string text = "{[";
  for (const Server& server : configuration.servers) {
    if (text.size() > 2) text += " ";
    text += ServerText(server);
  }
  return text + "]}";
}

Status CheckConfiguration(const Configuration& configuration) {
  std::set<std::string> ids;
  std::set<std::string> addresses;
  bool voter = false;
  for (const Server& server : configuration.servers) {
    if (server.id.empty()) {
      return Invalid("empty ID in configuration: " + ConfigurationText(configuration));
    }
    if (server.address.empty()) {
      return Invalid("empty address in configuration: " + ServerText(server));
    }
    if (!ids.insert(server.id).second) {
      return Invalid("found duplicate ID in configuration: " + server.id);
    }
    if (!addresses.insert(server.address).second) {
      return Invalid("found duplicate address in configuration: " + server.address);
    }
    voter = voter || server.suffrage == Suffrage::kVoter;
  }
  if (voter) return Status();
  return Invalid("need at least one voter in configuration: " + ConfigurationText(configuration));
}

Result<Configuration> NextConfiguration(const Configuration& current, uint64_t current_index,
                                        const MembershipChange& change) {
  if (change.previous_index > 0 && change.previous_index != current_index) {
    return Invalid("configuration changed since " + std::to_string(change.previous_index) +
                   " (latest is " + std::to_string(current_index) + ")");
  }
  Configuration next = current;
  const auto found = Find(next.servers, change.id);
  const bool known = found != next.servers.end();
  switch (change.kind) {
    case MembershipChange::Kind::kAddVoter:
      AddVoter(next.servers, change);
      break;
    case MembershipChange::Kind::kAddNonvoter:
      AddNonvoter(next.servers, change);
      break;
    case MembershipChange::Kind::kDemoteVoter:
      if (known) found->suffrage = Suffrage::kNonvoter;
      break;
    case MembershipChange::Kind::kRemoveServer:
      if (known) next.servers.erase(found);
      break;
  }
  ATREST_TRY(CheckConfiguration(next));
  return next;
}

}  // namespace atrest::raft
