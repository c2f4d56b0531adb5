// Identifiers as the NATS libraries make them: 12 random characters that one process keeps, and 10
// that count in base 62. For the server's id and its inboxes. Not for secrets. Specification:
// wire.md 2.2.
// Threads: one.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

namespace atrest::stan {

class Nuid {
 public:
  // ENTROPY is called here alone.
  explicit Nuid(const std::function<void(std::span<uint8_t>)>& entropy);

  // 22 characters of 0-9A-Za-z, never the same twice.
  std::string Next();

 private:
  std::string prefix_;
  uint64_t sequence_ = 0;
  uint64_t step_ = 1;
};

}  // namespace atrest::stan
