// What -help, -help_tls and -version print.
// Specification: options.md 1.1. Threads: pure functions.
#pragma once

#include <string>

namespace atrest::server {

std::string UsageText();
std::string TlsHelpText();
std::string VersionText();

}  // namespace atrest::server
