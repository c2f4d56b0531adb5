#include "reference/stan/membership_requests.h"

#include <utility>

#include "reference/base/go_quote.h"
#include "reference/stan/cluster_role.h"
#include "reference/wire/proto.h"

namespace atrest::stan {
namespace {

// CID.NID.CID
std::string AddressOf(const std::string& cluster_id, const std::string& node_id) {
  return cluster_id + "." + node_id + "." + cluster_id;
}

std::string Prefix(const std::string& cluster_id) { return "_STAN.raft." + cluster_id; }

}  // namespace

Bytes EncodeJoinRequest(const JoinRequest& request) {
  Bytes encoded;
  wire::ProtoWriter writer(encoded);
  writer.String(1, request.node_id);
  writer.String(2, request.address);
  return encoded;
}

Result<JoinRequest> DecodeJoinRequest(ByteView encoded) {
  wire::ProtoReader reader("RaftJoinRequest", encoded);
  JoinRequest request;
  while (reader.Next()) {
    switch (reader.field()) {
      case 1:
        request.node_id = reader.String("NodeID");
        break;
      case 2:
        request.address = reader.String("NodeAddr");
        break;
      default:
        reader.Skip();
    }
  }
  if (!reader.status().ok()) return reader.status();
  return request;
}

Bytes EncodeJoinResponse(const std::string& error) {
  Bytes encoded;
  wire::ProtoWriter(encoded).String(1, error);
  return encoded;
}

Result<std::string> DecodeJoinResponse(ByteView encoded) {
  wire::ProtoReader reader("RaftJoinResponse", encoded);
  std::string error;
  while (reader.Next()) {
    if (reader.field() == 1) {
      error = reader.String("Error");
    } else {
      reader.Skip();
    }
  }
  if (!reader.status().ok()) return reader.status();
  return error;
}

std::string JoinSubject(const std::string& cluster_id) { return Prefix(cluster_id) + ".join"; }

Status MembershipRequests::Open() {
  const uint64_t handle = context_.NewHandle();
  ATREST_TRY(context_.bus.Subscribe(handle, JoinSubject(context_.info.cluster_id)));
  join_handle_ = handle;
  return Status();
}

Status MembershipRequests::StartLeading() {
  if (!serves_administrators_) return Status();
  const std::string prefix = Prefix(context_.info.cluster_id) + ".node.";
  add_handle_ = context_.NewHandle();
  remove_handle_ = context_.NewHandle();
  ATREST_TRY(context_.bus.Subscribe(add_handle_, prefix + "add")
                 .WithPrefix("could not subscribe to add node subject: "));
  return context_.bus.Subscribe(remove_handle_, prefix + "remove")
      .WithPrefix("could not subscribe to remove node subject: ");
}

void MembershipRequests::StopLeading() {
  for (uint64_t* handle : {&add_handle_, &remove_handle_}) {
    if (*handle != 0) context_.bus.Unsubscribe(std::exchange(*handle, 0));
  }
  waiting_.clear();
}

bool MembershipRequests::OnMessage(const Incoming& incoming) {
  if (incoming.handle == 0) return false;
  if (incoming.handle == join_handle_) {
    if (context_.IsServing()) OnJoin(incoming);
  } else if (incoming.handle == add_handle_) {
    OnAdd(incoming);
  } else if (incoming.handle == remove_handle_) {
    OnRemove(incoming);
  } else {
    return false;
  }
  return true;
}

void MembershipRequests::Change(raft::MembershipChange change, Done done) {
  waiting_[++last_ticket_] = std::move(done);
  context_.cluster->replication.ChangeMembership(change, last_ticket_);
}

void MembershipRequests::OnChanged(uint64_t ticket, const Status& outcome) {
  const auto found = waiting_.find(ticket);
  if (found == waiting_.end()) return;
  const Done done = std::move(found->second);
  waiting_.erase(found);
  done(outcome);
}

void MembershipRequests::OnJoin(const Incoming& incoming) {
  const Result<JoinRequest> request = DecodeJoinRequest(incoming.payload);
  if (!request.ok()) {
    context_.Error("Invalid join request for Raft group " + context_.info.cluster_id);
    return;
  }
  const auto answer = [this, reply = std::string(incoming.reply)](const Status& outcome) {
    (void)context_.bus.Publish(reply, {}, EncodeJoinResponse(outcome.message()));
  };
  if (request.value().node_id == context_.info.node_id) return answer(Status());
  Change({.kind = raft::MembershipChange::Kind::kAddVoter,
          .id = request.value().node_id,
          .address = request.value().address},
         answer);
}

void MembershipRequests::OnAdd(const Incoming& incoming) {
  const std::string id(AsText(incoming.payload));
  const auto report = [this, id, reply = std::string(incoming.reply)](const Status& outcome) {
    Report(reply, "adding", "Added", id, outcome);
  };
  if (id.empty()) return report(Status(Code::kInvalid, "invalid node ID"));
  Change({.kind = raft::MembershipChange::Kind::kAddVoter,
          .id = id,
          .address = AddressOf(context_.info.cluster_id, id)},
         report);
}

void MembershipRequests::OnRemove(const Incoming& incoming) {
  const std::string id(AsText(incoming.payload));
  Change({.kind = raft::MembershipChange::Kind::kRemoveServer, .id = id},
         [this, id, reply = std::string(incoming.reply)](const Status& outcome) {
           Report(reply, "removing", "Removed", id, outcome);
         });
}

void MembershipRequests::Report(const std::string& reply, const char* doing, const char* done,
                                const std::string& node_id, const Status& outcome) {
  if (outcome.ok()) {
    context_.Info(std::string(done) + " node " + GoQuote(node_id));
    (void)context_.bus.Publish(reply, {}, AsBytes("+OK"));
    return;
  }
  const std::string what =
      std::string(doing) + " node " + GoQuote(node_id) + ": " + outcome.message();
  context_.Error("Error " + what);
  (void)context_.bus.Publish(reply, {}, AsBytes("-ERR " + what));
}

}  // namespace atrest::stan
