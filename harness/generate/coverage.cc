#include "harness/generate/coverage.h"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <sstream>

#include "reference/base/check.h"

namespace atrest::generate {
namespace {

// Every value of every circumstance; a pair is of two circumstances.
enum class Circumstance { kKey, kSwitch, kConfig, kCipher, kStore, kRead };
struct Value {
  Circumstance of;
  const char* name;
  const char* needs;  // the capability without which it cannot be met, or ""
};
constexpr Value kAll[] = {
    {Circumstance::kKey, "key: none", ""},
    {Circumstance::kKey, "key: variable", ""},
    {Circumstance::kKey, "key: option", ""},
    {Circumstance::kKey, "key: variable and option", ""},
    {Circumstance::kKey, "key: configuration file", "program"},
    {Circumstance::kKey, "key: empty", ""},
    {Circumstance::kSwitch, "switch: not given", ""},
    {Circumstance::kSwitch, "switch: on", ""},
    {Circumstance::kSwitch, "switch: off", ""},
    {Circumstance::kConfig, "configuration: none", ""},
    {Circumstance::kConfig, "configuration: a file", "program"},
    {Circumstance::kCipher, "cipher: not given", ""},
    {Circumstance::kCipher, "cipher: AES", ""},
    {Circumstance::kCipher, "cipher: CHACHA", ""},
    {Circumstance::kCipher, "cipher: in another case", ""},
    {Circumstance::kCipher, "cipher: unknown", ""},
    {Circumstance::kStore, "store: new", ""},
    {Circumstance::kStore, "store: plain", ""},
    {Circumstance::kStore, "store: sealed", ""},
    {Circumstance::kStore, "store: sealed under another key", ""},
    {Circumstance::kStore, "store: plain and sealed", ""},
    {Circumstance::kStore, "store: of several keys", ""},
    {Circumstance::kStore, "store: tampered with", "format:stan-file-1"},
    {Circumstance::kStore, "store: cut off by a kill", "kill"},
    {Circumstance::kRead, "read: nothing", ""},
    {Circumstance::kRead, "read: from the first", ""},
    {Circumstance::kRead, "read: from the last", ""},
    {Circumstance::kRead, "read: from a sequence", ""},
    {Circumstance::kRead, "read: from new ones", ""},
    {Circumstance::kRead, "read: so many", ""},
    {Circumstance::kRead, "read: again at once", ""},
    {Circumstance::kRead, "read: by a client that stays", "client"},
};

size_t Index(const char* name) {
  const auto* found = std::ranges::find(kAll, std::string_view(name), [](const Value& value) {
    return std::string_view(value.name);
  });
  ATREST_CHECK(found != std::end(kAll));
  return static_cast<size_t>(found - kAll);
}

// A key from the configuration file needs the file, and only who has a key can have another.
bool CanMeet(const Value& a, const Value& b, const std::set<std::string>& capabilities) {
  const auto has = [&](const Value& value) {
    return *value.needs == '\0' || capabilities.contains(value.needs);
  };
  const auto is = [&](std::string_view first, std::string_view second) {
    return a.name == first && b.name == second;
  };
  return a.of != b.of && has(a) && has(b) &&
         !is("key: configuration file", "configuration: none") &&
         !is("key: none", "store: sealed under another key");
}

const char* KeyOf(const scenario::Scenario& scenario, const scenario::Settings& settings) {
  if (settings.config && settings.config->find("encryption_key") != std::string::npos)
    return "key: configuration file";
  const auto empty = [&](const std::optional<std::string>& name) {
    return name && scenario.keys.at(*name).empty();
  };
  if (empty(settings.key_variable) || empty(settings.key_option)) return "key: empty";
  if (settings.key_variable && settings.key_option) return "key: variable and option";
  if (settings.key_variable) return "key: variable";
  return settings.key_option ? "key: option" : "key: none";
}

const char* CipherOf(const scenario::Settings& settings) {
  const std::string name = settings.cipher.value_or("");
  if (name.empty()) return "cipher: not given";
  if (name == "AES") return "cipher: AES";
  if (name == "CHACHA") return "cipher: CHACHA";
  std::string upper = name;
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return upper == "AES" || upper == "CHACHA" ? "cipher: in another case" : "cipher: unknown";
}

// What is in the store, followed over a scenario.
class StoreState {
 public:
  explicit StoreState(const scenario::Scenario& scenario) : scenario_(scenario) {}

  // What the run that SETTINGS begin finds.
  const char* Begin(const scenario::Settings& settings) {
    key_ = KeyBytes(settings);
    in_memory_ = settings.store == "memory";
    const char* state = Found();
    tampered_ = cut_off_ = false;
    return state;
  }
  void Publish(const scenario::Publish& publish) {
    const bool all_empty = std::ranges::all_of(
        publish.payloads, [](const std::string& payload) { return payload.empty(); });
    if (in_memory_) return;
    if (key_.empty() || all_empty) {
      plain_ = true;
    } else {
      keys_.insert(key_);
    }
  }
  void Tamper() { tampered_ = true; }
  void CutOff() { cut_off_ = !in_memory_; }

 private:
  const char* Found() const {
    if (in_memory_) return "store: new";
    if (tampered_) return "store: tampered with";
    if (cut_off_) return "store: cut off by a kill";
    if (keys_.size() > 1) return "store: of several keys";
    if (plain_) return keys_.empty() ? "store: plain" : "store: plain and sealed";
    if (keys_.empty()) return "store: new";
    return key_.empty() || keys_.contains(key_) ? "store: sealed"
                                                : "store: sealed under another key";
  }

  // As the real server takes them; "" for none.
  std::string KeyBytes(const scenario::Settings& settings) const {
    const auto bytes_of = [&](const std::optional<std::string>& name) {
      return name ? scenario_.keys.at(*name) : "";
    };
    if (settings.config) return *settings.config;  // a text for a key: equal texts, equal keys
    const std::string option = bytes_of(settings.key_option);
    if (!settings.encrypt.value_or(false) && option.empty()) return "";
    const std::string variable = bytes_of(settings.key_variable);
    return variable.empty() ? option : variable;
  }

  const scenario::Scenario& scenario_;
  std::set<std::string> keys_;
  std::string key_;
  bool plain_ = false;
  bool tampered_ = false;
  bool cut_off_ = false;
  bool in_memory_ = false;
};

const char* ReadOf(const scenario::Read& read) {
  using From = scenario::Read::From;
  if (read.max != UINT64_MAX) return "read: so many";
  switch (read.from) {
    case From::kFirst:
      return "read: from the first";
    case From::kLast:
      return "read: from the last";
    case From::kSequence:
      return "read: from a sequence";
    case From::kNew:
      return "read: from new ones";
  }
  return "";
}

bool SameRead(const scenario::Read& a, const scenario::Read& b) {
  return a.channel == b.channel && a.from == b.from && a.sequence == b.sequence;
}

}  // namespace

void Coverage::Note(const scenario::Scenario& scenario, size_t steps) {
  static_assert(std::size(kAll) <= kValues);
  StoreState store(scenario);
  std::vector<size_t> run;  // the values of the run so far
  bool has_read = false;
  const auto meet = [&](const char* name) {
    const size_t value = Index(name);
    if (std::ranges::find(run, value) != run.end()) return;
    for (const size_t other : run) {
      ++seen_[std::min(value, other)][std::max(value, other)];
    }
    run.push_back(value);
  };
  const auto read_by = [&](const char* name) {
    meet(name);
    has_read = true;
  };
  const auto end = [&] {
    if (!run.empty() && !has_read) meet("read: nothing");
    run.clear();
    has_read = false;
  };
  const scenario::Read* previous = nullptr;
  for (size_t i = 0; i < std::min(steps, scenario.steps.size()); ++i) {
    const scenario::Action& action = scenario.steps[i].action;
    const auto* read = std::get_if<scenario::Read>(&action);
    if (const auto* start = std::get_if<scenario::Start>(&action)) {
      end();
      const scenario::Settings& settings = start->settings;
      meet(KeyOf(scenario, settings));
      meet(!settings.encrypt ? "switch: not given"
                             : (*settings.encrypt ? "switch: on" : "switch: off"));
      meet(settings.config ? "configuration: a file" : "configuration: none");
      meet(CipherOf(settings));
      meet(store.Begin(settings));
    } else if (const auto* publish = std::get_if<scenario::Publish>(&action)) {
      store.Publish(*publish);
    } else if (read != nullptr) {
      read_by(ReadOf(*read));
      if (previous != nullptr && SameRead(*previous, *read)) read_by("read: again at once");
    } else if (const auto* step = std::get_if<scenario::ClientStep>(&action)) {
      if (std::holds_alternative<scenario::Receive>(*step)) read_by("read: by a client that stays");
    } else if (std::holds_alternative<scenario::Tamper>(action)) {
      store.Tamper();
    } else if (std::holds_alternative<scenario::Kill>(action)) {
      store.CutOff();
    }
    previous = read;
  }
  end();
}

void Coverage::Add(const Coverage& other) {
  for (size_t a = 0; a < kValues; ++a) {
    for (size_t b = 0; b < kValues; ++b) seen_[a][b] += other.seen_[a][b];
  }
}

std::vector<Coverage::Pair> Coverage::Pairs(const std::set<std::string>& capabilities) const {
  std::vector<Pair> pairs;
  for (size_t a = 0; a < std::size(kAll); ++a) {
    for (size_t b = a + 1; b < std::size(kAll); ++b) {
      if (CanMeet(kAll[a], kAll[b], capabilities))
        pairs.push_back({kAll[a].name, kAll[b].name, seen_[a][b]});
    }
  }
  return pairs;
}

std::string CoverageText(const std::vector<Coverage::Pair>& pairs) {
  const auto seen = std::ranges::count_if(pairs, [](const auto& pair) { return pair.seen > 0; });
  std::ostringstream out;
  out << "coverage: " << seen << " of " << pairs.size() << " pairs\n";
  for (const Coverage::Pair& pair : pairs) {
    if (pair.seen == 0) out << "  not seen: " << pair.a << ", " << pair.b << '\n';
  }
  return out.str();
}

}  // namespace atrest::generate
