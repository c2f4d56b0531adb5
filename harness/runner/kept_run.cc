#include "harness/runner/kept_run.h"

#include <utility>

#include "harness/runner/observation_json.h"
#include "harness/runner/perform.h"
#include "harness/runner/suite_version.h"
#include "harness/runner/verdict_json.h"
#include "harness/runner/version.h"

namespace atrest::runner {
namespace {

using Json = nlohmann::json;

constexpr char kFormat[] = "atrest-kept-1";
constexpr uint64_t kFileMax = uint64_t{1} << 30;

Status WriteJson(env::FileSystem& files, const std::string& path, const Json& document) {
  const std::string text = document.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
  return env::WriteWhole(files, path, AsBytes(text));
}

std::string ParentOf(const std::string& path) { return path.substr(0, path.rfind('/')); }

}  // namespace

Status MayKeepIn(env::FileSystem& files, const std::string& directory) {
  if (!files.Exists(directory) || files.Exists(directory + "/run.json")) return {};
  const auto listed = files.List(directory);
  if (!listed.ok()) return listed.status();
  if (listed.value().empty()) return {};
  return {Code::kInvalid, directory + ": is not empty, and holds no kept run (no run.json)"};
}

Status WriteHead(env::FileSystem& files, const std::string& directory, const KeptHead& head) {
  ATREST_TRY(files.MakeDirectories(directory));
  return WriteJson(files, directory + "/run.json",
                   {{"format", kFormat},
                    {"harness", kVersion},
                    {"target", head.target},
                    {"server", head.server},
                    {"seed", head.seed},
                    {"name", head.info.name},
                    {"version", BytesToJson(head.info.version)},
                    {"capabilities", head.info.capabilities},
                    {"is_reference", head.info.is_reference},
                    {"lacks", head.info.lacks},
                    {"requirements", head.requirements},
                    {"scenarios", head.scenarios}});
}

Result<Json> ReadKept(env::FileSystem& files, const std::string& path) {
  const auto bytes = env::ReadWhole(files, path, kFileMax);
  if (!bytes.ok())
    return Status(Code::kInvalid, "the kept run is not whole: " + bytes.status().message());
  Json document = Json::parse(AsText(bytes.value()), nullptr, false);
  if (document.is_discarded()) return Status(Code::kInvalid, path + ": is not JSON");
  return document;
}

Result<KeptHead> ReadHead(env::FileSystem& files, const std::string& directory) {
  const std::string path = directory + "/run.json";
  const auto document = ReadKept(files, path);
  if (!document.ok()) return document.status();
  const Json& json = document.value();
  try {
    if (json.at("format") != kFormat)
      return Status(Code::kInvalid, path + ": a run kept by another version of atrest");
    KeptHead head;
    head.target = json.at("target");
    head.server = json.at("server");
    head.seed = json.at("seed");
    head.info.name = json.at("name");
    head.info.version = json.at("version").is_string() ? json.at("version") : Json("?");
    head.info.capabilities = json.at("capabilities").get<std::vector<std::string>>();
    head.info.is_reference = json.at("is_reference");
    head.info.lacks = json.at("lacks").get<std::map<std::string, std::string>>();
    head.requirements = json.at("requirements").get<std::set<std::string>>();
    head.scenarios = json.at("scenarios").get<std::vector<std::string>>();
    return head;
  } catch (const Json::exception& error) {
    return Status(Code::kInvalid, path + ": " + error.what());
  }
}

Status KeepObserver::Walk(driver::Driver& driver, const std::string& below, const std::string& to,
                          Tree& tree, Json& changes) {
  env::FileSystem& from = driver.files();
  const auto listed = from.List(driver.directory() + "/" + below);
  if (listed.status().code() == Code::kNotFound) return {};
  if (!listed.ok()) return listed.status();
  for (const env::DirectoryEntry& entry : listed.value()) {
    const std::string path = below + entry.name;
    if (entry.is_directory) {
      tree.directories.insert(path);
      ATREST_TRY(Walk(driver, path + "/", to, tree, changes));
      continue;
    }
    if (!entry.is_regular) continue;
    const auto bytes = env::ReadWhole(from, driver.directory() + "/" + path, kFileMax);
    if (bytes.status().code() == Code::kNotFound) continue;  // removed since it was listed
    if (!bytes.ok()) return bytes.status();
    const std::string hash = HashOf(AsText(bytes.value()));
    tree.hashes[path] = hash;
    const auto known = last_.hashes.find(path);
    if (known != last_.hashes.end() && known->second == hash) continue;
    ATREST_TRY(files_.MakeDirectories(ParentOf(to + "/" + path)));
    ATREST_TRY(env::WriteWhole(files_, to + "/" + path, bytes.value()));
    changes.push_back({{"path", BytesToJson(path)}, {"sha256", hash}});
  }
  return {};
}

Status KeepObserver::After(size_t index, const scenario::Step&, const verdict::Observation& seen,
                           driver::Driver& driver) {
  Tree tree;
  Json changed = Json::array();
  ATREST_TRY(Walk(driver, "", folder_ + "/files/" + std::to_string(index), tree, changed));
  Json step = {{"step", index}, {"observation", ToJson(seen)}, {"changed", changed}};
  if (const std::string output = target_.KeepOutput(); !output.empty())
    step["output"] = BytesToJson(output);
  for (const auto& [path, hash] : last_.hashes) {
    if (!tree.hashes.contains(path)) step["removed"].push_back(BytesToJson(path));
  }
  for (const std::string& path : last_.directories) {
    if (!tree.directories.contains(path)) step["removed"].push_back(BytesToJson(path));
  }
  for (const std::string& path : tree.directories) {
    if (!last_.directories.contains(path)) step["made"].push_back(BytesToJson(path));
  }
  last_ = std::move(tree);
  steps_.push_back(std::move(step));
  return {};
}

Status KeepObserver::End(const std::string& scenario, const verdict::Verdict& verdict,
                         driver::Driver& driver) {
  Json kept = {{"steps", steps_},
               {"barrier_channel", driver.barrier_channel()},
               {"verdict", ToJson(verdict)}};
  if (auto trouble = driver.Trouble(); trouble && steps_.empty()) {
    NameTheStore(driver, *trouble);
    kept["trouble"] = ToJson(*trouble);
  }
  ATREST_TRY(files_.MakeDirectories(folder_));
  ATREST_TRY(WriteJson(files_, folder_ + "/kept.json", kept));
  return env::WriteWhole(files_, folder_ + "/scenario.json", AsBytes(scenario));
}

}  // namespace atrest::runner
