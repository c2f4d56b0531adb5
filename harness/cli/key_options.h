// The options by which a verb is given keys: from files, environment variables or the command line.
// Errors: CommandError (command.h), which never holds a key.
// Threads: one.
#pragma once

#include <CLI/CLI.hpp>
#include <vector>

#include "reference/crypto/secret.h"

namespace atrest::cli {

// Keys come into KEYS in the order given, whichever way. KEYS must live until VERB is parsed.
void AddKeyOptions(CLI::App& verb, std::vector<crypto::Secret>& keys);

}  // namespace atrest::cli
