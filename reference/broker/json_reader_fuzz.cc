// Any bytes as the JSON of a CONNECT: read or refused, and never more kept than there was.
#include <cstddef>
#include <cstdint>

#include "reference/base/bytes.h"
#include "reference/base/check.h"
#include "reference/broker/connect_options.h"
#include "reference/broker/json_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = atrest::AsText({data, size});
  const auto document = atrest::broker::ReadJson(text);
  atrest::broker::ConnectOptions options;
  const atrest::Status merged = atrest::broker::MergeConnect(text, options);
  ATREST_CHECK(document.ok() || merged.message() == document.status().message());
  if (!document.ok()) {
    ATREST_CHECK(!document.status().message().empty());
    return 0;
  }
  size_t kept = 0;
  for (const auto& member : document.value().members) {
    kept += member.name.size() + member.value.text.size();
  }
  ATREST_CHECK(kept <= 3 * size);  // a byte that is no UTF-8 becomes three
  return 0;
}
