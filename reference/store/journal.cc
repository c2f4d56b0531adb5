#include "reference/store/journal.h"

#include "reference/wire/proto.h"

namespace atrest::store {

using wire::ProtoReader;
using wire::ProtoWriter;

ServerInfo MakeServerInfo(const std::string& cluster_id) {
  ServerInfo server;
  server.cluster_id = cluster_id;
  server.discovery = "_STAN.discover." + cluster_id;
  server.publish = "_STAN.pub." + cluster_id;
  server.subscribe = "_STAN.sub." + cluster_id;
  server.unsubscribe = "_STAN.unsub." + cluster_id;
  server.close = "_STAN.close." + cluster_id;
  server.sub_close = "_STAN.subclose." + cluster_id;
  server.acks_subs = "_STAN.ack." + cluster_id;
  return server;
}

void Encode(const ServerInfo& server, Bytes& to) {
  ProtoWriter writer(to);
  writer.String(1, server.cluster_id);
  writer.String(2, server.discovery);
  writer.String(3, server.publish);
  writer.String(4, server.subscribe);
  writer.String(5, server.unsubscribe);
  writer.String(6, server.close);
  writer.String(7, server.sub_close);
  writer.String(8, server.acks_subs);
  writer.String(9, server.node_id);
}

Result<ServerInfo> DecodeServerInfo(ByteView encoded) {
  ProtoReader reader("ServerInfo", encoded);
  ServerInfo server;
  while (reader.Next()) {
    switch (reader.field()) {
      case 1:
        server.cluster_id = reader.String("ClusterID");
        break;
      case 2:
        server.discovery = reader.String("Discovery");
        break;
      case 3:
        server.publish = reader.String("Publish");
        break;
      case 4:
        server.subscribe = reader.String("Subscribe");
        break;
      case 5:
        server.unsubscribe = reader.String("Unsubscribe");
        break;
      case 6:
        server.close = reader.String("Close");
        break;
      case 7:
        server.sub_close = reader.String("SubClose");
        break;
      case 8:
        server.acks_subs = reader.String("AcksSubs");
        break;
      case 9:
        server.node_id = reader.String("NodeID");
        break;
      default:
        reader.Skip();
    }
  }
  if (!reader.status().ok()) return reader.status();
  return server;
}

void Encode(const ClientInfo& client, Bytes& to) {
  ProtoWriter writer(to);
  writer.String(1, client.id);
  writer.String(2, client.heartbeat_inbox);
  writer.Blob(3, client.connection_id);
  writer.Int32(4, client.protocol);
  writer.Int32(5, client.ping_interval_s);
  writer.Int32(6, client.ping_max_out);
}

Result<ClientInfo> DecodeClientInfo(ByteView encoded) {
  ProtoReader reader("ClientInfo", encoded);
  ClientInfo client;
  ByteView connection_id;
  while (reader.Next()) {
    switch (reader.field()) {
      case 1:
        client.id = reader.String("ID");
        break;
      case 2:
        client.heartbeat_inbox = reader.String("HbInbox");
        break;
      case 3:
        connection_id = reader.Blob("ConnID");
        break;
      case 4:
        client.protocol = reader.Int32("Protocol");
        break;
      case 5:
        client.ping_interval_s = reader.Int32("PingInterval");
        break;
      case 6:
        client.ping_max_out = reader.Int32("PingMaxOut");
        break;
      default:
        reader.Skip();
    }
  }
  if (!reader.status().ok()) return reader.status();
  client.connection_id.assign(connection_id.begin(), connection_id.end());
  return client;
}

void EncodeClientDelete(const std::string& id, Bytes& to) { ProtoWriter(to).String(1, id); }

Result<std::string> DecodeClientDelete(ByteView encoded) {
  ProtoReader reader("ClientDelete", encoded);
  std::string id;
  while (reader.Next()) {
    if (reader.field() == 1) {
      id = reader.String("ID");
    } else {
      reader.Skip();
    }
  }
  if (!reader.status().ok()) return reader.status();
  return id;
}

void Encode(const SubscriptionState& subscription, Bytes& to) {
  ProtoWriter writer(to);
  writer.Uint64(1, subscription.id);
  writer.String(2, subscription.client_id);
  writer.String(3, subscription.queue_group);
  writer.String(4, subscription.inbox);
  writer.String(5, subscription.ack_inbox);
  writer.Int32(6, subscription.max_in_flight);
  writer.Int32(7, subscription.ack_wait_s);
  writer.String(8, subscription.durable_name);
  writer.Uint64(9, subscription.last_sent);
  writer.Bool(10, subscription.is_durable);
  writer.Bool(11, subscription.is_closed);
}

Result<SubscriptionState> DecodeSubscriptionState(ByteView encoded) {
  ProtoReader reader("SubState", encoded);
  SubscriptionState subscription;
  while (reader.Next()) {
    switch (reader.field()) {
      case 1:
        subscription.id = reader.Uint64("ID");
        break;
      case 2:
        subscription.client_id = reader.String("ClientID");
        break;
      case 3:
        subscription.queue_group = reader.String("QGroup");
        break;
      case 4:
        subscription.inbox = reader.String("Inbox");
        break;
      case 5:
        subscription.ack_inbox = reader.String("AckInbox");
        break;
      case 6:
        subscription.max_in_flight = reader.Int32("MaxInFlight");
        break;
      case 7:
        subscription.ack_wait_s = reader.Int32("AckWaitInSecs");
        break;
      case 8:
        subscription.durable_name = reader.String("DurableName");
        break;
      case 9:
        subscription.last_sent = reader.Uint64("LastSent");
        break;
      case 10:
        subscription.is_durable = reader.Bool("IsDurable");
        break;
      case 11:
        subscription.is_closed = reader.Bool("IsClosed");
        break;
      default:
        reader.Skip();
    }
  }
  if (!reader.status().ok()) return reader.status();
  return subscription;
}

void Encode(const SubscriptionUpdate& update, Bytes& to) {
  ProtoWriter writer(to);
  writer.Uint64(1, update.id);
  writer.Uint64(2, update.sequence);
}

Result<SubscriptionUpdate> DecodeSubscriptionUpdate(ByteView encoded) {
  ProtoReader reader("SubStateUpdate", encoded);
  SubscriptionUpdate update;
  while (reader.Next()) {
    switch (reader.field()) {
      case 1:
        update.id = reader.Uint64("ID");
        break;
      case 2:
        update.sequence = reader.Uint64("Seqno");
        break;
      default:
        reader.Skip();
    }
  }
  if (!reader.status().ok()) return reader.status();
  return update;
}

Result<SubscriptionUpdate> DecodeSubscriptionDelete(ByteView encoded) {
  ProtoReader reader("SubStateDelete", encoded);
  SubscriptionUpdate update;
  while (reader.Next()) {
    if (reader.field() == 1) {
      update.id = reader.Uint64("ID");
    } else {
      reader.Skip();
    }
  }
  if (!reader.status().ok()) return reader.status();
  return update;
}

}  // namespace atrest::store
