#include "harness/runner/measured.h"

#include <algorithm>
#include <cctype>

#include "harness/runner/measured_play.h"
#include "harness/runner/summary.h"
#include "harness/runner/trace.h"
#include "harness/runner/workspace.h"

namespace atrest::runner {
namespace {

constexpr uint64_t kFixtureMax = 64u << 20;

verdict::Verdict VerdictOn(const MeasuredCase& one, driver::Driver& driver) {
  verdict::Verdict verdict;
  const driver::TargetInfo info = driver.Info();
  verdict.self = info.is_reference;
  for (const std::string& need : one.needs) {
    if (std::ranges::find(info.capabilities, need) != info.capabilities.end()) continue;
    verdict.kind = verdict::Kind::kSkipped;
    verdict.message = "the target lacks the capability \"" + need + "\"";
    return verdict;
  }
  const auto difference = one.play(driver);
  if (!difference.ok()) {
    verdict.kind = verdict::Kind::kHarnessError;
    verdict.message = difference.status().message();
  } else if (!difference.value().empty()) {
    verdict.kind = verdict::Kind::kFail;
    verdict.oracle = "measured";
    verdict.requirement = "fixtures/" + one.id.substr(0, one.id.find('/'));
    verdict.message = difference.value();
  }
  return verdict;
}

verdict::Verdict PlayOne(const MeasuredCase& one, const RunOptions& options, env::Clock& clock) {
  const int64_t began = clock.NowNs();
  driver::DriverOptions made;
  made.seed = options.seed;
  verdict::Verdict verdict;
  auto driver = options.make_driver(made);
  if (driver.ok()) {
    verdict = VerdictOn(one, *driver.value());
  } else {
    verdict.kind = verdict::Kind::kHarnessError;
    verdict.message = driver.status().message();
  }
  verdict.scenario = one.id;
  verdict.title = one.title;
  verdict.suite = verdict::Suite::kCompatibility;
  verdict.replay = "atrest measured " + one.id + TargetArguments(options);
  verdict.seconds = SecondsOf(clock.NowNs() - began);
  return verdict;
}

}  // namespace

Result<std::vector<MeasuredCase>> LoadMeasured(env::FileSystem& files, const std::string& root) {
  std::vector<MeasuredCase> cases;
  try {
    ATREST_TRY(AddStores(files, root, cases));
    ATREST_TRY(AddDamage(files, root, cases));
    ATREST_TRY(AddTranscripts(files, root, cases));
  } catch (const Json::exception& error) {
    return Status(Code::kInvalid, std::string("a fixture is not as it should be: ") + error.what());
  }
  std::ranges::sort(cases, {}, &MeasuredCase::id);
  return cases;
}

Result<verdict::RunSummary> RunMeasured(const std::vector<MeasuredCase>& cases,
                                        const RunOptions& options, const RunEvents& events,
                                        env::Clock& clock) {
  const auto probe = options.make_driver({});
  if (!probe.ok()) return probe.status();
  const int64_t began = clock.NowNs();
  verdict::RunSummary summary = BeginSummary(options, probe.value()->Info(), clock);
  if (events.starting) events.starting(summary);
  for (const MeasuredCase& one : cases) {
    summary.verdicts.push_back(PlayOne(one, options, clock));
    if (events.ended) events.ended(summary.verdicts.back());
  }
  EndSummary(summary, began, clock);
  return summary;
}

void Player::Copy(env::FileSystem& files, const std::string& root, const std::string& store) {
  const Status copied = CopyTree(files, root + "/fixtures/stores/" + store + "/store",
                                 driver_.files(), driver_.directory());
  if (!copied.ok()) Fail(copied);
}

Json Player::ReadAt(const std::string& channel, uint64_t sequence) {
  const verdict::Read seen = Read({channel, scenario::Read::From::kSequence, sequence, 1});
  if (seen.deliveries.empty()) return nullptr;
  if (seen.deliveries[0].sequence != sequence) return {{"instead", seen.deliveries[0].sequence}};
  return ToHex(AsBytes(seen.deliveries[0].payload));
}

void Player::CheckReads(const Json& reads) {
  for (const auto& [channel, sequences] : reads.items()) {
    for (const auto& [sequence, expected] : sequences.items())
      Check(channel + ":" + sequence, expected, ReadAt(channel, std::stoull(sequence)));
  }
}

void Player::Check(const std::string& what, const Json& expected, const Json& seen) {
  if (expected != seen)
    Differ(what + ": " + expected.dump() + " was measured, but it is " + seen.dump());
}

void Player::NoteStrange(const verdict::Outcome& outcome) { Differ(Summarise({outcome, {}})); }

Result<std::string> Player::Verdict() const {
  if (!status_.ok()) return status_;
  return difference_;
}

std::string Slug(const std::string& name) {
  std::string slug;
  for (const char c : name) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0;
    if (plain) slug += c;
    if (!plain && !slug.empty() && slug.back() != '_') slug += '_';
  }
  return slug;
}

Result<Json> LoadFixture(env::FileSystem& files, const std::string& path) {
  const auto bytes = env::ReadWhole(files, path, kFixtureMax);
  if (!bytes.ok()) return bytes.status();
  Json json = Json::parse(AsText(bytes.value()), nullptr, false);
  if (json.is_discarded()) return Status(Code::kInvalid, path + ": is not JSON");
  return json;
}

}  // namespace atrest::runner
