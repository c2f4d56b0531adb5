// A Status is the outcome of an operation that can fail for reasons outside the program: bad input,
// a damaged file, a full disk, a peer that went away. A Result<T> is a value or the Status that
// stands in its place. Both are values: cheap to move, no hierarchy, no exceptions. Programmer
// errors are not a Status: they are CHECKs (check.h) and stop the process. Many messages are
// persisted facts: clients and scripts compare the texts of the real server, so a message is passed
// on unchanged unless the real server adds to it.
// Threads: none shared; a Status may be read by many.
#pragma once

#include <string>
#include <utility>
#include <variant>

#include "reference/base/check.h"

namespace atrest {

enum class Code {
  kOk,
  kNotFound,     // what was asked for does not exist
  kCorrupt,      // stored bytes are not what their format or their authentication tag demands
  kInvalid,      // the caller's input (an option, a key, a name) cannot be used
  kIo,           // the operating system refused; the message is its text
  kUnsupported,  // well-formed, but outside what this program does
};

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Code code, std::string message) : code_(code), message_(std::move(message)) {}

  bool ok() const { return code_ == Code::kOk; }
  Code code() const { return code_; }
  // "" when ok.
  const std::string& message() const { return message_; }

  // The same failure with a longer text: "PREFIXmessage".
  Status WithPrefix(const std::string& prefix) const { return Status(code_, prefix + message_); }

 private:
  Code code_ = Code::kOk;
  std::string message_;
};

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}
  Result(Status status) : state_(std::move(status)) { ATREST_CHECK(!std::get<1>(state_).ok()); }

  bool ok() const { return state_.index() == 0; }

  // REQUIRES: ok().
  const T& value() const& {
    ATREST_CHECK(ok());
    return *std::get_if<0>(&state_);
  }
  T& value() & {
    ATREST_CHECK(ok());
    return *std::get_if<0>(&state_);
  }
  // By value, so that `for (auto& x : F().value())` keeps what it walks alive.
  T value() && {
    ATREST_CHECK(ok());
    return std::move(*std::get_if<0>(&state_));
  }

  // Ok when there is a value.
  Status status() const { return ok() ? Status() : *std::get_if<1>(&state_); }

 private:
  std::variant<T, Status> state_;
};

}  // namespace atrest

// Evaluates EXPR, a Status, and returns it from the enclosing function if it is not ok.
#define ATREST_TRY(expr)                                   \
  do {                                                     \
    ::atrest::Status atrest_try_status = (expr);           \
    if (!atrest_try_status.ok()) return atrest_try_status; \
  } while (false)
