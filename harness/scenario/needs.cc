#include "harness/scenario/needs.h"

namespace atrest::scenario {
namespace {

bool IsForAProgram(const Settings& settings) {
  return settings.max_channels || settings.max_subscriptions || settings.max_inactivity_ms ||
         !settings.channels.empty() || !settings.arguments.empty() || settings.config;
}

}  // namespace

std::vector<std::string> NeedsOf(const Action& action) {
  if (const auto* start = std::get_if<Start>(&action)) {
    std::vector<std::string> needed = {start->settings.store};
    if (IsForAProgram(start->settings)) needed.push_back("program");
    if (start->settings.cluster_sync || start->settings.cluster_peers) needed.push_back("nodes");
    return needed;
  }
  if (const auto* step = std::get_if<ClientStep>(&action)) {
    const bool raw = std::holds_alternative<Request>(*step) || std::holds_alternative<Raw>(*step);
    return {raw ? "raw" : "client"};
  }
  if (const auto* publish = std::get_if<Publish>(&action)) {
    std::vector<std::string> needed;
    if (!publish->client.empty()) needed.push_back("client");
    if (publish->explicit_empty) needed.push_back("explicit_empty");
    return needed;
  }
  if (const auto* kill = std::get_if<Kill>(&action)) return {kill->power ? "power" : "kill"};
  if (std::holds_alternative<Interrupt>(action)) return {"interrupt"};
  const bool bytes_on_disk = std::holds_alternative<UseGolden>(action) ||
                             std::holds_alternative<Tamper>(action) ||
                             std::holds_alternative<Inspect>(action);
  return bytes_on_disk ? std::vector<std::string>{"format:stan-file-1"}
                       : std::vector<std::string>();
}

std::set<std::string> NeedsOf(const std::vector<Step>& steps) {
  std::set<std::string> needed;
  for (const Step& step : steps) {
    for (std::string& name : NeedsOf(step.action)) needed.insert(std::move(name));
  }
  return needed;
}

}  // namespace atrest::scenario
