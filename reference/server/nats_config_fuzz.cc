// Any text is read or refused with a text that says where; size flags read foreign text as well.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "reference/base/check.h"
#include "reference/server/nats_config.h"

namespace atrest::server {
namespace {

ConfigSource SourceOf(std::string_view text) {
  ConfigSource source;
  source.file = "x.conf";
  source.environment = [text](const std::string& name) -> std::optional<std::string> {
    if (name.size() > 3) return std::nullopt;
    return std::string(text.substr(0, 40));
  };
  source.read_file = [text](const std::string&) -> Result<std::string> {
    return std::string(text.substr(0, 100));
  };
  return source;
}

}  // namespace
}  // namespace atrest::server

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(data, data + size);
  const auto parsed = atrest::server::ParseConfig(text, atrest::server::SourceOf(text));
  if (!parsed.ok()) ATREST_CHECK(!parsed.status().message().empty());
  return 0;
}
