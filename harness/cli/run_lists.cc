#include "harness/cli/run_lists.h"

#include <cctype>
#include <utility>

#include "reference/env/posix_env.h"

namespace atrest::cli {
namespace {

using verdict::ExitCode;

constexpr char kNone[] = "none";
constexpr uint64_t kListMax = 16u << 20;

template <typename T>
T ValueOr(Result<T> result, ExitCode code) {
  if (!result.ok()) throw CommandError{code, result.status().message()};
  return std::move(result).value();
}

// The list of a target that has a name, below the root; "" for a path or a command.
std::string FileOf(const std::string& target) {
  std::string name;
  for (const char c : target) {
    if (c == '/' || c == ' ') return "";
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '.';
    name += plain ? c : '_';
  }
  return "scenarios/known_failures/" + name + ".txt";
}

}  // namespace

RunLists::RunLists(const runner::Suite& suite, const std::string& target, const std::string& known,
                   bool needed)
    : disputes_(ValueOr(suite.LoadDisputes(), ExitCode::kHarnessFailed)) {
  env::PosixFileSystem files;
  if (known == kNone) return;
  shown_ = known.empty() ? FileOf(target) : known;
  file_ = known.empty() && !shown_.empty() ? suite.root() + "/" + shown_ : shown_;
  if (file_.empty() && needed)
    throw CommandError{ExitCode::kUsage, "name the list of this target with --known-failures"};
  const bool is_there = !file_.empty() && files.Exists(file_);
  if (!is_there && known.empty() && !needed) file_.clear();
  if (file_.empty()) return;
  known_.emplace();
  if (is_there || !needed) {
    const auto text = ValueOr(env::ReadWhole(files, file_, kListMax), ExitCode::kUsage);
    const auto has_document = [&](const std::string& path) {
      return files.Exists(suite.root() + "/" + path);
    };
    known_ =
        ValueOr(runner::KnownFailures::Parse(shown_, AsText(text), has_document), ExitCode::kUsage);
  }
  for (const auto& scenario : ValueOr(suite.Load({}), ExitCode::kHarnessFailed))
    all_.insert(scenario.id);
}

void RunLists::Settle(verdict::Verdict& verdict) const {
  disputes_.Settle(verdict);
  if (known_) known_->Mark(verdict);
}

void RunLists::Conclude(verdict::RunSummary& summary) const {
  if (!known_) return;
  summary.known_failures = shown_;
  summary.departures = known_->Departures(summary.verdicts, all_);
}

Result<std::vector<std::string>> RunLists::Update(verdict::RunSummary& summary) {
  const Status may = runner::KnownFailures::MayUpdateFrom(summary);
  if (!may.ok())
    return Status(may.code(), "--update left " + shown_ +
                                  " as it was, since a list cannot be made "
                                  "of this run: " +
                                  may.message());
  env::PosixFileSystem files;
  const runner::KnownFailures updated = known_->Updated(summary.verdicts);
  const size_t slash = file_.rfind('/');
  if (slash != std::string::npos) ATREST_TRY(files.MakeDirectories(file_.substr(0, slash)));
  ATREST_TRY(env::WriteWhole(files, file_, AsBytes(updated.Print())));
  auto changes = updated.ChangesFrom(*known_);
  known_ = updated;
  for (verdict::Verdict& verdict : summary.verdicts) {
    verdict.known.clear();
    known_->Mark(verdict);
  }
  return changes;
}

}  // namespace atrest::cli
