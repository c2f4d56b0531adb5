// atrest-load: a load on a STAN server with every message accounted for, its throughput, or how
// soon its program starts and stops. Prints one line of JSON; the stages go to stderr. SIGTERM ends
// a load early: what is under way is still waited for and judged.
// Exit codes: 0; 1 if anything was lost or failed; 64 usage.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <exception>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/load/load_run.h"
#include "harness/load/start_stop.h"
#include "harness/load/throughput.h"

namespace {

using atrest::load::Latency;
using atrest::load::Ledger;
using atrest::load::LoadOptions;
using nlohmann::json;

constexpr int kUsage = 64;

volatile std::sig_atomic_t g_stopped = 0;

void OnSignal(int) { g_stopped = 1; }

struct Options {
  LoadOptions load;
  bool throughput = false;
  uint64_t messages = 200000;
  uint32_t starts = 0;
  std::vector<std::string> command;
};

// To the microsecond.
double Milliseconds(int64_t duration_ns) {
  return std::round(static_cast<double>(duration_ns) / 1e3) / 1e3;
}

json ToJson(const Latency& latency) {
  return {{"p50", Milliseconds(latency.Percentile(0.5))},
          {"p90", Milliseconds(latency.Percentile(0.9))},
          {"p99", Milliseconds(latency.Percentile(0.99))},
          {"max", Milliseconds(latency.max_ns())}};
}

json ToJson(const atrest::load::LoadRun& run, bool passed) {
  const Ledger& ledger = run.ledger();
  const Ledger::Counts& counts = ledger.counts();
  const double seconds = std::max(run.load_seconds(), 1e-9);
  return {{"ok", passed},
          {"trouble", run.trouble()},
          {"remarks", ledger.remarks()},
          {"seconds", run.load_seconds()},
          {"published_per_s", static_cast<double>(counts.published) / seconds},
          {"published", counts.published},
          {"acked", counts.acked},
          {"unacked", ledger.unacked()},
          {"delivered", counts.delivered},
          {"undelivered", ledger.undelivered()},
          {"redelivered", counts.redelivered},
          {"refused", counts.refused},
          {"acked_strangely", counts.acked_strangely},
          {"sequence_errors", counts.sequence_errors},
          {"number_errors", counts.number_errors},
          {"payload_errors", counts.payload_errors},
          {"ack_ms", ToJson(ledger.ack_latency())},
          {"delivery_ms", ToJson(ledger.delivery_latency())}};
}

void Print(const json& result) {
  std::printf("%s\n", result.dump(-1, ' ', false, json::error_handler_t::replace).c_str());
}

int Fail(const std::string& why) {
  Print({{"ok", false}, {"trouble", why}});
  return 1;
}

int RunLoad(const Options& options) {
  std::signal(SIGTERM, OnSignal);
  const auto say = [](const std::string& stage) { std::fprintf(stderr, "%s\n", stage.c_str()); };
  atrest::load::LoadRun run(options.load, say, [] { return g_stopped != 0; });
  const bool passed = run.Run();
  Print(ToJson(run, passed));
  return passed ? 0 : 1;
}

int RunThroughput(const Options& options) {
  const LoadOptions& load = options.load;
  const auto rates = atrest::load::MeasureThroughput(
      {load.target, load.run, options.messages, load.size, load.window, load.patience_s});
  if (!rates.ok()) return Fail(rates.status().message());
  Print({{"ok", true},
         {"pub_per_s", rates.value().pub},
         {"sub_per_s", rates.value().sub},
         {"pubsub_per_s", rates.value().pubsub}});
  return 0;
}

json Summary(std::vector<int64_t> durations_ns) {
  std::sort(durations_ns.begin(), durations_ns.end());
  json all = json::array();
  for (const int64_t duration_ns : durations_ns) all.push_back(Milliseconds(duration_ns));
  return {{"median", all[all.size() / 2]}, {"max", all.back()}, {"all", all}};
}

int RunStartStop(const Options& options) {
  std::vector<int64_t> ready;
  std::vector<int64_t> gone;
  std::map<std::string, int> codes;
  for (uint32_t i = 0; i < options.starts; ++i) {
    const auto seen = atrest::load::MeasureStartStop(options.command, options.load.target);
    if (!seen.ok()) return Fail(seen.status().message());
    ready.push_back(seen.value().ready_ns);
    gone.push_back(seen.value().gone_ns);
    ++codes[std::to_string(seen.value().exit_code)];
  }
  Print({{"ok", true},
         {"starts", options.starts},
         {"ready_ms", Summary(ready)},
         {"gone_ms", Summary(gone)},
         {"exit_codes", codes}});
  return 0;
}

void AddOptions(CLI::App& app, Options& options) {
  LoadOptions& load = options.load;
  load.run = "load" + std::to_string(::getpid());
  app.add_option("--host", load.target.host, "IPv4 address of the server")->capture_default_str();
  app.add_option("-p,--port", load.target.port)->capture_default_str();
  app.add_option("--cluster", load.target.cluster)->capture_default_str();
  app.add_option("--run", load.run, "first part of client ids and channels, new to the server");
  app.add_option("--connections", load.connections)
      ->check(CLI::Range(1, 50000))
      ->capture_default_str();
  app.add_option("--channels", load.channels)->check(CLI::Range(1, 100000))->capture_default_str();
  app.add_option("--subscribers", load.subscribers, "how many of the connections subscribe")
      ->capture_default_str();
  app.add_option("--rate", load.rate, "messages a second in all, 0 for flat out")
      ->capture_default_str();
  app.add_option("--seconds", load.seconds)->check(CLI::Range(1, 86400))->capture_default_str();
  app.add_option("--size", load.size, "bytes of a payload")
      ->check(CLI::Range(24, 1000000))
      ->capture_default_str();
  app.add_option("--burst", load.burst, "messages that a connection sends at a time")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  app.add_option("--window", load.window, "unacked messages of a connection")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
  app.add_option("--patience", load.patience_s, "seconds without news that end the run")
      ->check(CLI::Range(1, 3600))
      ->capture_default_str();
  auto* throughput = app.add_flag("--throughput", options.throughput,
                                  "one publisher, then one subscriber, then both, instead");
  app.add_option("--messages", options.messages, "of each phase of --throughput")
      ->check(CLI::Range(1, 100000000))
      ->capture_default_str();
  auto* starts =
      app.add_option("--start-stop", options.starts, "start and stop COMMAND so often, instead")
          ->check(CLI::Range(1, 100000));
  starts->excludes(throughput);
  app.add_option("command", options.command, "behind --: the server program and its options")
      ->needs(starts);
}

int Main(int argc, char** argv) {
  CLI::App app("A load on a STAN server with every message accounted for", "atrest-load");
  Options options;
  AddOptions(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsage;
  }
  if (options.starts > 0 && options.command.empty()) {
    std::fprintf(stderr, "atrest-load: --start-stop needs a COMMAND behind --\n");
    return kUsage;
  }
  if (options.load.subscribers > options.load.connections) {
    std::fprintf(stderr, "atrest-load: more subscribers than connections\n");
    return kUsage;
  }
  if (options.starts > 0) return RunStartStop(options);
  return options.throughput ? RunThroughput(options) : RunLoad(options);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return Main(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "atrest-load: %s\n", error.what());
    return 1;
  }
}
