#include "harness/prove/prove.h"

#include <optional>

#include "harness/runner/jobs.h"

namespace atrest::prove {
namespace {

using What = Stage::What;

constexpr double kNsPerSecond = 1e9;

// Where a lawful variant takes minutes, on the server, the quick form tries it by quick scenarios
// only; a fault that these do not kill is tried by all.
std::vector<What> StagesFor(const fault::Row& row, const ProveOptions& options) {
  if (!options.early_end) return {What::kAll, What::kCases};
  const bool is_server = !options.traces.empty();
  if (is_server && row.kind == fault::Kind::kVariant) return {What::kQuick, What::kCases};
  return {What::kQuick, What::kOthers, What::kCases};
}

// A kill for the stated reason ends it early; a variant is never proven lawful early.
Stage StageOf(What what, const fault::Row& row, const ProveOptions& options) {
  Stage stage{what, {}, {}};
  if (options.early_end && row.kind != fault::Kind::kVariant) {
    stage.enough = [&row](const Kill& kill) { return IsProof(row, kill); };
    stage.first = fault::RequirementsOf(row);
  }
  return stage;
}

bool HasExecuted(const std::string& trace, uint64_t before, env::FileSystem& files) {
  if (trace.empty()) return fault::Executions() > before;
  return files.Exists(trace);
}

Evidence Try(const FaultTrial& trial, const fault::Row& row, const ProveOptions& options,
             const std::string& trace, env::FileSystem& files, env::Clock& clock) {
  Evidence evidence;
  const int64_t began = clock.NowNs();
  const uint64_t before = fault::Executions();
  const std::string name(row.name);
  for (const What what : StagesFor(row, options)) {
    const auto enough = trial.Run(name, trace, StageOf(what, row, options), evidence);
    if (!enough.ok()) evidence.trouble = enough.status().message();
    if (!enough.ok() || enough.value()) break;
  }
  evidence.executed = HasExecuted(trace, before, files);
  evidence.seconds = static_cast<double>(clock.NowNs() - began) / kNsPerSecond;
  return evidence;
}

}  // namespace

Result<std::vector<Tried>> Prove(const FaultTrial& trial, const std::string& target,
                                 const std::vector<const fault::Row*>& rows,
                                 const ProveOptions& options, env::FileSystem& files,
                                 env::Clock& clock, const std::function<void(const Tried&)>& told) {
  std::vector<Tried> all(rows.size());
  runner::Jobs jobs;
  jobs.jobs = options.jobs;
  jobs.pieces = rows.size();
  jobs.work = [&](size_t index) {
    trial.BeginPiece(options.seconds_max);
    const std::string trace =
        options.traces.empty() ? "" : options.traces + "/" + std::to_string(index);
    return Packed(Try(trial, *rows[index], options, trace, files, clock));
  };
  jobs.done = [&](size_t index, const std::optional<std::string>& answer, const std::string& how) {
    all[index].row = rows[index];
    all[index].target = target;
    const auto evidence = answer ? Unpacked(*answer) : Status(Code::kIo, "it ended by " + how);
    if (evidence.ok()) {
      all[index].evidence = evidence.value();
    } else {
      all[index].evidence.trouble = evidence.status().message();
    }
    if (told) told(all[index]);
  };
  ATREST_TRY(runner::DoInJobs(jobs));
  return all;
}

}  // namespace atrest::prove
