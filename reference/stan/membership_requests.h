// Who asks the leader of a cluster to let a node in or out: nodes that join, and administrators,
// whose subjects are served where the option for it is set. Specification: cluster.md 1.4 and 3j.
// Not for asking: a node that joins sends an encoded JoinRequest to JoinSubject, and waits for a
// JoinResponse, before it has a server.
// Ownership: borrows its Context.
// Errors: askers get theirs.
// Threads: one.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "reference/base/bytes.h"
#include "reference/base/status.h"
#include "reference/raft/membership.h"
#include "reference/stan/bus.h"
#include "reference/stan/context.h"

namespace atrest::stan {

struct JoinRequest {
  std::string node_id;  // 1
  std::string address;  // 2
  friend bool operator==(const JoinRequest&, const JoinRequest&) = default;
};
// Of a response: "" if the node is let in.
Bytes EncodeJoinRequest(const JoinRequest& request);
Result<JoinRequest> DecodeJoinRequest(ByteView encoded);
Bytes EncodeJoinResponse(const std::string& error);
Result<std::string> DecodeJoinResponse(ByteView encoded);
std::string JoinSubject(const std::string& cluster_id);

class MembershipRequests {
 public:
  MembershipRequests(Context& context, bool serves_administrators)
      : context_(context), serves_administrators_(serves_administrators) {}

  // Nodes that join are heard by every node, and answered by the leader alone.
  Status Open();
  Status StartLeading();
  void StopLeading();
  // False if the message is not for it.
  bool OnMessage(const Incoming& incoming);
  void OnChanged(uint64_t ticket, const Status& outcome);

 private:
  using Done = std::function<void(const Status&)>;

  void OnJoin(const Incoming& incoming);
  void OnAdd(const Incoming& incoming);
  void OnRemove(const Incoming& incoming);
  // Logs and answers what became of adding or removing ("adding", "Added") NODE_ID.
  void Report(const std::string& reply, const char* doing, const char* done,
              const std::string& node_id, const Status& outcome);
  void Change(raft::MembershipChange change, Done done);

  Context& context_;
  const bool serves_administrators_;
  uint64_t join_handle_ = 0;
  uint64_t add_handle_ = 0;
  uint64_t remove_handle_ = 0;
  std::map<uint64_t, Done> waiting_;  // by ticket
  uint64_t last_ticket_ = 0;
};

}  // namespace atrest::stan
