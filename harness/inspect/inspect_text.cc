#include "harness/inspect/inspect_text.h"

#include <utility>

#include "harness/inspect/kind_names.h"
#include "harness/inspect/table.h"
#include "harness/inspect/text_parts.h"
#include "reference/base/go_quote.h"

namespace atrest::inspect {
namespace {

using std::to_string;

std::string DamageText(const std::vector<Damage>& damage) {
  if (damage.empty()) return "No damage found.\n";
  std::string text = "DAMAGE in " + Counted(damage.size(), "place", "places") + ":\n";
  Table table({{"file"}, {"offset", Align::kRight}, {"bytes", Align::kRight}, {"kind"}, {"why"}});
  for (const Damage& it : damage) {
    table.Add(
        {GoQuote(it.file), to_string(it.offset), to_string(it.bytes), NameOf(it.kind), it.why});
  }
  return text + table.Print(2);
}

std::string ReuseText(const std::vector<NonceReuse>& reuse) {
  if (reuse.empty()) return "";
  std::string text = "REUSED NONCES: " + to_string(reuse.size()) + ":\n";
  Table table({{"channel"}, {"cipher"}, {"nonce"}, {"key"}, {"data"}, {"sequence@slice:offset"}});
  for (const NonceReuse& it : reuse) {
    std::string places;
    for (const Place& place : it.at) {
      places += (places.empty() ? "" : " ") + to_string(place.sequence) + "@" +
                to_string(place.slice) + ":" + to_string(place.offset);
    }
    table.Add({GoQuote(it.channel), std::string(crypto::CipherName(it.cipher)), ToHex(it.nonce),
               it.key ? to_string(*it.key) : "none given", it.same_bytes ? "the same" : "different",
               places});
  }
  return text + table.Print(2);
}

std::string ClientsText(const std::vector<store::ClientInfo>& clients) {
  if (clients.empty()) return "No clients.\n";
  Table table({{"client"},
               {"heartbeat inbox"},
               {"protocol", Align::kRight},
               {"ping s", Align::kRight},
               {"max out", Align::kRight}});
  for (const store::ClientInfo& it : clients) {
    table.Add({GoQuote(it.id), GoQuote(it.heartbeat_inbox), to_string(it.protocol),
               to_string(it.ping_interval_s), to_string(it.ping_max_out)});
  }
  return Counted(clients.size(), "client", "clients") + ":\n" + table.Print(2);
}

std::string SlicesText(const std::vector<Slice>& slices) {
  Table table({{"slice", Align::kRight},
               {"data bytes", Align::kRight},
               {"records", Align::kRight},
               {"padding", Align::kRight},
               {"index bytes", Align::kRight},
               {"index records", Align::kRight},
               {"index padding", Align::kRight}});
  for (const Slice& it : slices) {
    table.Add({to_string(it.number), to_string(it.data_size), to_string(it.records),
               to_string(it.data_padding), it.index_size ? to_string(*it.index_size) : "none",
               to_string(it.index_records), to_string(it.index_padding)});
  }
  return table.empty() ? "" : table.Print(2);
}

// What the subject and the reply of a message add to its channel's name.
std::string Remarks(const std::string& channel, const StoredMessage& message) {
  std::string remarks;
  if (!message.crc_ok) remarks += " WRONG CHECKSUM";
  if (message.subject != channel) remarks += " subject=" + GoQuote(message.subject);
  if (!message.reply.empty()) remarks += " reply=" + GoQuote(message.reply);
  if (message.payload) remarks += " payload=" + GoQuote(AsText(*message.payload));
  return remarks.empty() ? "" : remarks.substr(1);
}

std::string OpenedBy(const StoredMessage& message) {
  if (!message.cipher) return "";
  return message.opened_by.empty() ? "no key" : "key " + Joined(message.opened_by);
}

std::string MessagesText(const Channel& channel) {
  Table table({{"sequence", Align::kRight},
               {"slice", Align::kRight},
               {"offset", Align::kRight},
               {"time"},
               {"data", Align::kRight},
               {"cipher"},
               {"nonce"},
               {"opened by"},
               {"plain", Align::kRight},
               {"index"},
               {""}});
  for (const StoredMessage& it : channel.messages) {
    table.Add({to_string(it.place.sequence), to_string(it.place.slice), to_string(it.place.offset),
               Utc(it.timestamp_ns), it.data_size ? to_string(*it.data_size) : "none",
               it.cipher ? std::string(crypto::CipherName(*it.cipher)) : "",
               it.cipher ? ToHex(it.nonce) : "", OpenedBy(it),
               it.plaintext_size ? to_string(*it.plaintext_size) : "", NameOf(it.index),
               Remarks(channel.name, it)});
  }
  return table.empty() ? "" : table.Print(2);
}

std::string SubscriptionsText(const std::vector<store::RecoveredSubscription>& subscriptions) {
  Table table({{"subscription", Align::kRight},
               {"client"},
               {"durable"},
               {"queue group"},
               {"last sent", Align::kRight},
               {"pending"},
               {""}});
  for (const auto& [state, pending] : subscriptions) {
    table.Add({to_string(state.id), GoQuote(state.client_id),
               state.durable_name.empty() ? "" : GoQuote(state.durable_name),
               state.queue_group.empty() ? "" : GoQuote(state.queue_group),
               to_string(state.last_sent), Joined(pending), state.is_closed ? "closed" : ""});
  }
  return table.empty() ? "" : table.Print(2);
}

std::string ChannelText(const Channel& channel) {
  return "\nChannel " + GoQuote(channel.name) + ": " +
         Counted(channel.messages.size(), "message", "messages") + ", " +
         Counted(channel.subscriptions.size(), "subscription", "subscriptions") + "\n" +
         SlicesText(channel.slices) + MessagesText(channel) +
         SubscriptionsText(channel.subscriptions);
}

}  // namespace

std::string PrintText(const Inspection& inspection) {
  std::string text = DamageText(inspection.damage) + ReuseText(inspection.nonce_reuse) + "\n";
  text += inspection.server ? "Cluster id " + GoQuote(inspection.server->cluster_id) + ".\n"
                            : "No server information.\n";
  text += ClientsText(inspection.clients);
  for (const Channel& channel : inspection.channels) text += ChannelText(channel);
  if (inspection.other_files.empty()) return text;
  text += "\nFiles that do not belong to a store:\n";
  for (const std::string& file : inspection.other_files) text += "  " + GoQuote(file) + "\n";
  return text;
}

}  // namespace atrest::inspect
