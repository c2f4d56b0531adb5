// What a scenario's settings mean to the reference's store, by the real server's rules
// (specification, standalone.md 3.6).
// Threads: pure functions.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "harness/scenario/scenario.h"
#include "reference/base/logger.h"
#include "reference/store/crypto_store.h"
#include "reference/store/file_store.h"

namespace atrest::driver {

// nullopt: encryption is off. kInvalid "encryption cipher not supported", checked before
// "encryption key required".
Result<std::optional<store::EncryptionOptions>> EncryptionOf(
    const scenario::Settings& settings, const std::map<std::string, std::string>& keys);
// "ERR" and so on, as verdict::LogLine has it.
std::string LevelTag(LogLevel level);
store::StoreLimits LimitsOf(const scenario::Settings& settings);
store::FileStoreOptions FileOptionsOf(const scenario::Settings& settings);

}  // namespace atrest::driver
