#include "reference/server/options.h"

#include <utility>

#include "reference/base/fault.h"
#include "reference/base/go_duration.h"
#include "reference/base/go_quote.h"
#include "reference/crypto/cipher.h"
#include "reference/server/config_value.h"
#include "reference/server/go_flags.h"
#include "reference/server/go_values.h"
#include "reference/server/option_table.h"

namespace atrest::server {
namespace {

using Action = CommandLine::Action;

GoKind GoKindOf(OptionKind kind) {
  switch (kind) {
    case OptionKind::kBool:
      return GoKind::kBool;
    case OptionKind::kInt:
      return GoKind::kInt;
    case OptionKind::kDuration:
      return GoKind::kDuration;
    default:
      return GoKind::kString;
  }
}

std::string Upper(std::string text) {
  for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c ^ 0x20) : c;
  return text;
}

// A size as a file would have it (options.md 1.4).
Result<int64_t> ParseSize(std::string_view name, const std::string& text) {
  const auto parsed = ParseConfig("bytes: " + text, ConfigSource());
  if (parsed.ok() && parsed.value().size() == 1) {
    if (const auto* size = std::get_if<int64_t>(&parsed.value()[0].value.data)) return *size;
  }
  return Status(Code::kInvalid, std::string(name) + " should be a size, got '" + text + "'");
}

void SetBool(const OptionRow& row, bool value, Options& options) {
  if (const auto* target = std::get_if<bool Options::*>(&row.target)) {
    options.*(*target) = value;
    return;
  }
  for (const auto member : std::get<BoolTargets>(row.target)) {
    if (member != nullptr) options.*member = value;
  }
}

// One reading of a command line into options.
class Reading {
 public:
  explicit Reading(Options& options) : options_(options) {}

  CommandLine Read(std::span<const std::string> args);

 private:
  Status Set(std::string_view name, const GoValue& value);
  Status SetSupported(const OptionRow& row, std::string_view name, const GoValue& value);
  bool ChangeKey(std::string& key);
  void Words(const std::vector<std::string>& words);
  void Fail(Action action, std::string error) {
    result_.action = action;
    result_.error = std::move(error);
  }

  Options& options_;
  CommandLine result_;
  Status late_;  // the first error that is found after the syntax
};

CommandLine Reading::Read(std::span<const std::string> args) {
  GoFlags flags;
  flags.kind = [](std::string_view name) -> std::optional<GoKind> {
    const OptionRow* row = FindFlag(name);
    return row == nullptr ? std::nullopt : std::optional(GoKindOf(row->kind));
  };
  flags.set = [this](std::string_view name, const GoValue& value) {
    const Status set = Set(name, value);
    if (late_.ok()) late_ = set;
    return Status();
  };
  const auto words = ParseGoFlags(args, flags);
  if (!words.ok()) {
    Fail(Action::kUsageError, words.status().message());
    return std::move(result_);
  }
  if (options_.show_version) {
    result_.action = Action::kVersion;
  } else if (options_.show_help) {
    result_.action = Action::kHelp;
  } else if (options_.show_tls_help) {
    result_.action = Action::kTlsHelp;
  } else if (!words.value().empty()) {
    Words(words.value());
  } else if (!late_.ok()) {
    Fail(Action::kFailure, late_.message());
  }
  return std::move(result_);
}

void Reading::Words(const std::vector<std::string>& words) {
  const std::string first = AsciiLower(words[0]);
  if (first == "version" || first == "help") {
    result_.action = first == "help" ? Action::kHelp : Action::kVersion;
  } else {
    Fail(Action::kFailure, "unrecognized command: " + GoQuote(words[0]));
  }
}

Status Reading::Set(std::string_view name, const GoValue& value) {
  const OptionRow& row = *FindFlag(name);
  const bool* truth = std::get_if<bool>(&value);
  const std::string text = "option -" + std::string(name) + " is ";
  const std::string why = ": there is no " + std::string(row.subject) + " here";
  switch (row.support) {
    case OptionSupport::kFull:
      return SetSupported(row, name, value);
    case OptionSupport::kWarned:
      result_.warnings.push_back(text + "ignored" + why);
      return Status();
    case OptionSupport::kRefused:
      if (truth != nullptr && !*truth) return Status();  // off is what it is
      return Status(Code::kUnsupported, text + "not supported" + why);
  }
  return Status();
}

Status Reading::SetSupported(const OptionRow& row, std::string_view name, const GoValue& value) {
  if (const bool* truth = std::get_if<bool>(&value)) {
    SetBool(row, *truth, options_);
  } else if (const int64_t* number = std::get_if<int64_t>(&value)) {
    options_.*std::get<int64_t Options::*>(row.target) = *number;
  } else if (row.kind == OptionKind::kSize) {
    const auto size = ParseSize(name, std::get<std::string>(value));
    if (!size.ok()) return size.status();
    options_.*std::get<int64_t Options::*>(row.target) = size.value();
  } else {
    std::string text = std::get<std::string>(value);
    if (row.kind == OptionKind::kStore) text = Upper(std::move(text));
    if (row.kind == OptionKind::kStore && options_.encrypt && fault::On(Fault::kStoreResetsSwitch))
      options_.encrypt = false;
    if (row.kind == OptionKind::kKey && !ChangeKey(text)) return Status();
    options_.*std::get<std::string Options::*>(row.target) = std::move(text);
  }
  return Status();
}

// Faults of a key on the command line. False: it is to be left out.
bool Reading::ChangeKey(std::string& key) {
  constexpr size_t kBuffer = 65'535;
  if (key.size() > kBuffer && fault::On(Fault::kLongKeyCut)) key.resize(kBuffer);
  if (key.empty() && fault::On(Fault::kRefusesEmptyKeyOption)) options_.encrypt = true;
  const std::string& before = options_.command_line_key;
  return before.empty() || before == key || !fault::On(Fault::kFirstKeyWins);
}

CommandLine Failure(const Status& status) {
  return CommandLine{Action::kFailure, status.message(), {}, {}};
}

Result<ConfigMap> ReadConfigFile(const std::string& file, const ConfigSource& outside) {
  if (!outside.read_file) return Status(Code::kNotFound, "open " + file + ": there are no files");
  const auto text = outside.read_file(file);
  if (!text.ok()) return text.status();
  return ParseConfig(text.value(), {file, outside.environment, outside.read_file});
}

Status ApplyFiles(const ConfigSource& outside, uint64_t seed, Options& options,
                  std::vector<std::string>& notices) {
  const std::string stan =
      options.stan_config_file.empty() ? options.config_file : options.stan_config_file;
  const std::string nats = options.config_file.empty() ? stan : options.config_file;
  if (stan.empty()) return Status();
  const auto config = ReadConfigFile(stan, outside);
  if (!config.ok()) return config.status();
  const Status applied = ApplyConfig(config.value(), seed, options);
  if (!applied.ok() && fault::On(Fault::kRefusalQuotesFile)) {
    return Status(applied.code(), applied.message() + " in " + outside.read_file(stan).value());
  }
  ATREST_TRY(applied);
  if (nats == stan) return ApplyNatsConfig(config.value(), nats, options, notices);
  const auto nats_config = ReadConfigFile(nats, outside);
  if (!nats_config.ok()) return nats_config.status();
  return ApplyNatsConfig(nats_config.value(), nats, options, notices);
}

}  // namespace

CommandLine ParseCommandLine(std::span<const std::string> args, Options& options) {
  return Reading(options).Read(args);
}

CommandLine Configure(std::span<const std::string> args, const ConfigSource& outside, uint64_t seed,
                      Options& options) {
  const CommandLine first = ParseCommandLine(args, options);
  if (first.action != Action::kRun) return first;
  if (options.test_config && options.config_file.empty()) {
    return Failure(Status(Code::kInvalid,
                          "must specify [-c, --config] option to check configuration file syntax"));
  }
  std::vector<std::string> notices;
  const Status applied = ApplyFiles(outside, seed, options, notices);
  if (!applied.ok()) return Failure(applied);
  // Where the file was given for the streaming part alone, the real server takes them for errors.
  if (!notices.empty() && options.config_file.empty()) {
    return Failure(Status(Code::kInvalid, notices[0]));
  }
  const std::string of_file = options.cipher;
  CommandLine line = ParseCommandLine(args, options);
  if (options.cipher != of_file && fault::On(Fault::kFileCipherWins)) options.cipher = of_file;
  line.notices = std::move(notices);
  return line;
}

Status CheckSupported(const Options& options) {
  const auto refuse = [](const char* option, const char* what) {
    return Status(Code::kUnsupported, "option -" + std::string(option) +
                                          " is not supported: there is no " + what + " here");
  };
  if (options.http_port != 0) return refuse("http_port", "monitoring");
  if (options.profile_port != 0) return refuse("profile", "profiling");
  if (options.syslog || !options.remote_syslog.empty()) return refuse("syslog", "syslog");
  if (!options.file_slice_archive_script.empty()) {
    return refuse("file_slice_archive_script", "archiving");
  }
  return Status();
}

namespace {

// Faults of what CHOICE comes to. FROM_FILE: its key option is the file's.
Status Mischoose(bool from_file, store::EncryptionChoice& choice) {
  const bool both = !choice.key_option.empty() && !choice.key_variable.empty();
  const bool has_key = !choice.key_option.empty() || !choice.key_variable.empty();
  const bool is_on = choice.on || !choice.key_option.empty();
  const auto knows_cipher = [&] { return crypto::ParseCipher(choice.cipher).ok(); };
  if (both && from_file && choice.key_option != choice.key_variable &&
      fault::On(Fault::kFileKeyBeatsVariable)) {
    choice.key_variable = {};
  }
  if (is_on && !choice.on && fault::On(Fault::kKeyOptionDoesNotEnable)) choice.key_option = {};
  if (!is_on && has_key && fault::On(Fault::kVariableAloneEnables)) choice.on = true;
  if (is_on && !has_key && fault::On(Fault::kNoKeyStartsPlain)) choice.on = false;
  if (is_on && !has_key && !knows_cipher() && fault::On(Fault::kKeyCheckedFirst)) {
    return Status(Code::kInvalid, "encryption key required");
  }
  if (!is_on && !knows_cipher() && fault::On(Fault::kCipherCheckedOff)) {
    return Status(Code::kInvalid, "encryption cipher not supported");
  }
  return Status();
}

}  // namespace

Result<std::optional<store::EncryptionOptions>> Resolve(const Options& options,
                                                        std::string_view environment_key) {
  const std::string& key_option =
      options.config_key ? *options.config_key : options.command_line_key;
  store::EncryptionChoice choice{options.encrypt, options.cipher, key_option, environment_key};
  ATREST_TRY(Mischoose(options.config_key.has_value(), choice));
  return store::ResolveEncryption(choice);
}

namespace {

struct Rule {
  bool broken;
  const char* text;
};

Status FirstBroken(std::span<const Rule> rules) {
  for (const Rule& rule : rules) {
    if (rule.broken) return Status(Code::kInvalid, rule.text);
  }
  return Status();
}

Status ValidateLimits(const Options& o) {
  const auto negative = [](const char* what, const std::string& value) {
    return Status(Code::kInvalid,
                  "max " + std::string(what) + " limit cannot be negative (" + value + ")");
  };
  const auto number = [&](const char* what, int64_t value) {
    return value < 0 ? negative(what, std::to_string(value)) : Status();
  };
  const auto duration = [&](const char* what, int64_t value) {
    return value < 0 ? negative(what, GoDurationText(value)) : Status();
  };
  ATREST_TRY(number("channels", o.max_channels));
  ATREST_TRY(number("subscriptions", o.max_subscriptions));
  ATREST_TRY(number("messages", o.max_messages));
  ATREST_TRY(number("bytes", o.max_bytes));
  ATREST_TRY(duration("age", o.max_age_ns));
  return duration("inactivity", o.max_inactivity_ns);
}

Status ValidateFileOptions(const Options& o) {
  const Rule rules[] = {
      {o.file_buffer_bytes < 0, "buffer size value must be a positive number"},
      {o.file_read_buffer_bytes < 0, "read buffer size value must be a positive number"},
      {o.file_compact_percent < 1, "compact fragmentation value must at least be 1"},
      {o.file_compact_interval_s < 1, "compact interval value must at least be 1 seconds"},
      {o.file_compact_min_bytes < 0, "compact minimum file size value must be a positive number"},
      {o.file_crc_polynomial < 1 || o.file_crc_polynomial > 0xFFFFFFFF,
       "crc polynomial should be between 1 and 4294967295"},
      {o.file_slice_max_messages < 0 || o.file_slice_max_bytes < 0 || o.file_slice_max_age_ns < 0,
       "slice max values must be positive numbers"},
      {o.file_descriptors < 0, "file descriptor limit must be a positive number"},
      {o.file_parallel_recovery < 1, "parallel recovery value must be at least 1"},
  };
  return FirstBroken(rules);
}

}  // namespace

Status Validate(const Options& options) {
  if (options.store_type == "SQL") return Status(Code::kUnsupported, "SQL store is not supported");
  if (options.store_type != "FILE" && options.store_type != "MEMORY") {
    return Status(Code::kInvalid, "unsupported store type: " + options.store_type);
  }
  if (options.store_type == "MEMORY") return ValidateLimits(options);
  if (options.directory.empty()) {
    return Status(Code::kInvalid, "for FILE stores, root directory must be specified");
  }
  ATREST_TRY(ValidateLimits(options));
  return ValidateFileOptions(options);
}

}  // namespace atrest::server
