#include "harness/driver/stdio_base64.h"

#include <gtest/gtest.h>

namespace atrest::driver {
namespace {

// RFC 4648, section 10.
TEST(StdioBase64Test, Vectors) {
  const std::pair<std::string, std::string> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : vectors) {
    EXPECT_EQ(ToBase64(bytes), text);
    EXPECT_EQ(FromBase64(text), bytes);
  }
}

TEST(StdioBase64Test, EveryByteThereAndBack) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  for (size_t size = 253; size <= bytes.size(); ++size)
    EXPECT_EQ(FromBase64(ToBase64(bytes.substr(0, size))), bytes.substr(0, size));
}

TEST(StdioBase64Test, AnythingElseIsRefused) {
  for (const char* text : {"Z", "Zg", "Zg=", "Zg===", "====", "Z===", "Zh==", "Zm9=", "Zm 9",
                           "Zg==Zg==", "Zm9_", "Zm9\n"})
    EXPECT_FALSE(FromBase64(text).has_value()) << text;
}

}  // namespace
}  // namespace atrest::driver
