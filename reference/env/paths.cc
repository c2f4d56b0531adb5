#include "reference/env/paths.h"

namespace atrest::env {

std::vector<std::string> PathPrefixes(const std::string& path) {
  std::vector<std::string> prefixes;
  for (size_t at = 1; at < path.size(); ++at) {
    if (path[at] == '/' && path[at - 1] != '/') prefixes.push_back(path.substr(0, at));
  }
  if (path.empty() || path.back() != '/') prefixes.push_back(path);
  return prefixes;
}

}  // namespace atrest::env
