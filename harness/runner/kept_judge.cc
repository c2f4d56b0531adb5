#include "harness/runner/kept_judge.h"

#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "harness/runner/observation_json.h"
#include "harness/runner/suite_version.h"
#include "harness/runner/verdict_json.h"
#include "harness/scenario/loader.h"
#include "reference/env/mem_file_system.h"

namespace atrest::runner {
namespace {

using Json = nlohmann::json;
using verdict::Observation;

constexpr uint64_t kFileMax = uint64_t{1} << 30;
constexpr char kStore[] = "/kept/store";

std::string PathFrom(const Json& value) {
  if (value.is_string()) return value;
  const auto bytes = FromHex(value.at("hex").get<std::string>());
  return bytes ? std::string(AsText(*bytes)) : "";
}

// The target of a kept scenario. It is told which step is next, since the steps that the harness
// does itself are not asked of it.
class KeptDriver : public driver::Driver {
 public:
  KeptDriver(env::FileSystem& kept_files, std::string folder, const Json& kept,
             const KeptHead& head)
      : kept_files_(kept_files), folder_(std::move(folder)), kept_(kept), head_(head) {}

  Status Open() {
    ATREST_TRY(files_.MakeDirectories(kStore));
    for (const Json& step : kept_.at("steps")) steps_[step.at("step").get<size_t>()] = &step;
    if (!kept_.contains("trouble")) return {};
    auto trouble = ObservationFrom(kept_.at("trouble"));
    if (!trouble.ok()) return trouble.status();
    trouble_ = std::move(trouble).value();
    return {};
  }

  // What an inspection finds is what was there when it looked, so its files are put back first.
  Status Next(size_t index, bool inspects) {
    now_ = index;
    return inspects ? PutBack() : Status();
  }

  driver::TargetInfo Info() const override { return head_.info; }
  std::optional<Observation> Trouble() const override { return trouble_; }
  Result<Observation> Start(const scenario::Settings&,
                            const std::map<std::string, std::string>&) override {
    return Replay();
  }
  Result<Observation> Publish(const scenario::Publish&) override { return Replay(); }
  Result<Observation> Read(const scenario::Read&) override { return Replay(); }
  Result<Observation> Stop() override { return Replay(); }
  Result<Observation> Kill() override { return Replay(); }
  Result<Observation> Wait(const scenario::Wait&) override { return Replay(); }
  Result<Observation> Interrupt(const scenario::Interrupt&) override { return Replay(); }
  Result<Observation> Act(const scenario::ClientStep&) override { return Replay(); }
  env::FileSystem& files() override { return files_; }
  std::string directory() const override { return kStore; }
  // Nobody asks behind a step that was not kept.
  std::string TakeOutput() override {
    const auto step = steps_.find(now_);
    if (step == steps_.end() || !step->second->contains("output") || told_ == now_) return "";
    told_ = now_;
    return PathFrom(step->second->at("output"));
  }
  std::string barrier_channel() const override { return kept_.at("barrier_channel"); }

 private:
  Result<const Json*> Step() const {
    const auto found = steps_.find(now_);
    if (found != steps_.end()) return found->second;
    return Status(Code::kInvalid,
                  folder_ + "/kept.json: nothing was kept of step " + std::to_string(now_ + 1));
  }

  Result<Observation> Replay() {
    const auto step = Step();
    if (!step.ok()) return step.status();
    ATREST_TRY(PutBack());
    return ObservationFrom(step.value()->at("observation"));
  }

  Status PutBack() {
    const auto found = Step();
    if (!found.ok()) return found.status();
    const Json& step = *found.value();
    for (const Json& path : step.value("removed", Json::array()))
      ATREST_TRY(files_.RemoveAll(std::string(kStore) + "/" + PathFrom(path)));
    for (const Json& path : step.value("made", Json::array()))
      ATREST_TRY(files_.MakeDirectories(std::string(kStore) + "/" + PathFrom(path)));
    for (const Json& change : step.at("changed"))
      ATREST_TRY(PutBack(PathFrom(change.at("path")), change.at("sha256")));
    return {};
  }

  Status PutBack(const std::string& path, const std::string& hash) {
    const std::string from = folder_ + "/files/" + std::to_string(now_) + "/" + path;
    const auto bytes = env::ReadWhole(kept_files_, from, kFileMax);
    if (!bytes.ok())
      return {Code::kInvalid, "the kept run is not whole: " + bytes.status().message()};
    if (HashOf(AsText(bytes.value())) != hash)
      return {Code::kInvalid, from + ": is not as it was kept"};
    return env::WriteWhole(files_, std::string(kStore) + "/" + path, bytes.value());
  }

  env::FileSystem& kept_files_;
  std::string folder_;
  const Json& kept_;
  const KeptHead& head_;
  env::MemFileSystem files_;
  std::map<size_t, const Json*> steps_;
  std::optional<Observation> trouble_;
  size_t now_ = 0;
  std::optional<size_t> told_;  // the step whose output was taken
};

// Tells the stand-in what each step is before it is done.
class Prompter : public StepObserver {
 public:
  Prompter(const scenario::Scenario& scenario, KeptDriver& driver)
      : scenario_(scenario), driver_(driver) {}
  Status Before(size_t index, driver::Driver&) override {
    const scenario::Action& action = scenario_.steps[index].action;
    return driver_.Next(index, std::holds_alternative<scenario::Inspect>(action));
  }

 private:
  const scenario::Scenario& scenario_;
  KeptDriver& driver_;
};

}  // namespace

Result<KeptScenario> KeptScenario::Read(env::FileSystem& files, const std::string& directory,
                                        const std::string& id, const Suite& suite) {
  KeptScenario kept(files, directory + "/" + id);
  const std::string path = kept.folder_ + "/scenario.json";
  const auto json = env::ReadWhole(files, path, kFileMax);
  if (!json.ok())
    return Status(Code::kInvalid, "the kept run is not whole: " + json.status().message());
  auto loaded = scenario::LoadScenario(path, id, AsText(json.value()), suite.requirements());
  if (!loaded.ok()) return loaded.status();
  kept.scenario_ = std::move(loaded).value();
  auto document = ReadKept(files, kept.folder_ + "/kept.json");
  if (!document.ok()) return document.status();
  kept.kept_ = std::move(document).value();
  const auto verdict = VerdictFrom(kept.kept_.value("verdict", Json()));
  if (!verdict.ok())
    return Status(Code::kInvalid, kept.folder_ + "/kept.json: " + verdict.status().message());
  kept.verdict_ = verdict.value();
  return kept;
}

Result<verdict::Verdict> KeptScenario::Judge(const KeptHead& head, const Suite& suite,
                                             env::FileSystem& fixtures,
                                             ExecuteOptions options) const {
  if (verdict_.kind == verdict::Kind::kHarnessError) return verdict_;
  if (scenario_.cluster && verdict_.kind != verdict::Kind::kSkipped) {
    verdict::Verdict verdict = verdict_;
    verdict.kind = verdict::Kind::kUndecided;
    verdict.message = "what was kept of a cluster is not judged again";
    return verdict;
  }
  try {
    KeptDriver driver(*files_, folder_, kept_, head);
    ATREST_TRY(driver.Open());
    Prompter prompter(scenario_, driver);
    options.observer = &prompter;
    auto verdict = ExecuteWith(scenario_, driver, suite, fixtures, options).verdict;
    // Only what was kept can fail the harness here.
    if (verdict.kind == verdict::Kind::kHarnessError)
      return Status(Code::kInvalid, verdict.message);
    return verdict;
  } catch (const Json::exception& error) {
    return Status(Code::kInvalid, folder_ + "/kept.json: " + error.what());
  }
}

}  // namespace atrest::runner
