#include <algorithm>
#include <utility>

#include "reference/base/fault.h"
#include "reference/base/go_duration.h"
#include "reference/base/go_quote.h"
#include "reference/base/random.h"
#include "reference/crypto/cipher.h"
#include "reference/server/config_value.h"
#include "reference/server/go_values.h"
#include "reference/server/option_table.h"
#include "reference/server/options.h"

namespace atrest::server {
namespace {

Status Invalid(std::string text) { return Status(Code::kInvalid, std::move(text)); }

// VALUE as %v prints it, for what stands where a map should.
std::string Shown(const ConfigValue& value) {
  if (const auto* truth = std::get_if<bool>(&value.data)) return *truth ? "true" : "false";
  if (const auto* number = std::get_if<int64_t>(&value.data)) return std::to_string(*number);
  if (const auto* text = std::get_if<std::string>(&value.data)) return *text;
  return std::string(ConfigTypeName(value));
}

Result<const ConfigMap*> AsMap(const ConfigValue& value, std::string_view what) {
  if (const auto* map = std::get_if<ConfigMap>(&value.data)) return map;
  return Invalid("expected " + std::string(what) + " to be a map/struct, got " + Shown(value));
}

// The members in the order in which they are applied.
std::vector<const ConfigMember*> Ordered(const ConfigMap& map, Random* random) {
  std::vector<const ConfigMember*> members;
  for (const auto& member : map) members.push_back(&member);
  for (size_t i = members.size(); random != nullptr && i > 1; --i) {
    std::swap(members[i - 1], members[random->Below(i)]);
  }
  return members;
}

Status WrongType(const ConfigMember& member, const char* expected) {
  return Invalid("parameter \"" + member.key + "\" value is expected to be " + expected + ", got " +
                 std::string(ConfigTypeName(member.value)));
}

Result<int64_t> DurationOf(const ConfigMember& member) {
  const auto* text = std::get_if<std::string>(&member.value.data);
  if (text == nullptr) return WrongType(member, "string");
  return ParseGoDuration(*text);
}

Result<int64_t> NumberOf(OptionKind kind, const ConfigMember& member) {
  if (kind == OptionKind::kDuration) return DurationOf(member);
  if (const auto* number = std::get_if<int64_t>(&member.value.data)) return *number;
  return WrongType(member, "int64");
}

void SetBool(const OptionTarget& target, bool value, Options& options) {
  if (const auto* member = std::get_if<bool Options::*>(&target)) {
    options.*(*member) = value;
    return;
  }
  for (const auto member : std::get<BoolTargets>(target)) {
    if (member != nullptr) options.*member = value;
  }
}

Status SetStore(const std::string& name, Options& options) {
  std::string upper = name;
  for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c & ~0x20) : c;
  if (upper != "MEMORY" && upper != "FILE" && upper != "SQL") {
    return Invalid("unknown store type: " + name);
  }
  options.store_type = std::move(upper);
  return Status();
}

// Faults of a key in a file.
std::string Changed(std::string key) {
  const size_t nul = key.find('\0');
  if (nul != std::string::npos && fault::On(Fault::kFileKeyEndsAtNul)) key.resize(nul);
  const size_t hash = key.find('#');
  if (hash != std::string::npos && fault::On(Fault::kFileKeyEndsAtHash)) key.resize(hash);
  const size_t last = key.find_last_not_of(" \t\r\n");
  if (last != std::string::npos && last + 1 < key.size() && fault::On(Fault::kFileKeyTrimmed))
    key.resize(last + 1);
  return key;
}

// Faults of a cipher in a file.
bool Ignores(const std::string& cipher) {
  const auto parsed = crypto::ParseCipher(cipher);
  if (!parsed.ok()) return fault::On(Fault::kFileUnknownCipherIgnored);
  return parsed.value() != crypto::DefaultCipher() && fault::On(Fault::kFileCipherIgnored);
}

Status SetText(const OptionRow& row, const std::string& text, Options& options) {
  if (row.kind == OptionKind::kStore) return SetStore(text, options);
  if (row.keys == "encryption_cipher" && Ignores(text)) return Status();
  if (row.kind == OptionKind::kKey) {
    options.config_key = Changed(text);
    options.encrypt = true;  // even if the key is empty (standalone.md 3.6)
    return Status();
  }
  options.*std::get<std::string Options::*>(row.target) = text;
  return Status();
}

Status Refused(const ConfigMember& member) {
  return Status(Code::kUnsupported, "parameter \"" + member.key + "\" is not supported here");
}

// REQUIRES: not a kMap.
Status SetScalar(const OptionRow& row, const ConfigMember& member, Options& options) {
  const auto* truth = std::get_if<bool>(&member.value.data);
  const auto* text = std::get_if<std::string>(&member.value.data);
  const bool is_number = std::holds_alternative<int64_t Options::*>(row.target);
  if (row.kind == OptionKind::kBool && truth == nullptr) return WrongType(member, "bool");
  if (row.support == OptionSupport::kRefused) {
    return truth != nullptr && !*truth ? Status() : Refused(member);
  }
  if (row.kind == OptionKind::kBool) {
    if (row.keys == "encrypt" && *truth && !options.encrypt &&
        fault::On(Fault::kFileSwitchIgnored)) {
      return Status();
    }
    SetBool(row.target, *truth, options);
    return Status();
  }
  if (row.kind == OptionKind::kKey && std::holds_alternative<int64_t>(member.value.data) &&
      fault::On(Fault::kNumberAsKey)) {
    return SetText(row, std::to_string(std::get<int64_t>(member.value.data)), options);
  }
  if (is_number) {
    const auto number = NumberOf(row.kind, member);
    if (!number.ok()) return number.status();
    options.*std::get<int64_t Options::*>(row.target) = number.value();
    return Status();
  }
  return text == nullptr ? WrongType(member, "string") : SetText(row, *text, options);
}

std::optional<int64_t>* OverrideOf(int64_t Options::*target, ChannelOverrides& overrides) {
  if (target == &Options::max_messages) return &overrides.max_messages;
  if (target == &Options::max_bytes) return &overrides.max_bytes;
  if (target == &Options::max_age_ns) return &overrides.max_age_ns;
  if (target == &Options::max_subscriptions) return &overrides.max_subscriptions;
  if (target == &Options::max_inactivity_ns) return &overrides.max_inactivity_ns;
  return nullptr;
}

// Tokens between dots are not empty; '*' and '>' stand alone, '>' at the end.
bool IsChannelName(std::string_view name) {
  while (true) {
    const size_t dot = name.find('.');
    const std::string_view token = name.substr(0, dot);
    const bool wild = token.find_first_of("*>") != std::string_view::npos;
    if (token.empty() || token.find_first_of(" \t\r\n/") != std::string_view::npos) return false;
    if (wild && token.size() > 1) return false;
    if (dot == std::string_view::npos) return true;
    if (token == ">") return false;
    name.remove_prefix(dot + 1);
  }
}

class Applier {
 public:
  Applier(uint64_t seed, Options& options)
      : random_(seed), order_(seed == 0 ? nullptr : &random_), options_(options) {}

  Status Section(OptionSection section, const ConfigMap& map);

 private:
  Status Map(const OptionRow& row, const ConfigMember& member);
  Status PerChannel(const ConfigMap& map);
  Status Channel(const std::string& name, const ConfigMap& map);

  Random random_;
  Random* order_;  // nullptr: that of the file
  Options& options_;
};

Status Applier::Section(OptionSection section, const ConfigMap& map) {
  for (const ConfigMember* member : Ordered(map, order_)) {
    const OptionRow* row = FindKey(section, AsciiLower(member->key));
    if (row == nullptr) continue;
    if (row->kind == OptionKind::kKey && member->key != AsciiLower(member->key) &&
        fault::On(Fault::kFileKeyNameInCase)) {
      continue;
    }
    ATREST_TRY(row->kind == OptionKind::kMap ? Map(*row, *member)
                                             : SetScalar(*row, *member, options_));
  }
  return Status();
}

Status Applier::Map(const OptionRow& row, const ConfigMember& member) {
  const auto map = AsMap(member.value, row.subject);
  if (!map.ok()) return map.status();
  if (row.support == OptionSupport::kRefused) return Refused(member);
  if (row.section == OptionSection::kLimits) return PerChannel(*map.value());
  const bool limits = row.subject == "store limits";
  return Section(limits ? OptionSection::kLimits : OptionSection::kFile, *map.value());
}

Status Applier::PerChannel(const ConfigMap& map) {
  for (const ConfigMember* member : Ordered(map, order_)) {
    const auto channel = AsMap(member->value, "channel limits");
    if (!channel.ok()) return channel.status();
    if (!IsChannelName(member->key)) {
      return Invalid("invalid channel name " + GoQuote(member->key));
    }
    ATREST_TRY(Channel(member->key, *channel.value()));
  }
  return Status();
}

Status Applier::Channel(const std::string& name, const ConfigMap& map) {
  ChannelOverrides& overrides = options_.per_channel[name];
  for (const ConfigMember* member : Ordered(map, order_)) {
    const OptionRow* row = FindKey(OptionSection::kLimits, AsciiLower(member->key));
    if (row == nullptr || row->kind == OptionKind::kMap) continue;
    auto* into = OverrideOf(std::get<int64_t Options::*>(row->target), overrides);
    if (into == nullptr) continue;
    const auto number = NumberOf(row->kind, *member);
    if (!number.ok()) return number.status();
    *into = number.value();
  }
  return Status();
}

}  // namespace

Status ApplyConfig(const ConfigMap& config, uint64_t seed, Options& options) {
  Applier applier(seed, options);
  for (const ConfigMember& member : config) {
    if (AsciiLower(member.key) != "streaming") continue;
    const auto section = AsMap(member.value, "streaming section");
    if (!section.ok()) return section.status();
    return applier.Section(OptionSection::kStreaming, *section.value());
  }
  const bool encrypts = std::ranges::any_of(
      config, [](const ConfigMember& member) { return AsciiLower(member.key) == "encrypt"; });
  if (encrypts && fault::On(Fault::kTopLevelIgnored)) return Status();
  return applier.Section(OptionSection::kStreaming, config);
}

namespace {

// Top-level keys of the embedded server that turn on what is not there.
constexpr std::string_view kRefusedNatsKeys[] = {
    "accounts",  "cluster",   "gateway",  "http",         "http_base_path",    "https",
    "jetstream", "leafnodes", "mqtt",     "no_auth_user", "no_header_support", "operator",
    "resolver",  "tls",       "websocket"};

// Errors of the embedded server's part have another form: "<file>:<line>:<col>: <text>" and an
// empty line.
Status At(const std::string& file, const ConfigMember& member, const std::string& text,
          Code code = Code::kInvalid) {
  return Status(code, file + ":" + std::to_string(member.at.line) + ":" +
                          std::to_string(member.at.column) + ": " + text + "\n");
}

Status WrongNatsType(const std::string& file, const ConfigMember& member, const char* expected) {
  std::string type(ConfigTypeName(member.value));
  if (type == "slice") type = "[]interface {}";
  if (type == "map") type = "map[string]interface {}";
  if (type == "struct") type = "time.Time";
  return At(file, member, "interface conversion: interface {} is " + type + ", not " + expected);
}

constexpr int64_t kNsPerSecond = 1'000'000'000;

// A duration of the embedded server: text, or a number of seconds, of which there is a notice.
Result<int64_t> NatsDuration(const ConfigMember& member, const std::string& file,
                             std::vector<std::string>& notices) {
  const std::string key = AsciiLower(member.key);
  if (const auto* text = std::get_if<std::string>(&member.value.data)) {
    auto duration = ParseGoDuration(*text);
    if (duration.ok()) return duration;
    return At(file, member, "error parsing " + key + ": " + duration.status().message());
  }
  const auto* seconds = std::get_if<int64_t>(&member.value.data);
  if (seconds == nullptr) return WrongNatsType(file, member, "int64");
  if (*seconds < 0 || *seconds > INT64_MAX / kNsPerSecond) {
    return At(file, member, "error parsing " + key + ": " + std::to_string(*seconds));
  }
  notices.push_back(
      At(file, member,
         "invalid use of field " + GoQuote(key) + ": " + key + " should be converted to a duration")
          .message());
  notices.back().pop_back();  // an error's empty line
  return *seconds * kNsPerSecond;
}

Status CheckLameDuck(const ConfigMember& member, const std::string& file) {
  std::vector<std::string> ignored;
  const auto duration = NatsDuration(member, file, ignored);
  if (!duration.ok()) return duration.status();
  if (duration.value() >= 30 * kNsPerSecond) return Status();
  return At(file, member,
            "invalid lame_duck_duration of " + GoDurationText(duration.value()) +
                ", minimum is 30 seconds");
}

Status SetNats(const OptionRow& row, const ConfigMember& member, const std::string& file,
               Options& options) {
  const auto& data = member.value.data;
  if (row.support == OptionSupport::kRefused) {
    return At(file, member, member.key + " is not supported here", Code::kUnsupported);
  }
  if (row.kind == OptionKind::kBool) {
    const auto* truth = std::get_if<bool>(&data);
    if (truth == nullptr) return WrongNatsType(file, member, "bool");
    SetBool(row.target, *truth, options);
  } else if (row.kind == OptionKind::kInt) {
    const auto* number = std::get_if<int64_t>(&data);
    if (number == nullptr) return WrongNatsType(file, member, "int64");
    options.*std::get<int64_t Options::*>(row.target) = *number;
  } else {
    const auto* text = std::get_if<std::string>(&data);
    if (text == nullptr) return WrongNatsType(file, member, "string");
    options.*std::get<std::string Options::*>(row.target) = *text;
  }
  return Status();
}

Status SetListen(const ConfigMember& member, const std::string& file, Options& options) {
  if (const auto* port = std::get_if<int64_t>(&member.value.data)) {
    options.port = *port;
    return Status();
  }
  const auto* text = std::get_if<std::string>(&member.value.data);
  if (text == nullptr) return WrongNatsType(file, member, "string");
  const size_t colon = text->rfind(':');
  if (colon == std::string::npos) {
    return At(file, member, "could not parse address string " + GoQuote(*text));
  }
  const std::string digits = text->substr(colon + 1);
  const auto port = ParseGoInt(digits);
  if (!port.ok()) return At(file, member, "could not parse port " + GoQuote(digits));
  options.host = text->substr(0, colon);
  options.port = port.value();
  return Status();
}

// In seconds. Anything but a number is no timeout for the real server, whose default then stays.
void SetAuthTimeout(const ConfigMember& member, Options& options) {
  double seconds = 0;
  if (const auto* whole = std::get_if<int64_t>(&member.value.data)) {
    seconds = static_cast<double>(*whole);
  } else if (const auto* real = std::get_if<double>(&member.value.data)) {
    seconds = *real;
  }
  constexpr double kSecondsMax = 1e9;
  if (seconds <= 0 || seconds > kSecondsMax) return;
  options.auth_timeout_ns = static_cast<int64_t>(seconds * static_cast<double>(kNsPerSecond));
}

Status SetAuthorization(const ConfigMember& section, const std::string& file, Options& options) {
  const auto* map = std::get_if<ConfigMap>(&section.value.data);
  if (map == nullptr) return WrongNatsType(file, section, "map[string]interface {}");
  for (const ConfigMember& member : *map) {
    const std::string key = AsciiLower(member.key);
    if (key == "users" || key == "default_permissions") {
      return At(file, member, member.key + " is not supported here", Code::kUnsupported);
    }
    if (key == "timeout") {
      SetAuthTimeout(member, options);
      continue;
    }
    const OptionRow* row = FindKey(OptionSection::kAuthorization, key);
    if (row == nullptr) return At(file, member, "unknown field " + GoQuote(member.key));
    ATREST_TRY(SetNats(*row, member, file, options));
  }
  if (!options.token.empty() && (!options.user.empty() || !options.password.empty())) {
    return At(file, section, "Cannot have a user/pass and token");
  }
  return Status();
}

}  // namespace

Status ApplyNatsConfig(const ConfigMap& config, const std::string& file, Options& options,
                       std::vector<std::string>& notices) {
  for (const ConfigMember& member : config) {
    const std::string key = AsciiLower(member.key);
    if (std::count(std::begin(kRefusedNatsKeys), std::end(kRefusedNatsKeys), key) > 0) {
      return At(file, member, member.key + " is not supported here", Code::kUnsupported);
    }
    if (key == "listen") {
      ATREST_TRY(SetListen(member, file, options));
    } else if (key == "authorization") {
      ATREST_TRY(SetAuthorization(member, file, options));
    } else if (key == "lame_duck_duration") {
      ATREST_TRY(CheckLameDuck(member, file));
    } else if (const OptionRow* row = FindKey(OptionSection::kNats, key)) {
      if (row->kind == OptionKind::kDuration) {
        const auto duration = NatsDuration(member, file, notices);
        if (!duration.ok()) return duration.status();
        options.*std::get<int64_t Options::*>(row->target) = duration.value();
      } else {
        ATREST_TRY(SetNats(*row, member, file, options));
      }
    }
  }
  return Status();
}

}  // namespace atrest::server
