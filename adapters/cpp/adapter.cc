// An adapter of the protocol in harness/driver/PROTOCOL.md over the reference's store:
//   atrest run --target 'stdio:build/release/bin/example-adapter'
// Its clock begins with the system's and goes on only by `wait` and by publishing, so waiting takes
// no time.
#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "adapters/cpp/base64.h"
#include "reference/env/fixed_env.h"
#include "reference/env/posix_env.h"
#include "reference/store/crypto_store.h"
#include "reference/store/file_store.h"
#include "reference/store/memory_store.h"

namespace {

using namespace atrest;
using nlohmann::json;

constexpr int64_t kNsPerMs = 1'000'000;
constexpr int64_t kNsPerMessage = 1000;

class Adapter {
 public:
  json Answer(const json& request) {
    const std::string& what = request.at("do").get_ref<const std::string&>();
    json answer = what == "hello"     ? Hello()
                  : what == "start"   ? Start(request)
                  : what == "publish" ? Publish(request)
                  : what == "read"    ? Read(request)
                  : what == "stop"    ? Stop()
                  : what == "wait"    ? Wait(request)
                                      : json{{"unimplemented", "no such request"}};
    answer["id"] = request.at("id");
    constexpr const char* kTags[] = {"TRC", "DBG", "INF", "WRN", "ERR", "FTL"};
    for (const LogBuffer::Line& line : log_.Take())
      answer["log"].push_back(
          {{"level", kTags[static_cast<int>(line.level)]}, {"text", line.text}});
    return answer;
  }

 private:
  static json Hello() {
    return {
        {"protocol", 1},
        {"name", "reference-store"},
        {"version", "1"},
        {"capabilities",
         {"file", "memory", "kill", "clock", "format:stan-file-1", "interrupt", "explicit_empty"}},
        {"is_reference", true}};
  }

  json Start(const json& request) {
    const json& settings = request.at("settings");
    Status status = Open(settings, request.at("directory"));
    if (status.ok()) status = Recover(settings.value("cluster_id", "test-cluster"));
    if (status.ok()) return json::object();
    store_.reset();
    log_.Log(LogLevel::kFatal, "Failed to start: " + status.message());
    return {{"error", status.message()}};
  }

  Status Open(const json& settings, const std::string& directory) {
    const std::string variable = adapter::Decode(settings.value("key_variable", ""));
    const std::string option = adapter::Decode(settings.value("key_option", ""));
    const bool encrypts = settings.value("encrypt", false) || !option.empty();
    store::EncryptionOptions encryption;
    encryption.key = crypto::Secret(AsBytes(variable.empty() ? option : variable));
    if (encrypts) {
      const auto cipher = crypto::ParseCipher(settings.value("cipher", ""));
      if (!cipher.ok()) return cipher.status();
      encryption.cipher = cipher.value();
      if (encryption.key.empty()) return Status(Code::kInvalid, "encryption key required");
    }
    store::StoreLimits limits;
    limits.all.max_messages = settings.value("max_messages", limits.all.max_messages);
    limits.all.max_bytes = settings.value("max_bytes", limits.all.max_bytes);
    if (settings.contains("max_age_ms"))
      limits.all.max_age_ns = settings.at("max_age_ms").get<int64_t>() * kNsPerMs;
    if (settings.at("store") == "memory") {
      store_ = store::MakeMemoryStore(clock_, log_, limits);
    } else {
      const env::Env env{files_, clock_, entropy_};
      auto opened = store::FileStore::Open(env, log_, directory, limits, FileOptions(settings));
      if (!opened.ok()) return opened.status();
      store_ = std::move(opened).value();
    }
    if (!encrypts) return Status();
    auto sealed = store::MakeCryptoStore(std::move(store_), entropy_, encryption);
    if (sealed.ok()) store_ = std::move(sealed).value();
    return sealed.status();
  }

  static store::FileStoreOptions FileOptions(const json& settings) {
    store::FileStoreOptions made;
    made.slice_max_messages = settings.value("slice_max_messages", made.slice_max_messages);
    made.slice_max_bytes = settings.value("slice_max_bytes", made.slice_max_bytes);
    made.buffer_size = settings.value("buffer_size", made.buffer_size);
    made.read_buffer_size = settings.value("read_buffer_size", made.read_buffer_size);
    made.check_crc = settings.value("check_crc", made.check_crc);
    made.crc_polynomial = settings.value("crc_polynomial", made.crc_polynomial);
    made.truncate_unexpected_eof = settings.value("truncate_bad_eof", false);
    return made;
  }

  Status Recover(const std::string& cluster) {
    auto recovered = store_->Recover();
    if (recovered.status().message() == store::kNoServerButChannels) {
      log_.Log(LogLevel::kWarning,
               "Server information was not recovered, however channels are present. Will "
               "initialize server and restart recovery!");
      ATREST_TRY(store_->Init(store::MakeServerInfo(cluster)));
      recovered = store_->Recover();
    }
    if (!recovered.ok()) return recovered.status();
    if (!recovered.value()) return store_->Init(store::MakeServerInfo(cluster));
    for (auto& [name, channel] : recovered.value()->channels) GoOnFrom(*channel.channel);
    const std::string& found = recovered.value()->server.cluster_id;
    if (found == cluster) return Status();
    return Status(Code::kInvalid, "cluster ID \"" + cluster +
                                      "\" does not match recovered value of \"" + found + "\"");
  }

  // A channel's times never go back, also when a killed adapter had waited.
  void GoOnFrom(store::Channel& channel) {
    const auto last = channel.messages->LastMessage();
    if (!last.ok() || last.value() == nullptr) return;
    clock_.Set(std::max(clock_.NowNs(), last.value()->timestamp_ns));
  }

  Result<store::Channel*> ChannelNamed(const std::string& name) {
    if (store::Channel* channel = store_->FindChannel(name)) return channel;
    return store_->CreateChannel(name);
  }

  Status StoreOne(const std::string& name, const std::string& payload, bool is_explicit) {
    const auto channel = ChannelNamed(name);
    if (!channel.ok()) return channel.status();
    clock_.Advance(kNsPerMessage);
    store::Message message;
    message.sequence = channel.value()->messages->LastSequence() + 1;
    message.subject = name;
    message.timestamp_ns = clock_.NowNs();
    if (!payload.empty() || is_explicit) message.data = ToBytes(payload);
    ATREST_TRY(channel.value()->messages->Store(std::move(message)));
    return channel.value()->messages->Flush();
  }

  json Publish(const json& request) {
    uint64_t acked = 0;
    for (const json& payload : request.at("payloads")) {
      const Status stored =
          StoreOne(request.at("channel"), adapter::Decode(payload.get<std::string>()),
                   request.value("explicit_empty", false));
      if (!stored.ok()) return {{"acked", acked}, {"error", stored.message()}};
      ++acked;
    }
    return {{"acked", acked}};
  }

  json Read(const json& request) {
    const std::string name = request.at("channel");
    const auto channel = ChannelNamed(name);
    if (!channel.ok()) return {{"error", channel.status().message()}};
    store::MessageStore& messages = *channel.value()->messages;
    const std::string from = request.at("from");
    const uint64_t last = messages.LastSequence();
    uint64_t next = std::max<uint64_t>(messages.FirstSequence(), 1);
    if (from == "sequence") next = std::max(next, request.at("sequence").get<uint64_t>());
    if (from == "last") next = std::max(next, last);
    if (from == "new") next = last + 1;
    json found = json::array();
    for (const uint64_t most = request.value("max", UINT64_MAX);
         next <= last && found.size() < most; ++next) {
      const auto message = messages.Lookup(next);
      if (!message.ok()) {
        log_.Log(LogLevel::kError, "Error looking up message " + name + ":" + std::to_string(next) +
                                       " (" + message.status().message() + ")");
        break;
      }
      if (message.value() == nullptr) continue;  // a gap
      found.push_back({{"sequence", message.value()->sequence},
                       {"subject", message.value()->subject},
                       {"payload", adapter::Encode(AsText(message.value()->payload()))}});
    }
    return {{"messages", found}};
  }

  json Stop() {
    (void)store_->Close();
    store_.reset();
    return json::object();
  }

  json Wait(const json& request) {
    clock_.Advance(request.at("ms").get<int64_t>() * kNsPerMs);
    if (store_) store_->Tick();
    return json::object();
  }

  env::PosixFileSystem files_;
  env::FixedClock clock_{env::SystemClock().NowNs()};
  env::SystemEntropy entropy_;
  LogBuffer log_;
  std::unique_ptr<store::Store> store_;
};

}  // namespace

int main() {
  Adapter adapter;
  for (std::string line; std::getline(std::cin, line);) {
    const json answer = adapter.Answer(json::parse(line));
    std::cout << answer.dump(-1, ' ', false, json::error_handler_t::replace) << std::endl;
  }
  return 0;
}
