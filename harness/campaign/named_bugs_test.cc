#include <gtest/gtest.h>

namespace atrest::campaign {}
