#include "reference/wire/nats_subject.h"

#include <cstddef>
#include <optional>

namespace atrest::wire {
namespace {

constexpr std::string_view kOneToken = "*";
constexpr std::string_view kAllTokens = ">";

// The tokens of a subject, one after the other. The empty subject has one token, which is empty.
class Tokens {
 public:
  explicit Tokens(std::string_view subject) : rest_(subject) {}

  std::optional<std::string_view> Next() {
    if (ended_) return std::nullopt;
    const size_t dot = rest_.find('.');
    const std::string_view token = rest_.substr(0, dot);
    ended_ = dot == std::string_view::npos;
    if (!ended_) rest_.remove_prefix(dot + 1);
    return token;
  }

  bool ended() const { return ended_; }

 private:
  std::string_view rest_;
  bool ended_ = false;
};

bool HasEmptyToken(std::string_view subject) {
  return subject.empty() || subject.front() == '.' || subject.back() == '.' ||
         subject.find("..") != std::string_view::npos;
}

}  // namespace

bool IsValidSubscription(std::string_view subject) {
  Tokens tokens(subject);
  while (const auto token = tokens.Next()) {
    if (token->empty() || (*token == kAllTokens && !tokens.ended())) return false;
  }
  return true;
}

bool IsLiteralSubject(std::string_view subject) {
  Tokens tokens(subject);
  while (const auto token = tokens.Next()) {
    if (token->empty() || *token == kAllTokens || *token == kOneToken) return false;
  }
  return true;
}

bool SubjectMatches(std::string_view pattern, std::string_view subject) {
  if (HasEmptyToken(subject)) return false;
  Tokens wanted(pattern);
  Tokens given(subject);
  while (const auto want = wanted.Next()) {
    const auto token = given.Next();
    if (!token) return false;
    if (*want == kAllTokens && wanted.ended()) return true;
    if (*want != kOneToken && *want != *token) return false;
  }
  return given.ended();
}

}  // namespace atrest::wire
