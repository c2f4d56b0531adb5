#include <algorithm>
#include <set>

#include "harness/runner/measured_play.h"

namespace atrest::runner {
namespace {

constexpr size_t kShownMax = 64;
constexpr size_t kDigestShown = 16;
constexpr char kKeyVariable[] = "NATS_STREAMING_ENCRYPTION_KEY";
// The texts that a transcript collects from a log.
constexpr const char* kComplaints[] = {"encryption key required",
                                       "encryption cipher not supported",
                                       "message authentication failed",
                                       "trying to decrypt data that is not",
                                       "corrupted data",
                                       "unexpected EOF",
                                       "does not match",
                                       "unsupported file version"};

std::string PayloadOf(const Json& payload) {
  if (payload.is_string()) return payload.get<std::string>();
  if (payload.contains("hex")) {
    const auto bytes = FromHex(payload["hex"].get<std::string>());
    return bytes ? std::string(AsText(*bytes)) : std::string();
  }
  std::string text;
  for (size_t i = 0; i < payload["repeat"][1].get<size_t>(); ++i)
    text += payload["repeat"][0].get<std::string>();
  return text;
}

// A payload as transcripts show short ones.
std::string Shown(const std::string& payload) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const char c : payload) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte <= 0x7e) {
      text += c;
    } else {
      text += "\\x";
      text += kDigits[byte >> 4];
      text += kDigits[byte & 15];
    }
  }
  return text;
}

// Plays one plan and compares each phase with the transcript's.
class Play {
 public:
  Play(driver::Driver& driver, const Json& plan, const Json& transcript)
      : player_(driver), plan_(plan), transcript_(transcript) {}

  Result<std::string> Run() {
    for (size_t i = 0; i < plan_["phases"].size(); ++i) {
      where_ = "phase " + std::to_string(i + 1);
      Phase(plan_["phases"][i], transcript_["phases"][i]);
    }
    return player_.Verdict();
  }

 private:
  void Phase(const Json& phase, const Json& expected) {
    scenario::Settings settings;
    std::map<std::string, std::string> keys;
    settings.arguments = phase.value("args", std::vector<std::string>());
    if (phase.contains("config")) settings.config = phase["config"].get<std::string>();
    if (phase.contains("env")) {
      settings.key_variable = "variable";
      keys["variable"] = phase["env"][kKeyVariable].get<std::string>();
    }
    const bool started = player_.Start(settings, keys).ok;
    player_.Check(where_ + ", started", expected["started"], started);
    if (started) {
      Steps(phase["steps"], expected["steps"]);
      if (phase.value("kill", false)) {
        player_.Kill();
      } else {
        player_.Stop();
      }
    }
    player_.Check(where_ + ", complains", expected["complains"], Complaints());
  }

  void Steps(const Json& steps, const Json& expected) {
    size_t next = 0;
    for (const Json& step : steps) {
      if (step.contains("publish")) {
        for (const Json& payload : step["payload"]) PublishOne(step["publish"], payload);
      } else {
        ReadOne(step);
      }
      for (; next < seen_.size(); ++next) Compare(next, expected);
    }
    player_.Check(where_ + ", number of steps", expected.size(), seen_.size());
    seen_.clear();
  }

  void PublishOne(const std::string& channel, const Json& payload) {
    const std::string bytes = PayloadOf(payload);
    const auto published = player_.Publish({channel, {bytes}});
    const bool acked = published.acked == 1;
    if (acked) published_[channel].push_back(bytes);
    seen_.push_back({{"publish", channel},
                     {"size", bytes.size()},
                     {"result", acked ? "ok" : "error: " + published.error}});
  }

  void ReadOne(const Json& step) {
    scenario::Read read;
    read.channel = step["read"].get<std::string>();
    const Json from = step.value("from", Json("first"));
    if (from.is_number()) {
      read.from = scenario::Read::From::kSequence;
      read.sequence = from.get<uint64_t>();
    } else if (from == "last") {
      read.from = scenario::Read::From::kLast;
    } else if (from == "new") {
      read.from = scenario::Read::From::kNew;
    }
    const auto result = player_.Read(read);
    Json got = Json::array();
    for (const verdict::Delivery& delivery : result.deliveries) {
      Json one = {{"seq", delivery.sequence}};
      if (step.value("opaque", false)) {
        one["size"] = !delivery.payload.empty();
      } else {
        one["data"] = Data(read.channel, delivery);
        if (delivery.redelivered) one["redelivered"] = true;
      }
      got.push_back(std::move(one));
    }
    Json seen = {{"read", read.channel}, {"from", from}, {"got", std::move(got)}};
    if (!result.error.empty()) seen["error"] = result.error;
    seen_.push_back(std::move(seen));
  }

  // Transcripts show long payloads by size and digest. Here they are compared with what was
  // published, and shown by size; that the digests are those of the published payloads is a fact
  // of the fixtures, which fixtures/transcripts_test.py checks.
  std::string Data(const std::string& channel, const verdict::Delivery& delivery) {
    if (delivery.payload.size() <= kShownMax) return Shown(delivery.payload);
    const auto& published = published_[channel];
    const bool as_published = delivery.sequence <= published.size() &&
                              published[delivery.sequence - 1] == delivery.payload;
    return std::to_string(delivery.payload.size()) + (as_published ? ":" : ": something else");
  }

  void Compare(size_t index, const Json& expected) {
    Json wanted = index < expected.size() ? expected[index] : Json();
    if (wanted.contains("got")) {
      for (Json& one : wanted["got"]) {
        if (!one.contains("data")) continue;
        std::string data = one["data"].get<std::string>();
        const size_t colon = data.find(':');
        const bool is_digest = colon != std::string::npos &&
                               data.size() == colon + 1 + kDigestShown &&
                               std::all_of(data.begin(), data.begin() + static_cast<long>(colon),
                                           [](char c) { return c >= '0' && c <= '9'; });
        if (is_digest) one["data"] = data.substr(0, colon + 1);
      }
    }
    player_.Check(where_ + ", step " + std::to_string(index + 1), wanted, seen_[index]);
  }

  // The distinct complaints, in the order in which they were first logged.
  Json Complaints() {
    Json complaints = Json::array();
    for (const verdict::LogLine& line : player_.TakeLog()) {
      for (const char* text : kComplaints) {
        if (line.text.find(text) != std::string::npos &&
            std::find(complaints.begin(), complaints.end(), text) == complaints.end()) {
          complaints.push_back(text);
        }
      }
    }
    return complaints;
  }

  Player player_;
  const Json& plan_;
  const Json& transcript_;
  std::string where_;
  Json seen_ = Json::array();
  std::map<std::string, std::vector<std::string>> published_;  // by channel, in sequence
};

}  // namespace

Status AddTranscripts(env::FileSystem& files, const std::string& root,
                      std::vector<MeasuredCase>& cases) {
  const std::string folder = root + "/fixtures/transcripts/";
  const auto plans = LoadFixture(files, folder + "plans.json");
  if (!plans.ok()) return plans.status();
  const auto lines = env::ReadWhole(files, folder + "transcripts.jsonl", 1u << 24);
  if (!lines.ok()) return lines.status();
  std::map<std::string, Json> transcripts;
  std::string_view rest = AsText(lines.value());
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size() - 1);
    Json transcript = Json::parse(rest.substr(0, end + 1));
    const std::string name = transcript["plan"].get<std::string>();
    transcripts[name] = std::move(transcript);
    rest.remove_prefix(end + 1);
  }
  for (const Json& plan : plans.value()) {
    const std::string name = plan["name"].get<std::string>();
    const auto found = transcripts.find(name);
    if (found == transcripts.end())
      return Status(Code::kInvalid, folder + ": no transcript of " + name);
    const auto play = [plan, transcript = found->second](driver::Driver& driver) {
      return Play(driver, plan, transcript).Run();
    };
    cases.push_back({"transcripts/" + Slug(name), "The plan " + name, {"file", "program"}, play});
  }
  return Status();
}

}  // namespace atrest::runner
