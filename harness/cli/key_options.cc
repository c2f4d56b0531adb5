#include "harness/cli/key_options.h"

#include <cstdlib>

#include "harness/cli/command.h"
#include "reference/env/posix_env.h"

namespace atrest::cli {
namespace {

using verdict::ExitCode;

constexpr uint64_t kKeyFileMax = 1u << 20;

crypto::Secret KeyFromEnvironment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) {
    // Its name is not repeated: somebody may have given the key itself.
    throw CommandError{ExitCode::kUsage, "the environment variable of --key-env is not set"};
  }
  return crypto::Secret(AsBytes(value));
}

crypto::Secret KeyFromFile(const std::string& path) {
  env::PosixFileSystem files;
  const auto bytes = env::ReadWhole(files, path, kKeyFileMax);
  if (!bytes.ok()) throw CommandError{ExitCode::kUsage, bytes.status().message()};
  return crypto::Secret(bytes.value());
}

}  // namespace

void AddKeyOptions(CLI::App& verb, std::vector<crypto::Secret>& keys) {
  // Keys are numbered in the order given across the three options, so each is taken as it is
  // parsed.
  const auto add_key = [&](const char* name, const char* help,
                           crypto::Secret (*read)(const std::string&)) {
    verb.add_option_function<std::string>(
            name, [&keys, read](const std::string& value) { keys.push_back(read(value)); }, help)
        ->trigger_on_parse();
  };
  add_key("--key-env", "Take a key from this environment variable", KeyFromEnvironment);
  add_key("--key-file", "Take a key from this file: its bytes exactly, a line end included",
          KeyFromFile);
  add_key("--key", "A key; other users of this machine can see it while this runs",
          [](const std::string& value) { return crypto::Secret(AsBytes(value)); });
}

}  // namespace atrest::cli
