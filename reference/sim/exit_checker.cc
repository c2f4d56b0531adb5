#include "reference/sim/run_checkers.h"

namespace atrest::sim {
namespace {

// A node that has a snapshot and finds nobody to give it the messages ends, and is started again
// (cluster.md 3j).
constexpr char kNoLeader[] = "unable to restore messages, aborting";

// One that lacks messages before the one that it applies asks the leader for them, once. Without a
// damage somewhere none are missing.
bool AskedInVain(const std::string& text) {
  return text.starts_with("panic: failed to store replicated message ") &&
         (text.ends_with(": nats: timeout") ||
          text.ends_with(": nats: no responders available for request"));
}

// Nobody led for as long as it asked to be let in.
bool IsOutside(const NodeHistory& node, const std::string& text) {
  return text.starts_with("failed to join Raft group ") && !node.starts.back().settings.names_peers;
}

class ExitChecker : public Checker {
 public:
  const char* name() const override { return "no-exit"; }
  void OnNodeDown(const History& history, size_t node, std::vector<Violation>& found) override {
    const NodeHistory& mine = history.nodes[node];
    if (!mine.exit_text || !mine.damages.empty()) return;
    if (mine.exit_text->ends_with(kNoLeader)) return;
    if (IsOutside(mine, *mine.exit_text)) return;
    if (history.IsDamaged() && AskedInVain(*mine.exit_text)) return;
    found.push_back({name(), mine.id, "K-node-start",
                     "ended with " + std::to_string(mine.exit_code) + ": " + *mine.exit_text});
  }
  void AtRest(const History& /*history*/, std::vector<Violation>& /*found*/) override {}
};

}  // namespace

std::unique_ptr<Checker> MakeExitChecker() { return std::make_unique<ExitChecker>(); }

std::vector<std::unique_ptr<Checker>> MakeRunCheckers() {
  std::vector<std::unique_ptr<Checker>> all;
  all.push_back(MakeLeaderChecker());
  all.push_back(MakeAppliedChecker());
  all.push_back(MakeDeliveryChecker());
  all.push_back(MakeReadBackChecker());
  all.push_back(MakeExitChecker());
  return all;
}

}  // namespace atrest::sim
