#include "harness/runner/perform.h"

#include <algorithm>
#include <utility>

#include "harness/runner/disk.h"
#include "harness/runner/workspace.h"
#include "harness/tamper/tamper.h"

namespace atrest::runner {
namespace {

using verdict::Observation;

Result<Observation> DoneIf(const Status& status) {
  if (!status.ok()) return status;
  return Observation{};
}

}  // namespace

Performer::Performer(const scenario::Scenario& scenario, driver::Driver& driver, const Suite& suite,
                     env::FileSystem& fixtures)
    : scenario_(scenario), driver_(driver), suite_(suite), fixtures_(fixtures) {}

Result<Observation> Performer::Perform(const scenario::Action& action,
                                       const std::vector<std::string>& canaries) {
  canaries_ = &canaries;
  auto seen = std::visit([&](const auto& step) { return Do(step); }, action);
  if (seen.ok()) NameTheStore(driver_, seen.value());
  return seen;
}

Result<Observation> Performer::Do(const scenario::Start& step) {
  return driver_.Start(step.settings, scenario_.keys);
}

Result<Observation> Performer::Do(const scenario::UseGolden& golden) {
  return DoneIf(CopyTree(fixtures_, suite_.GoldenDirectory(golden.name), driver_.files(),
                         driver_.directory()));
}

Result<Observation> Performer::TamperIn(const std::string& directory,
                                        const scenario::Tamper& tamper) {
  // A target that never wrote what is to be changed has shown nothing: that is not the harness's
  // failure.
  const Status applied = tamper::Apply(tamper.operations, directory, driver_.files());
  const bool not_there = applied.code() == Code::kNotFound || applied.code() == Code::kInvalid;
  if (not_there) return Observation{verdict::Undecided{applied.message()}, {}};
  return DoneIf(applied);
}

Result<Observation> Performer::Do(const scenario::Inspect& inspect) {
  auto texts = inspect.texts;
  for (const std::string& canary : *canaries_) {
    if (std::ranges::find(texts, canary) == texts.end()) texts.push_back(canary);
  }
  auto disk = LookAtDisk(driver_.files(), driver_.directory(), inspect.keys, scenario_.keys, texts,
                         driver_.barrier_channel());
  if (!disk.ok()) return disk.status();
  return Observation{std::move(disk).value(), {}};
}

Result<std::vector<Performer::OfNode>> Performer::PerformOnNodes(const scenario::Step& step) {
  const auto nodes = driver_.NodesOf(step.node);
  if (!nodes.ok()) return nodes.status();
  auto seen = DoToNodes(nodes.value(), step.action);
  if (!seen.ok()) return seen.status();
  if (seen.value().size() != nodes.value().size())
    return Status(Code::kInvalid, "the driver did not observe each node once");
  std::vector<OfNode> all;
  for (size_t i = 0; i < nodes.value().size(); ++i)
    all.push_back({nodes.value()[i], std::move(seen.value()[i])});
  return all;
}

// What is for the files is done node after node.
Result<std::vector<Observation>> Performer::DoToNodes(const std::vector<std::string>& nodes,
                                                      const scenario::Action& action) {
  const auto* tamper = std::get_if<scenario::Tamper>(&action);
  const auto* inspect = std::get_if<scenario::Inspect>(&action);
  if (tamper == nullptr && inspect == nullptr) return driver_.ActOn(nodes, action, scenario_.keys);
  std::vector<Observation> all;
  for (const std::string& node : nodes) {
    const std::string directory = driver_.DirectoryOf(node);
    if (tamper != nullptr) {
      auto done = TamperIn(directory, *tamper);
      if (!done.ok()) return done.status();
      all.push_back(std::move(done).value());
      continue;
    }
    auto disk =
        LookAtNode(driver_.files(), directory, inspect->keys, scenario_.keys, inspect->texts);
    if (!disk.ok()) return disk.status();
    all.push_back({std::move(disk).value(), {}});
  }
  return all;
}

void NameTheStore(const driver::Driver& driver, Observation& seen) {
  const std::string directory = driver.directory();
  const auto name = [&](std::string& text) {
    if (!text.empty()) text = ReplacePath(std::move(text), directory, "<store>");
  };
  for (verdict::LogLine& line : seen.log) name(line.text);
  if (auto* started = std::get_if<verdict::Started>(&seen.outcome)) name(started->refusal);
  if (auto* published = std::get_if<verdict::Published>(&seen.outcome)) name(published->error);
  if (auto* read = std::get_if<verdict::Read>(&seen.outcome)) name(read->error);
  if (auto* answered = std::get_if<verdict::Answered>(&seen.outcome)) name(answered->error);
  if (auto* crashed = std::get_if<verdict::Crashed>(&seen.outcome)) name(crashed->how);
}

}  // namespace atrest::runner
