#include <set>

#include "harness/runner/measured_play.h"

namespace atrest::runner {
namespace {

Result<std::string> PlayOpening(env::FileSystem& files, const std::string& root,
                                const std::string& store, const Json& opening,
                                driver::Driver& driver) {
  scenario::Settings settings;
  std::map<std::string, std::string> keys;
  if (opening["encrypt"].get<bool>()) {
    settings.encrypt = true;
    settings.cipher = opening["cipher"].get<std::string>();
    settings.key_variable = "key";
    keys["key"] = opening["key"].get<std::string>();
  }
  Player player(driver);
  player.Copy(files, root, store);
  const auto started = player.Start(settings, keys);
  player.Check("started", true, started.ok);
  if (!started.ok) return player.Verdict();
  player.CheckReads(opening["read"]);
  std::set<std::string> errors;  // the lines that were kept of the log: "Error looking up ..."
  for (const verdict::LogLine& line : player.log()) {
    if (line.level == "ERR" && line.text.starts_with("Error"))
      errors.insert("STREAM: " + line.text);
  }
  player.Check("errors", opening["errors"].get<std::set<std::string>>(), errors);
  return player.Verdict();
}

std::string TitleOf(const std::string& store, const Json& opening) {
  if (!opening["encrypt"].get<bool>()) return "The store " + store + ", opened without encryption";
  return "The store " + store + ", opened with " + opening["cipher"].get<std::string>() +
         " and a key";
}

}  // namespace

Status AddStores(env::FileSystem& files, const std::string& root,
                 std::vector<MeasuredCase>& cases) {
  const auto stores = files.List(root + "/fixtures/stores");
  if (!stores.ok()) return stores.status();
  for (const env::DirectoryEntry& entry : stores.value()) {
    if (!entry.is_directory) continue;
    const auto expected =
        LoadFixture(files, root + "/fixtures/stores/" + entry.name + "/expect.json");
    if (!expected.ok()) return expected.status();
    size_t number = 0;
    for (const Json& opening : expected.value()["opens"]) {
      const auto play = [&files, root, store = entry.name, opening](driver::Driver& driver) {
        return PlayOpening(files, root, store, opening, driver);
      };
      cases.push_back({"stores/" + Slug(entry.name) + "/" + std::to_string(++number),
                       TitleOf(entry.name, opening),
                       {"file", "format:stan-file-1"},
                       play});
    }
  }
  return Status();
}

}  // namespace atrest::runner
