#include "reference/env/os_error.h"

#include <cerrno>
#include <cstring>
#include <string>

namespace atrest::env {
namespace {

// Go's table of Linux errors is glibc's in lower case; strerrordesc_np is never translated.
std::string Text(int error) {
  const char* description = strerrordesc_np(error);
  if (description == nullptr) return "errno " + std::to_string(error);
  std::string text = description;
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

std::string Message(std::string_view operation, std::string_view path, std::string_view text) {
  return std::string(operation).append(" ").append(path).append(": ").append(text);
}

}  // namespace

Status SystemError(std::string_view operation, std::string_view path, int error) {
  return Status(error == ENOENT ? Code::kNotFound : Code::kIo,
                Message(operation, path, Text(error)));
}

Status FileError(std::string_view operation, std::string_view path, std::string_view text) {
  return Status(Code::kIo, Message(operation, path, text));
}

}  // namespace atrest::env
