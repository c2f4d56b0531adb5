#include <filesystem>

#include "harness/cli/command.h"

namespace atrest::cli {
namespace {

namespace fs = std::filesystem;

bool IsRoot(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path / "scenarios" / "requirements.json", ignored) &&
         fs::exists(path / "fixtures", ignored);
}

std::string Upwards(fs::path path) {
  for (;; path = path.parent_path()) {
    if (IsRoot(path)) return path.string();
    if (path == path.parent_path()) return "";
  }
}

}  // namespace

std::string FindRoot(const std::string& given) {
  if (!given.empty()) {
    if (IsRoot(given)) return given;
    throw CommandError{verdict::ExitCode::kUsage, given + " holds no scenarios/ and fixtures/"};
  }
  std::error_code error;
  std::string found = Upwards(fs::current_path(error));
  if (found.empty() && !OwnDirectory().empty()) found = Upwards(OwnDirectory());
  if (found.empty()) {
    throw CommandError{
        verdict::ExitCode::kUsage,
        "no scenarios/ and fixtures/ here or above: name their directory with --root"};
  }
  return found;
}

std::string OwnDirectory() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  return error ? "" : program.parent_path().string();
}

}  // namespace atrest::cli
