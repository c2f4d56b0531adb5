// A driver lets the harness act on one target: start it with settings, act as its clients, stop it,
// kill it, and reach the files it leaves. It reports what it saw (verdict/observation.h) and judges
// nothing.
// To add one: NAME_driver.{h,cc} and a row in registry.cc.
// Ownership: a driver owns the target and its working directory. Destroying it ends the target.
// Errors: a target's misbehaviour is an observation. A Status means that the harness itself could
// not act.
// Threads: one.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/scenario/scenario.h"
#include "harness/verdict/observation.h"
#include "reference/base/status.h"
#include "reference/env/env.h"

namespace atrest::driver {

struct TargetInfo {
  std::string name;
  std::string version;
  // What it can do, by the names that scenarios need: "file", "memory", "kill",
  // "format:stan-file-1"; "client": named clients; "raw": bytes that no client library sends;
  // "program": command line, configuration file, exit codes; "clock": its time passes at no cost;
  // "interrupt": it can be ended at a chosen write or sync; "explicit_empty": an empty payload can
  // be sent as a field that is there; "cluster": it can be started as a node of a cluster;
  // "nodes": it is a cluster of nodes; "snapshots": of nodes that take snapshots when asked for;
  // "power": what was not synced can be lost.
  std::vector<std::string> capabilities;
  bool is_reference = false;  // built from reference/: agreement with it is no evidence
  std::map<std::string, std::string> lacks = {};  // a capability that it could have -> why not
};

// The error of a client step on a client that is not connected or a subscription that is not open.
inline constexpr char kNotThere[] = "(no such client or subscription)";
// The error of a step on a target that an interrupt of the harness has killed.
inline constexpr char kInterrupted[] = "(killed by the scenario's interrupt)";
// The same on a target that has ended by itself because of the full disk of an interrupt; how it
// ended follows. That is a way to refuse, and no crash.
inline constexpr char kGaveUp[] = "(ended by itself on a full disk)";

// What STEP comes to on such a target.
verdict::Outcome OutcomeOfNobody(const scenario::ClientStep& step);

class Driver {
 public:
  virtual ~Driver() = default;
  virtual TargetInfo Info() const = 0;
  // What kept the target from getting ready for any step: Crashed, TimedOut or Violated. What it
  // has told of itself then does not count. nullopt for one that is ready.
  virtual std::optional<verdict::Observation> Trouble() const { return std::nullopt; }

  // Each performs one step and returns its outcome: Started, Published, Read or Done. REQUIRES: the
  // order that the scenario loader has checked (no Publish before Start, and so on).
  virtual Result<verdict::Observation> Start(const scenario::Settings& settings,
                                             const std::map<std::string, std::string>& keys) = 0;
  virtual Result<verdict::Observation> Publish(const scenario::Publish& publish) = 0;
  virtual Result<verdict::Observation> Read(const scenario::Read& read) = 0;
  virtual Result<verdict::Observation> Stop() = 0;
  virtual Result<verdict::Observation> Kill() = 0;
  // Lets the target's time pass.
  virtual Result<verdict::Observation> Wait(const scenario::Wait& wait) = 0;
  // REQUIRES: the capability "interrupt". Steps that it hits are answered by what the target did
  // not do: a start as started, publishes as not acked, reads as they came, with the error
  // kInterrupted, or what begins with kGaveUp, where there is one.
  virtual Result<verdict::Observation> Interrupt(const scenario::Interrupt&) {
    return Status(Code::kInvalid, "the target cannot be interrupted");
  }
  // Whether the write or sync of the interrupt of this run has come; true where nobody can tell.
  virtual bool InterruptCame() const { return true; }
  // Of a target that is a cluster of nodes, with the capability "nodes". Publish, Read, Wait and
  // Act are then for the cluster as a whole, and Start, Stop and Kill for nodes, by ActOn.
  // Makes the nodes "a", "b" and so on, none of which runs. Before every step.
  virtual Status MakeNodes(const scenario::Cluster&) { return NoNodes(); }
  // The names of those that ROLE (a name, or one of scenario::kRoles) stands for at this moment.
  // kInvalid where it stands for none.
  virtual Result<std::vector<std::string>> NodesOf(const std::string&) { return NoNodes(); }
  // Does a Start, Stop, Kill or Elect to NODES at once; one observation for each, of what that node
  // did and logged. A start is done when the cluster has come to rest or cannot. kInvalid where a
  // node is in no state for it.
  virtual Result<std::vector<verdict::Observation>> ActOn(
      const std::vector<std::string>&, const scenario::Action&,
      const std::map<std::string, std::string>&) {
    return NoNodes();
  }
  // Where a node keeps its files: store/ and raft/CLUSTER-ID/.
  std::string DirectoryOf(const std::string& node) const { return directory() + "/" + node; }
  // A step of a named client. Its outcome is Answered, Read for Receive, or Reply for Request and
  // Raw. What the step makes the target log is in this observation, not in that of a later step.
  // A name that is not connected or open (a refused one never was) is answered with kNotThere.
  // REQUIRES: the capability "client" or "raw".
  virtual Result<verdict::Observation> Act(const scenario::ClientStep&) {
    return Status(Code::kInvalid, "the target has no clients");
  }

  // Where the target keeps its store. Files there are changed by the harness only while the target
  // is stopped.
  virtual env::FileSystem& files() = 0;
  virtual std::string directory() const = 0;
  // The process of a target that runs and has one: files that it holds open can be looked at.
  virtual std::optional<int> process() const { return std::nullopt; }
  // What a target that is a program wrote to its output streams since the last call, as it is.
  virtual std::string TakeOutput() { return ""; }
  // A channel that the driver itself uses in the store of a running target, "" for none. It is no
  // part of what the target shows.
  virtual std::string barrier_channel() const { return ""; }

 private:
  static Status NoNodes() { return Status(Code::kInvalid, "the target is no cluster"); }
};

struct DriverOptions {
  // Where the target's directory is made on disk; "" keeps it in memory where the driver can.
  std::string directory;
  uint64_t seed = 1;  // of the target's entropy, where it takes one
  // The least time that a target has for an answer where the driver bounds it, and a factor on all
  // such times.
  int64_t answer_ms = 10'000;
  int patience = 1;
  // For server programs: the folder of target files (harness/targets), that of this program's own
  // executables, and the program to be run instead of the one that the target file names; "" for
  // that one.
  std::string targets = "harness/targets";
  std::string executables;
  std::string server;
  // The deliberate defect (reference/base/fault.h) of a target that can have one, and the file that
  // a server program is to make when it first executes; "" for none.
  std::string fault;
  std::string fault_trace;
  // A server program is driven as if it had no control channel: like any other.
  bool wire_only = false;
  // For a server that something else starts and stops (attach_server.h).
  struct Hooks {
    std::string start;
    std::string stop;
    std::string kill;
    std::string directory;
  };
  Hooks hooks;
};

// Makes a fresh target with an empty store.
using DriverFactory = std::function<Result<std::unique_ptr<Driver>>(const DriverOptions&)>;

}  // namespace atrest::driver
