// What a golden store holds, as its makers noted it (fixtures/stores/plans.json): every payload
// published, under which key and cipher. The model starts from this, never from what a reader of
// ours finds in the files.
// Errors: kInvalid with file and JSON pointer, also for a store the file does not list.
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/status.h"

namespace atrest::scenario {

struct KnownMessage {
  std::string channel;
  uint64_t sequence = 0;
  std::string payload;
  std::optional<std::string> key;  // what it was sealed under; none: stored as it is
  std::string cipher;              // "AES", "CHACHA"; "" where no choice was made
  bool certain = true;  // false where limits were set, so that it may have been removed since
};

// Messages by channel in the order of the plan, sequences ascending. PLANS_FILE and EXPECT_FILE are
// named in errors. What the real server never stored (a reader without encryption got nothing
// there, says EXPECT_JSON) is left out: it refused some of what was planned.
Result<std::vector<KnownMessage>> LoadKnownStore(const std::string& plans_file,
                                                 std::string_view plans_json,
                                                 const std::string& store,
                                                 const std::string& expect_file,
                                                 std::string_view expect_json);

}  // namespace atrest::scenario
