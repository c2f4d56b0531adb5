#include "harness/inspect/raft_text.h"

#include <algorithm>
#include <map>
#include <set>

#include "harness/inspect/raft_operation_view.h"
#include "harness/inspect/table.h"
#include "harness/inspect/text_parts.h"
#include "reference/base/go_quote.h"

namespace atrest::inspect {
namespace {

using raftlog::LogType;
using std::to_string;

constexpr int64_t kNsPerSecond = 1'000'000'000;
// Beyond this, nanoseconds do not fit.
constexpr int64_t kSecondsMax = int64_t{1} << 33;

std::string TimeText(const std::optional<raftlog::LogTime>& time) {
  if (!time) return "";
  if (time->seconds < 0 || time->seconds > kSecondsMax) return to_string(time->seconds) + " s";
  return Utc(time->seconds * kNsPerSecond + time->nanoseconds);
}

void AddNamed(const char* name, const std::string& value, std::string& text) {
  if (!value.empty()) text += std::string(" ") + name + "=" + GoQuote(value);
}

template <typename Numbers>
void AddNumbers(const char* name, const Numbers& numbers, std::string& text) {
  if (!numbers.empty()) text += std::string(" ") + name + "=" + Joined(numbers);
}

std::string OperationText(const raftlog::RaftOperation& operation) {
  const OperationView view = ViewOf(operation);
  std::string text = view.type;
  AddNamed("channel", view.channel, text);
  if (view.channel_id != 0) text += " id=" + to_string(view.channel_id);
  AddNamed("client", view.client_id, text);
  AddNamed("durable", view.durable_name, text);
  AddNamed("queue", view.queue_group, text);
  AddNumbers("sequences", view.sequences, text);
  AddNumbers("sizes", view.payload_sizes, text);
  AddNumbers("sent", view.sent, text);
  AddNumbers("acked", view.acked, text);
  return text;
}

std::string ContentText(const StoredEntry& entry, bool with_plaintext) {
  std::string text;
  if (entry.stored.type == LogType::kConfiguration) {
    const auto servers = raftlog::DecodeConfiguration(entry.stored.data);
    for (const raftlog::RaftServer& server :
         servers.ok() ? servers.value() : std::vector<raftlog::RaftServer>()) {
      text += (text.empty() ? "" : " ") + server.address;
    }
    return text;
  }
  if (entry.stored.type != LogType::kCommand) return "";
  if (!entry.plaintext) return "";
  text = entry.operation ? OperationText(*entry.operation) : "NO OPERATION";
  if (with_plaintext) text += " " + ToHex(*entry.plaintext);
  return text;
}

std::string HowSealed(const StoredEntry& entry) {
  if (entry.cipher) return std::string(crypto::CipherName(*entry.cipher));
  return entry.stored.type == LogType::kCommand ? "PLAIN" : "";
}

std::string OpenedBy(const StoredEntry& entry) {
  if (!entry.cipher) return "";
  return entry.opened_by.empty() ? "no key" : "key " + Joined(entry.opened_by);
}

std::string EntriesText(const std::vector<StoredEntry>& entries, bool with_plaintext) {
  Table table({{"index", Align::kRight},
               {"term", Align::kRight},
               {"type"},
               {"time"},
               {"data", Align::kRight},
               {"cipher"},
               {"nonce"},
               {"opened by"},
               {""}});
  for (const StoredEntry& it : entries) {
    table.Add({to_string(it.stored.index), to_string(it.stored.term), LogTypeName(it.stored.type),
               TimeText(it.stored.appended_at), to_string(it.stored.data.size()), HowSealed(it),
               it.cipher ? ToHex(it.nonce) : "", OpenedBy(it), ContentText(it, with_plaintext)});
  }
  return table.empty() ? "" : table.Print(2);
}

std::string DamageText(const std::vector<RaftDamage>& damage) {
  if (damage.empty()) return "No damage found.\n";
  std::string text = "DAMAGE in " + Counted(damage.size(), "place", "places") + ":\n";
  Table table({{"file"}, {"why"}});
  for (const RaftDamage& it : damage) table.Add({GoQuote(it.file), it.why});
  return text + table.Print(2);
}

std::string ReuseText(const std::vector<RaftNonceReuse>& reuse) {
  if (reuse.empty()) return "";
  Table table({{"cipher"}, {"nonce"}, {"indexes"}});
  for (const RaftNonceReuse& it : reuse) {
    table.Add({std::string(crypto::CipherName(it.cipher)), ToHex(it.nonce), Joined(it.indexes)});
  }
  return "REUSED NONCES: " + to_string(reuse.size()) + ":\n" + table.Print(2);
}

std::string MetasText(const RaftInspection& inspection) {
  std::string text;
  for (size_t page = 0; page < inspection.metas.size(); ++page) {
    const auto& meta = inspection.metas[page];
    text += "Meta " + to_string(page) + ": ";
    text += meta ? "transaction " + to_string(meta->transaction) + ", root " +
                       to_string(meta->root) + ", high-water mark " + to_string(meta->high_water) +
                       ", pages of " + to_string(meta->page_size)
                 : "BAD";
    text += "\n";
  }
  return text;
}

std::string StableText(const RaftInspection& inspection) {
  std::string text;
  for (const RaftValue& it : inspection.conf) {
    const bool is_number = it.value.size() == 8;
    text += it.name + ": " +
            (is_number ? to_string(LoadBe64(it.value.data())) : GoQuote(AsText(it.value))) + "\n";
  }
  for (const RaftChannelId& it : inspection.channels) {
    text += "Channel " + GoQuote(it.name) + " has id " + to_string(it.id) + "\n";
  }
  return text;
}

// What lingers: entries, in free pages, that no longer count.
std::string FreePagesText(const std::vector<RaftFreePage>& pages, bool with_plaintext) {
  if (pages.empty()) return "Free pages hold no entries.\n";
  std::set<uint64_t> plain;
  std::set<uint64_t> sealed;
  std::string text;
  for (const RaftFreePage& page : pages) {
    for (const StoredEntry& entry : page.entries) {
      if (entry.stored.type == LogType::kCommand) {
        (entry.cipher ? sealed : plain).insert(entry.stored.index);
      }
    }
    text += "Free page " + to_string(page.page) + ":\n" + EntriesText(page.entries, with_plaintext);
  }
  return "Free pages hold " + Counted(plain.size(), "command", "commands") + " in PLAINTEXT, " +
         to_string(sealed.size()) + " sealed.\n" + text;
}

std::string SnapshotText(const StoredSnapshot& snapshot) {
  std::string text = "Snapshot " + GoQuote(snapshot.name) + ": index " +
                     to_string(snapshot.meta.index) + ", term " + to_string(snapshot.meta.term) +
                     (snapshot.crc_ok ? "" : ", WRONG CHECKSUM") + "\n";
  if (!snapshot.state) return text;
  for (const store::ClientInfo& client : snapshot.state->clients) {
    text += "  client " + GoQuote(client.id) + "\n";
  }
  for (const raftlog::ChannelSnapshot& channel : snapshot.state->channels) {
    text += "  channel " + GoQuote(channel.name) + " id " + to_string(channel.channel_id) + ", " +
            to_string(channel.first) + " to " + to_string(channel.last) + "\n";
    for (const raftlog::SubscriptionSnapshot& it : channel.subscriptions) {
      text += "    subscription " + to_string(it.state.id) + " of " + GoQuote(it.state.client_id);
      AddNamed("durable", it.state.durable_name, text);
      text += " last sent " + to_string(it.state.last_sent);
      AddNumbers("pending", it.pending, text);
      text += "\n";
    }
  }
  return text;
}

// The entries of one index, by node.
using OfNodes = std::vector<const StoredEntry*>;

bool Disagree(const StoredEntry& a, const StoredEntry& b) {
  const raftlog::LogEntry& x = a.stored;
  const raftlog::LogEntry& y = b.stored;
  if (x.term != y.term || x.type != y.type || x.appended_at != y.appended_at) return true;
  if (x.type == LogType::kConfiguration || !a.plaintext || !b.plaintext) return false;
  return *a.plaintext != *b.plaintext;
}

std::string DifferenceOf(uint64_t index, const OfNodes& entries,
                         const std::vector<NamedInspection>& nodes) {
  const auto present = std::ranges::find_if(entries, [](auto* entry) { return entry != nullptr; });
  const auto first = static_cast<size_t>(present - entries.begin());
  std::string text;
  for (size_t i = 0; i < entries.size(); ++i) {
    const std::vector<StoredEntry>& own = nodes[i].inspection.entries;
    const bool is_within =
        !own.empty() && index >= own.front().stored.index && index <= own.back().stored.index;
    const std::string where = "  index " + to_string(index) + ": " + nodes[i].name;
    if (entries[i] == nullptr) {
      if (is_within) text += where + " lacks it\n";
    } else if (Disagree(*entries[first], *entries[i])) {
      text += where + " differs from " + nodes[first].name + "\n";
    }
  }
  return text;
}

}  // namespace

std::string PrintRaftText(const RaftInspection& inspection) {
  const bool with_plaintext = inspection.payloads_kept;
  std::string text = DamageText(inspection.damage) + ReuseText(inspection.nonce_reuse) + "\n" +
                     MetasText(inspection) + StableText(inspection) + "\n" +
                     Counted(inspection.entries.size(), "entry", "entries") + ".\n" +
                     EntriesText(inspection.entries, with_plaintext) + "\n" +
                     FreePagesText(inspection.free_pages, with_plaintext);
  for (const StoredSnapshot& snapshot : inspection.snapshots) text += SnapshotText(snapshot);
  return text;
}

std::string PrintRaftDifferences(const std::vector<NamedInspection>& nodes) {
  std::map<uint64_t, OfNodes> by_index;
  for (size_t i = 0; i < nodes.size(); ++i) {
    for (const StoredEntry& entry : nodes[i].inspection.entries) {
      OfNodes& entries = by_index[entry.stored.index];
      entries.resize(nodes.size());
      entries[i] = &entry;
    }
  }
  std::string text;
  for (const auto& [index, entries] : by_index) text += DifferenceOf(index, entries, nodes);
  return text.empty() ? "The nodes' logs agree.\n" : "The nodes' logs DIFFER:\n" + text;
}

}  // namespace atrest::inspect
