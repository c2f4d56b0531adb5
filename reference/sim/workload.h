// What the clients of a simulation do: publish payloads of all kinds to a few channels, subscribe
// plainly, durably and in queue groups, leave, go and come back. What is done when is a function of
// the seed; the payload of each publish holds bytes that occur nowhere else, so that they can be
// searched for, and some begin as a sealed payload would (01, 02).
// Ownership: owns its clients; borrows the world.
// Threads: one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "reference/base/random.h"
#include "reference/sim/sim_client.h"

namespace atrest::sim {

// The id of the client that reads everything back when all faults are over.
inline constexpr char kReader[] = "reader";

struct WorkloadOptions {
  uint64_t seed = 0;
  uint64_t ops = 0;
  size_t clients = 1;
  size_t channels = 1;
  int64_t gap_ns = 0;
  Site first_site = 0;  // of the clients, which take one each
};

class Workload {
 public:
  Workload(World& world, const WorkloadOptions& options);

  // Clients connect, and the first op is due.
  void Start();
  // Whether all ops were begun.
  bool is_done() const { return done_ >= options_.ops; }
  // Publishes that are neither acknowledged nor given up.
  size_t unfinished() const;
  // No op begins while it is paused.
  void Pause(bool paused) { paused_ = paused; }
  // Ends the ops: nobody leaves any more.
  void Calm();
  // Publishes once to every channel, from one client, what occurs nowhere else; what was published,
  // as numbers in the history.
  std::vector<size_t> Probe();
  // A client that was never there (kReader) subscribes to every channel from the first message on.
  void ReadAll();

  const std::vector<std::string>& channels() const { return channels_; }
  size_t clients() const { return clients_.size(); }

 private:
  void Next();
  void DoOne();
  void PublishSomewhere(SimClient& client);
  void PublishBurst();
  size_t PublishFrom(SimClient& client, const std::string& channel, Bytes payload);
  Bytes Payload();
  size_t PayloadSize();
  void SubscribeSomebody();
  SimClient& AnyClient() { return *clients_[random_.Below(clients_.size())]; }
  const std::string& AnyChannel() { return channels_[random_.Below(channels_.size())]; }

  World& world_;
  const WorkloadOptions options_;
  Random random_;
  std::vector<std::string> channels_;
  std::vector<std::unique_ptr<SimClient>> clients_;
  std::unique_ptr<SimClient> reader_;
  uint64_t done_ = 0;
  bool paused_ = false;
};

}  // namespace atrest::sim
