#include <algorithm>
#include <optional>
#include <regex>

#include "harness/runner/measured_play.h"
#include "harness/runner/workspace.h"
#include "harness/scenario/loader.h"
#include "harness/tamper/tamper.h"

namespace atrest::runner {
namespace {

struct Opening {
  scenario::Settings settings;
  std::map<std::string, std::string> keys;
};

// ARGUMENTS as settings, for targets without a command line; false where they have none.
bool TakeArguments(const std::vector<std::string>& arguments, Opening& opening) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& name = arguments[i];
    const auto value = [&] { return i + 1 < arguments.size() ? arguments[++i] : std::string(); };
    if (name == "-encrypt") {
      opening.settings.encrypt = true;
    } else if (name == "-encryption_cipher") {
      opening.settings.cipher = value();
    } else if (name == "-encryption_key") {
      opening.settings.key_option = "option";
      opening.keys["option"] = value();
    } else if (name == "-file_crc=false") {
      opening.settings.check_crc = false;
    } else if (name == "-file_crc_poly") {
      opening.settings.crc_polynomial = static_cast<uint32_t>(std::stoul(value()));
    } else if (name == "-file_truncate_bad_eof") {
      opening.settings.truncate_bad_eof = true;
    } else if (name == "-cid") {
      opening.settings.cluster_id = value();
    } else {
      return false;
    }
  }
  return true;
}

Opening OpeningOf(const Json& test, bool& needs_program) {
  Opening opening;
  const auto arguments = test.value("args", std::vector<std::string>());
  needs_program = test.contains("config") || !TakeArguments(arguments, opening);
  if (needs_program) {
    opening = Opening();
    opening.settings.arguments = arguments;
    if (test.contains("config")) opening.settings.config = test["config"].get<std::string>();
  }
  if (test.contains("env")) {
    opening.settings.key_variable = "variable";
    opening.keys["variable"] = test["env"].get<std::string>();
  }
  return opening;
}

// The lines that cases.json keeps: warnings and worse, without the hex dumps, each once; for a
// program that refused without logging, what it said.
std::vector<std::string> ComparableLog(Player& player, const verdict::Started& started) {
  static const std::regex kDump("^[0-9a-f]{2}( [0-9a-f]{2})*( .*)?$");
  std::vector<std::string> lines;
  for (const verdict::LogLine& line : player.log()) {
    if (line.level == "INF" || std::regex_match(line.text, kDump)) continue;
    const std::string text = ReplacePath(line.text, player.driver().directory(), "<root>/store");
    const std::string full = "[" + line.level + "] STREAM: " + text;
    if (std::ranges::find(lines, full) == lines.end()) lines.push_back(full);
  }
  if (lines.empty() && !started.ok) lines.push_back(started.refusal);
  return lines;
}

bool IsOfTheProbe(const std::string& path) {
  return path.ends_with("clients.dat") || path.ends_with("subs.dat");
}

// Every file's size after a refusal; after a start all but the journals, which show the client that
// was used to look.
void CheckSizes(const Json& test, Player& player) {
  verdict::Disk disk;
  const Status scanned = Scan(player.driver().files(), player.driver().directory(), {}, disk);
  if (!scanned.ok()) return player.Fail(scanned);
  const std::map<std::string, uint64_t> sizes(disk.sizes.begin(), disk.sizes.end());
  const Json& expected = test["sizesAfter"];
  for (const auto& [path, size] : expected.items()) {
    if (test["started"].get<bool>() && IsOfTheProbe(path)) continue;
    const auto found = sizes.find(path);
    player.Check("size of " + path, size, found == sizes.end() ? Json() : Json(found->second));
  }
  for (const auto& [path, size] : sizes)
    if (!expected.contains(path)) player.Differ(path + " is too much");
}

Result<std::string> PlayDamage(env::FileSystem& files, const std::string& root, const Json& test,
                               const Opening& opening, driver::Driver& driver) {
  Player player(driver);
  if (test.contains("base")) player.Copy(files, root, test["base"].get<std::string>());
  const auto operations =
      scenario::LoadTamperOperations("case", test.value("ops", Json::array()).dump());
  if (!operations.ok()) return operations.status();
  ATREST_TRY(tamper::Apply(operations.value(), driver.directory(), driver.files()));

  const verdict::Started started = player.Start(opening.settings, opening.keys);
  player.Check("started", test["started"], started.ok);
  if (started.ok) {
    player.CheckReads(test.value("read", Json::object()));
    player.Stop();
  } else if (started.exit_code) {
    player.Check("exit code", test.value("exit", Json()), *started.exit_code);
  }
  player.Check("log", test["stderr"], ComparableLog(player, started));
  if (test.contains("sizesAfter")) CheckSizes(test, player);
  return player.Verdict();
}

}  // namespace

Status AddDamage(env::FileSystem& files, const std::string& root,
                 std::vector<MeasuredCase>& cases) {
  const auto tests = LoadFixture(files, root + "/fixtures/damage/cases.json");
  if (!tests.ok()) return tests.status();
  for (const Json& test : tests.value()) {
    bool needs_program = false;
    const Opening opening = OpeningOf(test, needs_program);
    const auto play = [&files, root, test, opening](driver::Driver& driver) {
      return PlayDamage(files, root, test, opening, driver);
    };
    const std::string name = test["name"].get<std::string>();
    std::vector<std::string> needs = {"file", "format:stan-file-1"};
    if (needs_program) needs.push_back("program");
    cases.push_back({"damage/" + Slug(name), "Damage: " + name, needs, play});
  }
  return Status();
}

}  // namespace atrest::runner
