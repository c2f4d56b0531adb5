#include "harness/inspect/journals.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "harness/inspect/decode.h"

namespace atrest::inspect {
namespace {

using store::ClientInfo;
using store::ClientRecord;
using store::RecoveredSubscription;
using store::ServerInfo;
using store::SubscriptionRecord;
using store::SubscriptionState;
using store::SubscriptionUpdate;

using DamageList = std::vector<DamagedBytes>;

// The payload of RECORD decoded with DECODE; nullopt, and damage, if it cannot be.
template <typename T>
std::optional<T> DecodeOr(const Record& record, Result<T> (*decode)(ByteView), DamageList& damage) {
  Result<T> decoded = DecodeStrictly(record.payload, decode);
  if (decoded.ok()) return std::move(decoded).value();
  damage.push_back(record.AsDamage(DamageKind::kUndecodable, decoded.status().message()));
  return std::nullopt;
}

DamagedBytes UnknownType(const Record& record) {
  return record.AsDamage(DamageKind::kType,
                         "the record type " + std::to_string(record.type) + " is unknown");
}

void Move(DamageList& from, DamageList& to) { std::ranges::move(from, std::back_inserter(to)); }

// The replay of subs.dat.
class Subscriptions {
 public:
  explicit Subscriptions(DamageList& damage) : damage_(damage) {}

  void Apply(const Record& record) {
    switch (static_cast<SubscriptionRecord>(record.type)) {
      case SubscriptionRecord::kNew:
        return Set(record, true);
      case SubscriptionRecord::kUpdate:
        return Set(record, false);
      case SubscriptionRecord::kDelete:
        return Delete(record);
      case SubscriptionRecord::kAck:
        return Ack(record);
      case SubscriptionRecord::kPending:
        return Pend(record);
    }
    damage_.push_back(UnknownType(record));
  }

  std::vector<RecoveredSubscription> Take() {
    std::vector<RecoveredSubscription> live;
    for (auto& [id, subscription] : live_) live.push_back(std::move(subscription));
    return live;
  }

 private:
  void Set(const Record& record, bool is_new) {
    const auto state = DecodeOr<SubscriptionState>(record, store::DecodeSubscriptionState, damage_);
    if (!state) return;
    RecoveredSubscription& subscription = live_[state->id];
    subscription.state = *state;
    if (is_new) subscription.pending.clear();
  }

  void Delete(const Record& record) {
    const auto gone =
        DecodeOr<SubscriptionUpdate>(record, store::DecodeSubscriptionDelete, damage_);
    if (gone) live_.erase(gone->id);
  }

  void Ack(const Record& record) {
    const auto update =
        DecodeOr<SubscriptionUpdate>(record, store::DecodeSubscriptionUpdate, damage_);
    if (!update) return;
    const auto found = live_.find(update->id);
    if (found != live_.end()) found->second.pending.erase(update->sequence);
  }

  void Pend(const Record& record) {
    const auto update =
        DecodeOr<SubscriptionUpdate>(record, store::DecodeSubscriptionUpdate, damage_);
    if (!update) return;
    const auto found = live_.find(update->id);
    if (found == live_.end()) return;
    RecoveredSubscription& subscription = found->second;
    subscription.pending.insert(update->sequence);
    subscription.state.last_sent = std::max(subscription.state.last_sent, update->sequence);
  }

  DamageList& damage_;
  std::map<uint64_t, RecoveredSubscription> live_;
};

}  // namespace

std::optional<ServerInfo> ReadServer(ByteView file, const Crc32& crc, DamageList& damage) {
  RecordFile found = ReadRecords(file, store::Framing::kUntyped, crc);
  if (found.records.empty()) {
    Move(found.damage, damage);
    return std::nullopt;
  }
  // The file is this one record; whatever else was read behind it is one damage.
  const Record& record = found.records[0];
  if (record.end() < file.size()) {
    damage.push_back({record.end(), file.size() - record.end(), DamageKind::kTrailing,
                      "the file goes on behind its record"});
  }
  if (!record.crc_ok) {
    damage.push_back(std::move(found.damage[0]));
    return std::nullopt;
  }
  return DecodeOr<ServerInfo>(record, store::DecodeServerInfo, damage);
}

std::vector<ClientInfo> ReadClients(ByteView file, const Crc32& crc, DamageList& damage) {
  RecordFile found = ReadRecords(file, store::Framing::kTyped, crc);
  Move(found.damage, damage);
  std::map<std::string, ClientInfo> live;
  for (const Record& record : found.records) {
    if (!record.crc_ok) continue;
    if (record.type == static_cast<uint8_t>(ClientRecord::kAdd)) {
      auto client = DecodeOr<ClientInfo>(record, store::DecodeClientInfo, damage);
      if (client) live[client->id] = *client;
    } else if (record.type == static_cast<uint8_t>(ClientRecord::kDelete)) {
      const auto id = DecodeOr<std::string>(record, store::DecodeClientDelete, damage);
      if (id) live.erase(*id);
    } else {
      damage.push_back(UnknownType(record));
    }
  }
  std::vector<ClientInfo> clients;
  for (auto& [id, client] : live) clients.push_back(std::move(client));
  return clients;
}

std::vector<RecoveredSubscription> ReadSubscriptions(ByteView file, const Crc32& crc,
                                                     DamageList& damage) {
  RecordFile found = ReadRecords(file, store::Framing::kTyped, crc);
  Move(found.damage, damage);
  Subscriptions subscriptions(damage);
  for (const Record& record : found.records) {
    if (record.crc_ok) subscriptions.Apply(record);
  }
  return subscriptions.Take();
}

}  // namespace atrest::inspect
