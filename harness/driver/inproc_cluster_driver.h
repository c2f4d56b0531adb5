// The target "sim": a cluster of the reference's nodes in this process, on the disks, network and
// clock of reference/sim. What a client does is done by one that is made for the step, or that the
// scenario names; it goes on trying as a client does whose library connects again.
// What comes to rest in time is waited for in virtual time, within bounds, so that a step finds
// what the one before it has brought about on all nodes. A node that ends by itself outside of its
// start is a crash.
// Texts name a node's files as the node does, relative to its directory.
// Not for whole runs under faults: reference/sim/simulation.h.
// Time and entropy are functions of the seed, so a run can be repeated byte for byte.
// Threads: one.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/driver/driver.h"
#include "harness/driver/inproc_node_files.h"
#include "reference/sim/event_queue.h"
#include "reference/sim/sim_client.h"
#include "reference/sim/sim_node.h"

namespace atrest::driver {

class InprocClusterDriver : public Driver {
 public:
  explicit InprocClusterDriver(uint64_t seed);
  ~InprocClusterDriver() override;

  TargetInfo Info() const override;
  Status MakeNodes(const scenario::Cluster& cluster) override;
  Result<std::vector<std::string>> NodesOf(const std::string& role) override;
  Result<std::vector<verdict::Observation>> ActOn(
      const std::vector<std::string>& nodes, const scenario::Action& action,
      const std::map<std::string, std::string>& keys) override;

  // Of the cluster as a whole; Start, Stop and Kill are kInvalid.
  Result<verdict::Observation> Start(const scenario::Settings& settings,
                                     const std::map<std::string, std::string>& keys) override;
  Result<verdict::Observation> Publish(const scenario::Publish& publish) override;
  Result<verdict::Observation> Read(const scenario::Read& read) override;
  Result<verdict::Observation> Stop() override;
  Result<verdict::Observation> Kill() override;
  Result<verdict::Observation> Wait(const scenario::Wait& wait) override;
  Result<verdict::Observation> Act(const scenario::ClientStep& step) override;

  env::FileSystem& files() override { return files_; }
  std::string directory() const override { return kNodesRoot; }

 private:
  struct Named {
    std::string client;
    std::string channel;
    size_t seen = 0;  // of History::delivered
  };
  using Numbers = std::vector<size_t>;

  void Post(sim::Site from, const raft::Message& message);
  template <typename Done>
  bool RunUntil(int64_t bound_ns, Done done);
  // Until all nodes that run have applied what one of them leads with, if there can be one.
  void AwaitRest(int64_t bound_ns);
  bool IsAtRest() const;
  bool HasMajority() const;
  std::optional<size_t> Leader() const;
  Numbers NumbersOf(const std::vector<std::string>& nodes) const;

  Result<std::vector<verdict::Observation>> StartAll(const Numbers& nodes,
                                                     const sim::NodeSettings& settings);
  Status EndAll(const Numbers& nodes, const scenario::Action& action);
  verdict::Outcome Elect(size_t node);
  void StepDown(size_t leader);

  sim::SimClient& NewClient(const std::string& id);
  bool Connects(const sim::SimClient& client);
  void Leave(sim::SimClient& client);
  bool IsAcked(sim::SimClient& client, const std::string& channel, const std::string& payload);
  verdict::Outcome ActAs(const scenario::Connect& step);
  verdict::Outcome ActAs(const scenario::Disconnect& step);
  verdict::Outcome ActAs(const scenario::Subscribe& step);
  verdict::Outcome ActAs(const scenario::Receive& step);
  template <typename Other>
  verdict::Outcome ActAs(const Other& step);
  std::vector<verdict::Delivery> Since(const Named& subscription, uint64_t max) const;
  verdict::Observation Seen(verdict::Outcome outcome);

  uint64_t seed_;
  sim::EventQueue queue_;
  sim::SimTrace trace_;
  sim::SimNetwork network_;
  sim::SimNats nats_;
  sim::History history_;
  sim::World world_;
  std::vector<std::unique_ptr<sim::SimNode>> nodes_;
  InprocNodeFiles files_;
  std::vector<std::vector<verdict::LogLine>> logs_;  // of each node since the last step
  std::vector<verdict::LogLine> log_;                // of all, in order
  std::map<size_t, std::string> crashes_;            // by node, since the last step
  std::vector<std::unique_ptr<sim::SimClient>> clients_;
  std::map<std::string, sim::SimClient*> named_;
  std::map<std::string, Named> subscriptions_;  // by name
};

}  // namespace atrest::driver
