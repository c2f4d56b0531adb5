#include "reference/raftlog/snapshot_meta.h"

#include <charconv>
#include <optional>

#include "reference/raftlog/json_tree.h"
#include "reference/wire/json_text.h"

namespace atrest::raftlog {
namespace {

using Kind = JsonTree::Kind;

constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string ToBase64(ByteView bytes) {
  std::string text;
  for (size_t at = 0; at < bytes.size(); at += 3) {
    uint32_t group = 0;
    for (size_t i = 0; i < 3; ++i)
      group = group << 8 | (at + i < bytes.size() ? bytes[at + i] : 0u);
    for (size_t i = 0; i < 4; ++i) {
      text.push_back(at + i <= bytes.size() ? kBase64[group >> (18 - 6 * i) & 0x3F] : '=');
    }
  }
  return text;
}

// Four characters at a time, padding at the end.
std::optional<Bytes> FromBase64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  Bytes bytes;
  for (size_t at = 0; at < text.size(); at += 4) {
    std::string_view group = text.substr(at, 4);
    while (at + 4 == text.size() && group.size() > 2 && group.back() == '=') group.remove_suffix(1);
    uint32_t value = 0;
    for (size_t i = 0; i < 4; ++i) {
      const size_t digit = i < group.size() ? kBase64.find(group[i]) : 0;
      if (digit == kBase64.npos) return std::nullopt;
      value = value << 6 | static_cast<uint32_t>(digit);
    }
    for (size_t i = 0; i + 1 < group.size(); ++i) {
      bytes.push_back(static_cast<uint8_t>(value >> (16 - 8 * i)));
    }
  }
  return bytes;
}

std::string BytesJson(ByteView bytes) {
  return bytes.empty() ? "null" : '"' + ToBase64(bytes) + '"';
}

std::string ServersJson(const std::vector<RaftServer>& servers) {
  std::string json;
  for (const RaftServer& server : servers) {
    json += (json.empty() ? "" : ",") + ("{\"Suffrage\":" + std::to_string(server.suffrage)) +
            ",\"ID\":" + wire::JsonString(server.id) +
            ",\"Address\":" + wire::JsonString(server.address) + "}";
  }
  return servers.empty() ? "null" : "[" + json + "]";
}

Status WrongType(std::string_view name) {
  return Status(Code::kCorrupt, "json: cannot unmarshal the field " + std::string(name));
}

// Each reads a member of OBJECT; one that is absent or null leaves TO as it is.
const JsonTree* Present(const JsonTree& object, std::string_view name) {
  const JsonTree* member = object.Find(name);
  return member == nullptr || member->kind == Kind::kNull ? nullptr : member;
}

template <typename T>
Status ReadNumber(const JsonTree& object, std::string_view name, T& to) {
  const JsonTree* member = Present(object, name);
  if (member == nullptr) return Status();
  const char* const end = member->text.data() + member->text.size();
  const auto parsed = std::from_chars(member->text.data(), end, to);
  const bool is_whole = parsed.ec == std::errc() && parsed.ptr == end;
  return member->kind == Kind::kNumber && is_whole ? Status() : WrongType(name);
}

Status ReadString(const JsonTree& object, std::string_view name, std::string& to) {
  const JsonTree* member = Present(object, name);
  if (member == nullptr) return Status();
  if (member->kind != Kind::kString) return WrongType(name);
  to = member->text;
  return Status();
}

Status ReadBytes(const JsonTree& object, std::string_view name, Bytes& to) {
  std::string text;
  ATREST_TRY(ReadString(object, name, text));
  auto bytes = FromBase64(text);
  if (!bytes) return WrongType(name);
  to = std::move(*bytes);
  return Status();
}

Status ReadServers(const JsonTree& meta, std::vector<RaftServer>& to) {
  const JsonTree* configuration = Present(meta, "Configuration");
  if (configuration == nullptr) return Status();
  if (configuration->kind != Kind::kObject) return WrongType("Configuration");
  const JsonTree* servers = Present(*configuration, "Servers");
  if (servers == nullptr) return Status();
  if (servers->kind != Kind::kArray) return WrongType("Servers");
  for (const JsonTree& item : servers->items) {
    if (item.kind != Kind::kObject) return WrongType("Servers");
    RaftServer& server = to.emplace_back();
    ATREST_TRY(ReadNumber(item, "Suffrage", server.suffrage));
    ATREST_TRY(ReadString(item, "ID", server.id));
    ATREST_TRY(ReadString(item, "Address", server.address));
  }
  return Status();
}

}  // namespace

std::string EncodeSnapshotMeta(const SnapshotMeta& meta) {
  return "{\"Version\":" + std::to_string(meta.version) + ",\"ID\":" + wire::JsonString(meta.id) +
         ",\"Index\":" + std::to_string(meta.index) + ",\"Term\":" + std::to_string(meta.term) +
         ",\"Peers\":" + BytesJson(meta.peers) +
         ",\"Configuration\":{\"Servers\":" + ServersJson(meta.servers) +
         "},\"ConfigurationIndex\":" + std::to_string(meta.configuration_index) +
         ",\"Size\":" + std::to_string(meta.size) + ",\"CRC\":" + BytesJson(meta.crc) + "}\n";
}

Result<SnapshotMeta> DecodeSnapshotMeta(std::string_view json) {
  const auto tree = ReadJsonTree(json);
  if (!tree.ok()) return tree.status();
  const JsonTree& object = tree.value();
  SnapshotMeta meta;
  meta.version = 0;
  if (object.kind == Kind::kNull) return meta;
  if (object.kind != Kind::kObject) return WrongType("");
  ATREST_TRY(ReadNumber(object, "Version", meta.version));
  ATREST_TRY(ReadString(object, "ID", meta.id));
  ATREST_TRY(ReadNumber(object, "Index", meta.index));
  ATREST_TRY(ReadNumber(object, "Term", meta.term));
  ATREST_TRY(ReadBytes(object, "Peers", meta.peers));
  ATREST_TRY(ReadServers(object, meta.servers));
  ATREST_TRY(ReadNumber(object, "ConfigurationIndex", meta.configuration_index));
  ATREST_TRY(ReadNumber(object, "Size", meta.size));
  ATREST_TRY(ReadBytes(object, "CRC", meta.crc));
  return meta;
}

}  // namespace atrest::raftlog
