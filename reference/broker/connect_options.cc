#include "reference/broker/connect_options.h"

#include <algorithm>
#include <charconv>
#include <variant>

#include "reference/broker/json_reader.h"

namespace atrest::broker {
namespace {

struct Object {};  // a member that is an object, which routes alone use

using Member = std::variant<bool ConnectOptions::*, int64_t ConnectOptions::*,
                            std::string ConnectOptions::*, Object>;

struct Row {
  std::string_view name;
  Member member;
};

const Row kRows[] = {
    {"echo", &ConnectOptions::echo},
    {"verbose", &ConnectOptions::verbose},
    {"pedantic", &ConnectOptions::pedantic},
    {"tls_required", &ConnectOptions::tls_required},
    {"nkey", &ConnectOptions::nkey},
    {"jwt", &ConnectOptions::jwt},
    {"sig", &ConnectOptions::sig},
    {"auth_token", &ConnectOptions::auth_token},
    {"user", &ConnectOptions::user},
    {"pass", &ConnectOptions::pass},
    {"name", &ConnectOptions::name},
    {"lang", &ConnectOptions::lang},
    {"version", &ConnectOptions::version},
    {"protocol", &ConnectOptions::protocol},
    {"account", &ConnectOptions::account},
    {"new_account", &ConnectOptions::new_account},
    {"headers", &ConnectOptions::headers},
    {"no_responders", &ConnectOptions::no_responders},
    {"import", Object{}},
    {"export", Object{}},
};

std::string_view KindName(JsonKind kind) {
  switch (kind) {
    case JsonKind::kNull:
      return "null";
    case JsonKind::kBool:
      return "bool";
    case JsonKind::kNumber:
      return "number";
    case JsonKind::kString:
      return "string";
    case JsonKind::kArray:
      return "array";
    case JsonKind::kObject:
      return "object";
  }
  return "";
}

bool EqualWithoutCase(std::string_view a, std::string_view b) {
  const auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&lower](char x, char y) { return lower(x) == lower(y); });
}

const Row* FindRow(std::string_view name) {
  for (const Row& row : kRows) {
    if (EqualWithoutCase(row.name, name)) return &row;
  }
  return nullptr;
}

// The Go type that VALUE does not fit, or "" once it is written to OPTIONS. GIVEN is how Go's text
// calls the value.
std::string_view Assign(const Member& member, const JsonValue& value, ConnectOptions& options,
                        std::string& given) {
  if (const auto* flag = std::get_if<bool ConnectOptions::*>(&member)) {
    if (value.kind != JsonKind::kBool) return "bool";
    options.*(*flag) = value.boolean;
  } else if (const auto* text = std::get_if<std::string ConnectOptions::*>(&member)) {
    if (value.kind != JsonKind::kString) return "string";
    options.*(*text) = value.text;
  } else if (const auto* number = std::get_if<int64_t ConnectOptions::*>(&member)) {
    if (value.kind != JsonKind::kNumber) return "int";
    const char* const end = value.text.data() + value.text.size();
    const auto [stop, error] = std::from_chars(value.text.data(), end, options.*(*number));
    if (error == std::errc() && stop == end) return "";
    given += " " + value.text;
    return "int";
  } else if (value.kind != JsonKind::kObject) {
    return "server.SubjectPermission";
  }
  return "";
}

}  // namespace

Status MergeConnect(std::string_view json, ConnectOptions& options) {
  const Result<JsonDocument> document = ReadJson(json);
  if (!document.ok()) return document.status();
  const JsonKind kind = document.value().kind;
  if (kind == JsonKind::kNull) return Status();
  if (kind != JsonKind::kObject) {
    return Status(Code::kInvalid, "json: cannot unmarshal " + std::string(KindName(kind)) +
                                      " into Go value of type server.ClientOpts");
  }
  for (const JsonMember& member : document.value().members) {
    const Row* row = FindRow(member.name);
    if (row == nullptr || member.value.kind == JsonKind::kNull) continue;
    std::string given(KindName(member.value.kind));
    const std::string_view type = Assign(row->member, member.value, options, given);
    if (type.empty()) continue;
    return Status(Code::kInvalid, "json: cannot unmarshal " + given +
                                      " into Go struct field ClientOpts." + std::string(row->name) +
                                      " of type " + std::string(type));
  }
  return Status();
}

}  // namespace atrest::broker
