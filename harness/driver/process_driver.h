// A server program as a target: started from a target file, spoken to over the wire.
//
// "Nothing more comes" is proven, not waited for (Settle):
// - A target with a control channel answers a barrier when all that it received is processed.
// - Any other is asked to do, behind everything else, something whose outcome shows. The streaming
//   server starts subscriptions one after the other on one thread, and answers a request to close
//   one only when the acks that came before are processed, deliveries that follow from them
//   included; both go out on one connection. So a message of our own, in a channel of our own, is
//   subscribed to (its delivery proves that the starts before are done) and the subscription is
//   closed (the answer proves the acks). That channel, kBarrierChannel, is in the target's store
//   while it runs, and is removed from its files when it has ended. Where even that fails, as in a
//   store that takes no more channels, kGrace is waited.
// - Then each client sends itself a message: what the server sent before is in the client's hands
//   when it arrives.
// What only time brings (redelivery, expiry) comes by Wait: at once by a virtual clock, in earnest
// otherwise.
//
// Clients: one of the driver's own for Publish and Read, connected when it is first needed, and the
// named ones. Stop ends the own one in order; named ones are cut when the server is gone.
//
// An interrupt of a running server is armed when the own client is connected, so that what the
// server writes for that client does not count. What is asked of a server that an interrupt has
// killed is answered without it, until the Kill.
// Threads: one, which lives as long as the driver (child_process.h).
#pragma once

#include <map>
#include <memory>
#include <string>

#include "harness/driver/control_channel.h"
#include "harness/driver/driver.h"
#include "harness/driver/server_process.h"
#include "harness/driver/stan_client.h"
#include "reference/env/posix_env.h"

namespace atrest::driver {

class ProcessDriver : public Driver {
 public:
  static constexpr char kBarrierChannel[] = "atrest.barrier";

  // DIRECTORY: of the store; "" for one of our own, removed with the driver.
  static Result<std::unique_ptr<Driver>> Make(TargetFile target, const std::string& directory,
                                              uint64_t seed, int patience,
                                              ServerStarter start = ServerProcess::Start);
  ~ProcessDriver() override;

  TargetInfo Info() const override;
  Result<verdict::Observation> Start(const scenario::Settings& settings,
                                     const std::map<std::string, std::string>& keys) override;
  Result<verdict::Observation> Publish(const scenario::Publish& publish) override;
  Result<verdict::Observation> Read(const scenario::Read& read) override;
  Result<verdict::Observation> Stop() override;
  Result<verdict::Observation> Kill() override;
  Result<verdict::Observation> Wait(const scenario::Wait& wait) override;
  Result<verdict::Observation> Interrupt(const scenario::Interrupt& interrupt) override;
  bool InterruptCame() const override {
    return is_full_ || !why_gone_.empty() || (server_ && server_->WasInterrupted());
  }
  Result<verdict::Observation> Act(const scenario::ClientStep& step) override;
  env::FileSystem& files() override { return files_; }
  std::string directory() const override { return place_.store; }
  std::optional<int> process() const override {
    return server_ ? server_->process() : std::nullopt;
  }
  std::string TakeOutput() override;
  std::string barrier_channel() const override { return kBarrierChannel; }

 private:
  ProcessDriver(TargetFile target, Place place, ServerStarter start)
      : target_(std::move(target)), place_(std::move(place)), start_(std::move(start)) {}

  Result<StanClient*> OwnClient();
  StanClient* ClientNamed(const std::string& name);
  Status PublishOne(StanClient& client, const scenario::Publish& publish,
                    const std::string& payload);
  Status PublishExplicitly(const scenario::Publish& publish);
  void Drop(const std::string& client);

  Status Settle();
  Status SettleBySubscription();
  Status EchoAll();

  Status ReadAll(StanClient& client, const scenario::Read& read, verdict::Read& seen);
  Status ReadSome(StanClient& client, const scenario::Read& read, verdict::Read& seen);
  Status Collect(StanClient& client, const std::string& subscription, uint64_t stalls_at,
                 std::vector<verdict::Delivery>& deliveries);
  Result<verdict::Outcome> Perform(const scenario::Connect& step);
  Result<verdict::Outcome> Perform(const scenario::Disconnect& step);
  Result<verdict::Outcome> Perform(const scenario::Vanish& step);
  Result<verdict::Outcome> Perform(const scenario::Subscribe& step);
  Result<verdict::Outcome> Perform(const scenario::Receive& step);
  Result<verdict::Outcome> Perform(const scenario::Ack& step);
  Result<verdict::Outcome> Perform(const scenario::CloseSubscription& step);
  Result<verdict::Outcome> Perform(const scenario::Unsubscribe& step);
  Result<verdict::Outcome> Perform(const scenario::Request& step);
  Result<verdict::Outcome> Perform(const scenario::Raw& step);

  Result<verdict::Outcome> End(const std::string& subscription,
                               Status (StanClient::*end)(const std::string&));

  // OUTCOME with the log; if the server has ended meanwhile, that is the outcome, unless by an
  // interrupt; a STATUS that is not ok leaves it undecided.
  verdict::Observation Seen(verdict::Outcome outcome, const Status& status = Status());
  std::vector<verdict::LogLine> TakeLog();
  void Forget();
  // Whether the run that ends now was over already.
  bool EndInterruptedRun();

  TargetFile target_;
  Place place_;
  ServerStarter start_;
  uint64_t starts_ = 0;
  env::PosixFileSystem files_;
  std::unique_ptr<Server> server_;  // null while stopped, and once interrupted
  std::string output_;              // since it was taken
  std::string why_gone_;            // of an interrupted run's server; "" while it is there
  bool is_full_ = false;            // this run's disk is to be full
  uint64_t explicit_publishes_ = 0;
  std::unique_ptr<ControlChannel> control_;
  std::string cluster_id_;
  std::unique_ptr<StanClient> own_;
  std::map<std::string, std::unique_ptr<StanClient>> clients_;
  struct Open {
    StanClient* client;
    uint64_t max_in_flight;
    bool manual_acks;
  };
  std::map<std::string, Open> subscriptions_;
};

}  // namespace atrest::driver
