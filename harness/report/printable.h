// Text of a target made safe to print: control characters and bytes that are not UTF-8 become \xNN;
// line ends stay if asked.
#pragma once

#include <string>

namespace atrest::report {

std::string Printable(const std::string& text, bool keep_lines = false);

}  // namespace atrest::report
