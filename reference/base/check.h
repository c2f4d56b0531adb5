// ATREST_CHECK(condition): a fact that holds unless the program itself is wrong. Always on, in
// every build; a failure prints file, line and condition and stops the process, since going on
// would judge or write data from a wrong state. Not for input, files or peers: those fail with a
// Status (status.h).
#pragma once

namespace atrest {

[[noreturn]] void CheckFailed(const char* file, int line, const char* condition);

}  // namespace atrest

#define ATREST_CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::atrest::CheckFailed(__FILE__, __LINE__, #condition))
