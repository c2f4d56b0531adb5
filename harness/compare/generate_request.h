// Requests that no client library sends, for a generated case: each check of the server's table of
// checks, one at a time (wire.md 2.3, 2.6, 2.7, 2.10), and well-formed ones without what libraries
// add. Written with a few lines of protobuf of its own. Private to the generator.
// Threads: none shared.
#pragma once

#include <string>
#include <vector>

#include "harness/scenario/scenario.h"
#include "reference/base/random.h"

namespace atrest::compare {

// CLIENTS: ids that are registered, or may be.
scenario::Request NastyRequest(Random& random, const std::vector<std::string>& channels,
                               const std::vector<std::string>& clients);

}  // namespace atrest::compare
