#include "reference/raftlog/raft_entry.h"

#include <array>

#include "reference/raftlog/msgpack.h"

namespace atrest::raftlog {
namespace {

constexpr int64_t kNsPerSecond = 1'000'000'000;
constexpr int kSecondsBits = 34;  // of the 8-byte form

uint32_t LoadBe32(const uint8_t* from) {
  return uint32_t{from[0]} << 24 | uint32_t{from[1]} << 16 | uint32_t{from[2]} << 8 | from[3];
}

void StoreBe32(uint8_t* to, uint32_t value) {
  for (size_t i = 0; i < 4; ++i) to[i] = static_cast<uint8_t>(value >> (24 - 8 * i));
}

Bytes TimeBody(const LogTime& time) {
  const auto seconds = static_cast<uint64_t>(time.seconds);
  if (seconds >> kSecondsBits != 0) {
    Bytes body(12);
    StoreBe32(&body[0], time.nanoseconds);
    StoreBe64(&body[4], seconds);
    return body;
  }
  if (time.nanoseconds == 0 && seconds <= 0xFFFFFFFF) {
    Bytes body(4);
    StoreBe32(&body[0], static_cast<uint32_t>(seconds));
    return body;
  }
  Bytes body(8);
  StoreBe64(&body[0], uint64_t{time.nanoseconds} << kSecondsBits | seconds);
  return body;
}

LogTime DecodeTime(ByteView body) {
  if (body.size() == 4) return {LoadBe32(&body[0]), 0};
  if (body.size() == 12) return {static_cast<int64_t>(LoadBe64(&body[4])), LoadBe32(&body[0])};
  const uint64_t both = LoadBe64(&body[0]);
  return {static_cast<int64_t>(both & ((uint64_t{1} << kSecondsBits) - 1)),
          static_cast<uint32_t>(both >> kSecondsBits)};
}

// Calls FIELD(name) for each field of a struct, which reads or skips its value. NAMES is the order
// of declaration, for a struct that is stored as an array.
template <size_t N, typename ReadField>
void ReadStruct(MsgpackReader& reader, const std::array<std::string_view, N>& names,
                ReadField read_field) {
  const MsgpackReader::Container container = reader.Struct();
  for (uint64_t i = 0; i < container.count && reader.status().ok(); ++i) {
    read_field(container.is_map ? reader.Name() : i < N ? names[i] : std::string_view());
  }
}

void ReadEntryField(MsgpackReader& reader, std::string_view name, LogEntry& entry) {
  if (name == "Index") {
    entry.index = reader.Unsigned(64);
  } else if (name == "Term") {
    entry.term = reader.Unsigned(64);
  } else if (name == "Type") {
    entry.type = static_cast<LogType>(reader.Unsigned(8));
  } else if (name == "Data") {
    entry.data = reader.Blob();
  } else if (name == "Extensions") {
    entry.extensions = reader.Blob();
  } else if (name == "AppendedAt") {
    const auto body = reader.Time();
    if (body) entry.appended_at = DecodeTime(*body);
  } else {
    reader.Skip();
  }
}

RaftServer ReadServer(MsgpackReader& reader) {
  RaftServer server;
  ReadStruct<3>(reader, {"Suffrage", "ID", "Address"}, [&](std::string_view name) {
    if (name == "Suffrage") {
      server.suffrage = reader.Unsigned(63);
    } else if (name == "ID") {
      server.id = reader.String();
    } else if (name == "Address") {
      server.address = reader.String();
    } else {
      reader.Skip();
    }
  });
  return server;
}

void PutBlob(ByteView bytes, MsgpackWriter& writer) {
  if (bytes.empty()) {
    writer.Nil();
  } else {
    writer.Raw(bytes);
  }
}

}  // namespace

std::string LogTypeName(LogType type) {
  switch (type) {
    case LogType::kCommand:
      return "Command";
    case LogType::kNoop:
      return "Noop";
    case LogType::kBarrier:
      return "Barrier";
    case LogType::kConfiguration:
      return "Configuration";
  }
  return std::to_string(static_cast<int>(type));
}

LogTime LogTimeOfNs(int64_t nanoseconds) {
  int64_t seconds = nanoseconds / kNsPerSecond;
  int64_t rest = nanoseconds % kNsPerSecond;
  if (rest < 0) {
    --seconds;
    rest += kNsPerSecond;
  }
  return {seconds, static_cast<uint32_t>(rest)};
}

void EncodeEntry(const LogEntry& entry, Bytes& to) {
  MsgpackWriter writer(to);
  writer.Map(6);
  writer.String("AppendedAt");
  if (entry.appended_at) {
    writer.Raw(TimeBody(*entry.appended_at));
  } else {
    writer.Nil();
  }
  writer.String("Data");
  PutBlob(entry.data, writer);
  writer.String("Extensions");
  PutBlob(entry.extensions, writer);
  writer.String("Index");
  writer.Unsigned(entry.index);
  writer.String("Term");
  writer.Unsigned(entry.term);
  writer.String("Type");
  writer.Unsigned(static_cast<uint8_t>(entry.type));
}

Result<LogEntry> DecodeEntry(ByteView encoded) {
  MsgpackReader reader(encoded);
  LogEntry entry;
  ReadStruct<6>(reader, {"Index", "Term", "Type", "Data", "Extensions", "AppendedAt"},
                [&](std::string_view name) { ReadEntryField(reader, name, entry); });
  ATREST_TRY(reader.status());
  return entry;
}

std::string RaftAddress(std::string_view cluster, std::string_view node) {
  std::string address(cluster);
  return address.append(".").append(node).append(".").append(cluster);
}

Bytes EncodeConfiguration(const std::vector<RaftServer>& servers) {
  Bytes encoded;
  MsgpackWriter writer(encoded);
  writer.Map(1);
  writer.String("Servers");
  writer.Array(static_cast<uint32_t>(servers.size()));
  for (const RaftServer& server : servers) {
    writer.Map(3);
    writer.String("Address");
    writer.String(server.address);
    writer.String("ID");
    writer.String(server.id);
    writer.String("Suffrage");
    writer.Unsigned(server.suffrage);
  }
  return encoded;
}

Result<std::vector<RaftServer>> DecodeConfiguration(ByteView encoded) {
  MsgpackReader reader(encoded);
  std::vector<RaftServer> servers;
  ReadStruct<1>(reader, {"Servers"}, [&](std::string_view name) {
    if (name != "Servers") return reader.Skip();
    const MsgpackReader::Container list = reader.List();
    for (uint64_t i = 0; i < list.count && reader.status().ok(); ++i) {
      servers.push_back(ReadServer(reader));
    }
  });
  ATREST_TRY(reader.status());
  return servers;
}

Bytes EncodePeers(const std::vector<RaftServer>& servers) {
  Bytes encoded;
  MsgpackWriter writer(encoded);
  writer.Array(static_cast<uint32_t>(servers.size()));
  for (const RaftServer& server : servers) writer.String(server.address);
  return encoded;
}

}  // namespace atrest::raftlog
