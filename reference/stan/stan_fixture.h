// For tests: a streaming server over a store in memory (files or not), with verbs for what clients
// do (stan_verbs.h) and for time that passes. Expectations that verbs rely on are CHECKs.
// Threads: none shared.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "reference/env/fixed_env.h"
#include "reference/env/mem_file_system.h"
#include "reference/stan/stan_verbs.h"
#include "reference/stan/streaming_server.h"
#include "reference/store/crypto_store.h"
#include "reference/store/file_store.h"
#include "reference/store/memory_store.h"
#include "reference/wire/msg_proto.h"
#include "reference/wire/stan_protocol.h"

namespace atrest::stan {

class StanFixture : public StanVerbs {
 protected:
  // A new process; whatever ran before is killed.
  Status TryOpen() {
    Kill();
    log_.Take();
    ATREST_TRY(OpenStore());
    options_.limits = limits_;
    server_ = std::make_unique<StreamingServer>(
        options_, *store_, bus_, log_, [this](std::span<uint8_t> into) { entropy_.Fill(into); });
    ATREST_TRY(server_->Start(clock_.NowNs()));
    // Up to the end of the question whether another server is there, and no further.
    for (int i = 0; i < 2 && server_->phase() == StreamingServer::Phase::kStarting; ++i) {
      clock_.Set(*server_->NextDeadlineNs());
      server_->Tick(clock_.NowNs());
      Drain();
    }
    return server_->phase() == StreamingServer::Phase::kFailed ? server_->failure() : Status();
  }
  // What the server does first when it is ready is done.
  void Open() {
    ATREST_CHECK(TryOpen().ok());
    (void)bus_.Take(server_->info().discovery);
    Pass(0);
  }
  void Kill() {
    server_.reset();
    store_.reset();
    bus_.patterns.clear();
    bus_.incoming.clear();
    bus_.sent.clear();
  }
  void Stop() { ATREST_CHECK(server_->Stop(clock_.NowNs()).ok()); }

  // Hands over what is on the bus, until nothing is left to do.
  void Drain() override {
    for (int i = 0; i < 100'000; ++i) {
      while (!bus_.incoming.empty()) {
        const FakeBus::Queued message = std::move(bus_.incoming.front());
        bus_.incoming.pop_front();
        server_->OnMessage(clock_.NowNs(), {message.handle, message.subject, message.reply,
                                            message.payload, message.no_responders});
      }
      server_->Flush(clock_.NowNs());
      if (bus_.incoming.empty() && !server_->HasQueued()) return;
    }
    ATREST_CHECK(false);
  }
  // Time passes; what becomes due is done at its time.
  void Pass(int64_t ns) {
    const int64_t end = clock_.NowNs() + ns;
    for (auto next = server_->NextDeadlineNs(); next && *next <= end;
         next = server_->NextDeadlineNs()) {
      if (*next > clock_.NowNs()) clock_.Set(*next);
      server_->Tick(clock_.NowNs());
      Drain();
    }
    clock_.Set(end);
  }

  std::vector<std::string> Logged() {
    constexpr const char* kTags[] = {"TRC ", "DBG ", "INF ", "WRN ", "ERR ", "FTL "};
    std::vector<std::string> texts;
    for (const LogBuffer::Line& line : log_.Take()) {
      texts.push_back(kTags[static_cast<int>(line.level)] + line.text);
    }
    return texts;
  }

  // The types of the records in foo's subs.dat, "1 5 4", or of clients.dat.
  std::string Records(const std::string& file = "foo/subs.dat") {
    const Bytes bytes = env::ReadWhole(files_, "d/" + file, uint64_t{1} << 30).value();
    std::string types;
    for (size_t at = 4; at + 8 <= bytes.size();) {
      const uint32_t head = LoadLe32(&bytes[at]);
      types += (types.empty() ? "" : " ") + std::to_string(head >> 24);
      at += 8 + (head & 0xFFFFFF);
    }
    return types;
  }

  bool use_files_ = true;
  std::string key_;  // not "": the store is encrypted
  env::MemFileSystem files_;
  env::FixedClock clock_{kStart};
  env::SeededEntropy entropy_{1};
  env::Env env_{files_, clock_, entropy_};
  LogBuffer log_;
  store::StoreLimits limits_;
  store::FileStoreOptions file_options_{.buffer_size = 0};
  StreamingOptions options_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<StreamingServer> server_;

 private:
  Status OpenStore() {
    if (use_files_) {
      auto opened = store::FileStore::Open(env_, log_, "d", limits_, file_options_);
      ATREST_TRY(opened.status());
      store_ = std::move(opened).value();
    } else {
      store_ = store::MakeMemoryStore(clock_, log_, limits_);
    }
    if (key_.empty()) return Status();
    store::EncryptionOptions encryption;
    encryption.key = crypto::Secret(AsBytes(key_));
    auto sealed = store::MakeCryptoStore(std::move(store_), entropy_, encryption);
    ATREST_TRY(sealed.status());
    store_ = std::move(sealed).value();
    return Status();
  }
};

}  // namespace atrest::stan
