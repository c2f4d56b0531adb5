// The version of the harness, as reports name it.
#pragma once

namespace atrest::runner {

inline constexpr char kVersion[] = "0.1.0";

}  // namespace atrest::runner
