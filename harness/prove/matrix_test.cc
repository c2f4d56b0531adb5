#include "harness/prove/matrix.h"

#include <gtest/gtest.h>

namespace atrest::prove {
namespace {}
}  // namespace atrest::prove
