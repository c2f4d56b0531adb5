// The store's limits as the options give them: globals, and for each configured channel or pattern
// what it inherits from the wider ones. Also the list of limits that a server logs at its start.
// Specification: wire.md 2.11 and 3.1.
// Errors: Status with the text that follows "Failed to start: ".
// Threads: pure functions.
#pragma once

#include <string>
#include <vector>

#include "reference/server/options.h"
#include "reference/store/limits.h"

namespace atrest::server {

// kInvalid "too many channels defined ...". REQUIRES: Validate(OPTIONS) is ok.
Result<store::StoreLimits> ResolveLimits(const Options& options);

// One line of the log each, without "STREAM: ".
std::vector<std::string> DescribeLimits(const store::StoreLimits& limits);

}  // namespace atrest::server
