#include <gtest/gtest.h>

#include "harness/prove/matrix.h"

namespace atrest::prove {
namespace {}
}  // namespace atrest::prove
