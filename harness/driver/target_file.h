// A target file: how a server program is started, what it can do and how its options are spelt. One
// JSON object; harness/targets/README.md describes its members.
// Errors: kInvalid with the file and why.
// Threads: pure functions.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/status.h"

namespace atrest::driver {

struct TargetFile {
  std::string name;
  std::string program;                  // a path, or a name looked up in PATH
  std::vector<std::string> version;     // arguments that make it print its version
  std::vector<std::string> arguments;   // given at every start
  std::vector<std::string> file_store;  // given besides for each store
  std::vector<std::string> memory_store;
  std::map<std::string, std::string> environment;
  std::string key_variable;    // the environment variable of the encryption key
  std::string ready_line;      // found in a log line when clients can connect
  std::string refusal_prefix;  // what a refused start's last line begins with
  // Arguments that open a control channel and hold the clock; none: it has none.
  std::vector<std::string> control;
  std::vector<std::string> capabilities;
  bool is_reference = false;
  // Setting -> arguments, with {value} in them.
  std::map<std::string, std::vector<std::string>> options;
  // Arguments that give it a deliberate defect, {fault}, and the file to be made when that first
  // executes, {fault_trace}; none: it can have none.
  std::vector<std::string> fault;
  std::vector<std::string> config;  // arguments that name a configuration file, {config}
};

Result<TargetFile> ParseTargetFile(const std::string& file, std::string_view json);

// TEMPLATES with each {NAME} of VALUES replaced; other braces stay.
std::vector<std::string> FillIn(const std::vector<std::string>& templates,
                                const std::map<std::string, std::string>& values);

}  // namespace atrest::driver
