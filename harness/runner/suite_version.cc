#include "harness/runner/suite_version.h"

#include <nlohmann/json.hpp>

#include "harness/disktruth/sealing.h"
#include "harness/scenario/json_cursor.h"
#include "reference/base/bytes.h"

namespace atrest::runner {

Result<SuiteVersion> ParseSuiteVersion(const std::string& file, std::string_view json) {
  try {
    const auto document = scenario::ParseJson(file, json);
    scenario::JsonCursor cursor(file, document);
    SuiteVersion version;
    version.version = cursor.Need("version").Text();
    scenario::JsonCursor scenarios = cursor.Need("scenarios");
    for (const std::string& id : scenarios.Names())
      version.scenarios[id] = scenarios.Need(id).Text();
    for (const scenario::JsonCursor& item : cursor.Need("requirements").Items())
      version.requirements.insert(item.Text());
    cursor.Finish();
    return version;
  } catch (const scenario::LoadError& error) {
    return Status(Code::kInvalid, error.message);
  }
}

Result<std::string> ContentHash(std::string_view json) {
  const auto document = nlohmann::json::parse(json, nullptr, false);
  if (document.is_discarded()) return Status(Code::kInvalid, "is not JSON");
  return HashOf(document.dump());
}

std::string HashOf(std::string_view bytes) { return ToHex(disktruth::Sha256({AsBytes(bytes)})); }

}  // namespace atrest::runner
