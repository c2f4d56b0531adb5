#include "reference/wire/nats_server_parser.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace atrest::wire {
namespace {

constexpr std::string_view kBlanks = " \t";
constexpr std::string_view kEndOfLine = "\r\n";
constexpr size_t kSizeDigitsMax = 9;
constexpr size_t kErrorExcerptMax = 64;

std::string_view TakeWord(std::string_view& text) {
  const size_t begin = std::min(text.find_first_not_of(kBlanks), text.size());
  const size_t end = std::min(text.find_first_of(kBlanks, begin), text.size());
  const std::string_view word = text.substr(begin, end - begin);
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks, end), text.size()));
  return word;
}

bool IsVerb(std::string_view word, std::string_view verb) {
  return std::equal(word.begin(), word.end(), verb.begin(), verb.end(), [](char a, char b) {
    return (a >= 'a' && a <= 'z' ? static_cast<char>(a - 'a' + 'A') : a) == b;
  });
}

std::optional<size_t> ParseSize(std::string_view text) {
  if (text.empty() || text.size() > kSizeDigitsMax) return std::nullopt;
  size_t size = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    size = size * 10 + static_cast<size_t>(c - '0');
  }
  return size;
}

std::string WithoutQuotes(std::string_view text) {
  const size_t begin = text.find_first_not_of("' \t");
  if (begin == std::string_view::npos) return "";
  return std::string(text.substr(begin, text.find_last_not_of("' \t") - begin + 1));
}

}  // namespace

bool NatsDelivery::no_responders() const {
  constexpr std::string_view kStatus = "NATS/1.0 503";
  const std::string_view header = AsText(ByteView(body).first(header_size));
  return body.size() == header_size && header.starts_with(kStatus);
}

std::optional<NatsServerEvent> NatsServerParser::Next(ByteView* input) {
  while (!input->empty() && !error_) {
    std::optional<NatsServerEvent> event;
    if (in_body_) {
      event = TakeBody(input);
    } else {
      const auto end = std::find(input->begin(), input->end(), '\n');
      const bool is_whole = end != input->end();
      const auto length = static_cast<size_t>(end - input->begin());
      if (line_.size() + length > kLineMax) {
        Fail("line too long");
        break;
      }
      line_ += AsText(input->first(length));
      *input = input->subspan(length + (is_whole ? 1 : 0));
      if (!is_whole) break;
      if (line_.ends_with('\r')) line_.pop_back();
      event = EndLine(line_);
      line_.clear();
    }
    if (event) return event;
  }
  *input = {};
  return std::nullopt;
}

std::optional<NatsServerEvent> NatsServerParser::EndLine(std::string_view line) {
  std::string_view rest = line;
  const std::string_view verb = TakeWord(rest);
  if (IsVerb(verb, "MSG") || IsVerb(verb, "HMSG")) {
    BeginDelivery(rest, verb.size() == 4);
    return std::nullopt;
  }
  if (IsVerb(verb, "PING")) return NatsPing{};
  if (IsVerb(verb, "PONG")) return NatsPong{};
  if (IsVerb(verb, "INFO")) return NatsServerInfo{std::string(rest)};
  if (IsVerb(verb, "-ERR")) return NatsServerErr{WithoutQuotes(rest)};
  if (!IsVerb(verb, "+OK")) Fail(line);
  return std::nullopt;
}

void NatsServerParser::BeginDelivery(std::string_view arguments, bool has_header) {
  std::vector<std::string_view> words;
  for (std::string_view rest = arguments; !rest.empty();) words.push_back(TakeWord(rest));
  const size_t least = has_header ? 4 : 3;
  if (words.size() != least && words.size() != least + 1) return Fail(arguments);
  const auto size = ParseSize(words.back());
  const auto header = has_header ? ParseSize(words[words.size() - 2]) : std::optional<size_t>(0);
  if (!size || !header || *header > *size) return Fail(arguments);
  delivery_ = {};
  delivery_.subject = words[0];
  delivery_.sid = words[1];
  if (words.size() > least) delivery_.reply = words[2];
  delivery_.header_size = *header;
  body_missing_ = *size + kEndOfLine.size();
  in_body_ = true;
}

std::optional<NatsServerEvent> NatsServerParser::TakeBody(ByteView* input) {
  const size_t taken = std::min(body_missing_, input->size());
  Append(delivery_.body, input->first(taken));
  *input = input->subspan(taken);
  body_missing_ -= taken;
  if (body_missing_ > 0) return std::nullopt;
  in_body_ = false;
  if (!AsText(delivery_.body).ends_with(kEndOfLine)) {
    Fail(delivery_.subject);
    return std::nullopt;
  }
  delivery_.body.resize(delivery_.body.size() - kEndOfLine.size());
  return std::exchange(delivery_, {});
}

void NatsServerParser::Fail(std::string_view at) {
  error_ = "nats: Parse Error: '" + std::string(at.substr(0, kErrorExcerptMax)) + "'";
}

}  // namespace atrest::wire
