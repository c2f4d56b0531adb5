#include "reference/wire/nats_parser.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "reference/base/check.h"

namespace atrest::wire {
namespace {

constexpr char kParserError[] = "Client parser ERROR";
constexpr size_t kSizeDigitsMax = 9;

bool IsBlank(uint8_t byte) { return byte == ' ' || byte == '\t'; }

char UpperCase(uint8_t byte) {
  return static_cast<char>(byte >= 'a' && byte <= 'z' ? byte - 'a' + 'A' : byte);
}

std::vector<std::string_view> SplitAtBlanks(std::string_view text) {
  constexpr std::string_view kBlanks = " \t";
  std::vector<std::string_view> words;
  size_t at = text.find_first_not_of(kBlanks);
  while (at != std::string_view::npos) {
    const size_t end = std::min(text.find_first_of(kBlanks, at), text.size());
    words.push_back(text.substr(at, end - at));
    at = text.find_first_not_of(kBlanks, end);
  }
  return words;
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

ByteView TakeFront(size_t size, ByteView* input) {
  const ByteView front = input->first(size);
  *input = input->subspan(size);
  return front;
}

// The bytes of INPUT before its first LF, or all.
size_t LineLength(ByteView input) {
  return static_cast<size_t>(std::find(input.begin(), input.end(), '\n') - input.begin());
}

// One CR before the end of a line is not part of it.
size_t SizeWithoutCr(std::string_view line) {
  return !line.empty() && line.back() == '\r' ? line.size() - 1 : line.size();
}

}  // namespace

const NatsParser::Row NatsParser::kRows[] = {
    {"CONNECT", Verb::kConnect, State::kBlanks}, {"HPUB", Verb::kHpub, State::kBlank},
    {"PUB", Verb::kPub, State::kBlank},          {"SUB", Verb::kSub, State::kBlank},
    {"UNSUB", Verb::kUnsub, State::kBlank},      {"INFO", Verb::kInfo, State::kBlank},
    {"-ERR", Verb::kErr, State::kBlank},         {"PING", Verb::kPing, State::kRestOfLine},
    {"PONG", Verb::kPong, State::kRestOfLine},   {"+OK", Verb::kOk, State::kRestOfLine},
};

NatsMessageView NatsPublish::View() const {
  return {subject, reply, body, has_header, header_size, header_size_text, size_text};
}

std::optional<NatsCommand> NatsParser::Next(ByteView* input) {
  while (!input->empty() && !error_) {
    Step(input);
    if (ready_) return std::exchange(ready_, std::nullopt);
  }
  *input = {};
  return std::nullopt;
}

// Takes one byte at least.
void NatsParser::Step(ByteView* input) {
  switch (state_) {
    case State::kVerb:
      return TakeVerbByte(TakeFront(1, input)[0]);
    case State::kBlank:
    case State::kBlanks:
      return TakeBlank(input);
    case State::kArguments:
      return TakeArguments(input);
    case State::kRestOfLine:
      return PassLine(input);
    case State::kPayload:
      return TakePayload(input);
    case State::kPayloadCr:
    case State::kPayloadLf:
      return TakePayloadEnd(TakeFront(1, input)[0]);
  }
}

void NatsParser::TakeVerbByte(uint8_t byte) {
  verb_text_ += UpperCase(byte);
  if (connect_required_ && verb_text_[0] != 'C') {
    return Fail(kAuthorizationViolation, "authentication error");
  }
  for (const Row& row : kRows) {
    if (!row.name.starts_with(verb_text_)) continue;
    if (row.name.size() > verb_text_.size()) return;
    verb_ = row.verb;
    state_ = row.next;
    verb_text_.clear();
    return;
  }
  Fail(kUnknownProtocolOperation, kParserError);
}

void NatsParser::TakeBlank(ByteView* input) {
  if (IsBlank(input->front())) {
    TakeFront(1, input);
    state_ = State::kBlanks;
  } else if (state_ == State::kBlank) {
    Fail(kUnknownProtocolOperation, kParserError);
  } else {
    state_ = verb_ == Verb::kInfo ? State::kRestOfLine : State::kArguments;
    if (state_ == State::kArguments) TakeArguments(input);
  }
}

void NatsParser::TakeArguments(ByteView* input) {
  const size_t length = LineLength(*input);
  const bool is_whole = length < input->size();
  // Two more than the limit: a CR that may end the line, and what shows that it does not.
  const size_t kept = std::min(length, limits_.control_line + 2 - arguments_.size());
  arguments_ += AsText(input->first(kept));
  TakeFront(length + (is_whole ? 1 : 0), input);
  const bool is_long = SizeWithoutCr(arguments_) > limits_.control_line;
  if (is_long && verb_ != Verb::kErr) {
    return Fail(kMaximumControlLineExceeded, kMaximumControlLineExceeded);
  }
  if (!is_whole) return;
  arguments_.resize(is_long ? limits_.control_line : SizeWithoutCr(arguments_));
  EndLine();
  arguments_.clear();
}

void NatsParser::PassLine(ByteView* input) {
  const size_t length = LineLength(*input);
  const bool is_whole = length < input->size();
  TakeFront(length + (is_whole ? 1 : 0), input);
  if (is_whole) EndIgnoredLine();
}

void NatsParser::EndIgnoredLine() {
  state_ = State::kVerb;
  if (verb_ == Verb::kPing) Yield(NatsPing{});
  if (verb_ == Verb::kPong) Yield(NatsPong{});
}

void NatsParser::EndLine() {
  switch (verb_) {
    case Verb::kConnect:
      return Yield(NatsConnect{arguments_});
    case Verb::kHpub:
    case Verb::kPub:
      return EndPublish(verb_ == Verb::kHpub);
    case Verb::kSub:
      return EndSubscribe();
    case Verb::kUnsub:
      return EndUnsubscribe();
    case Verb::kErr:
      return Fail("", "Client Error " + arguments_);
    case Verb::kInfo:
    case Verb::kPing:
    case Verb::kPong:
    case Verb::kOk:
      break;
  }
  ATREST_CHECK(false);  // their lines have no arguments
}

void NatsParser::EndPublish(bool has_header) {
  const std::string verb = has_header ? "processHeaderPub" : "processPub";
  if (has_header && !headers_) return Fail("", "message headers not supported");
  const std::vector<std::string_view> words = SplitAtBlanks(arguments_);
  const size_t sizes = has_header ? 2 : 1;
  if (words.size() != sizes + 1 && words.size() != sizes + 2) {
    return FailWithArguments(verb + " Parse Error");
  }
  publish_ = {};
  publish_.subject = words[0];
  if (words.size() == sizes + 2) publish_.reply = words[1];
  publish_.has_header = has_header;
  if (has_header) {
    publish_.header_size_text = words[words.size() - 2];
    const std::optional<size_t> size = ParseSize(publish_.header_size_text);
    if (!size) return FailWithArguments(verb + " Bad or Missing Header Size");
    publish_.header_size = *size;
  }
  publish_.size_text = words.back();
  const std::optional<size_t> size = ParseSize(publish_.size_text);
  if (!size) {
    return FailWithArguments(verb +
                             (has_header ? " Bad or Missing Total Size" : " Bad or Missing Size"));
  }
  if (publish_.header_size > *size) {
    return FailWithArguments(verb + " Header Size larger then TotalSize");
  }
  if (*size > limits_.payload) {
    return Fail(kMaximumPayloadViolation, "maximum payload exceeded: " + std::to_string(*size) +
                                              " vs " + std::to_string(limits_.payload));
  }
  payload_size_ = *size;
  state_ = payload_size_ == 0 ? State::kPayloadCr : State::kPayload;
}

void NatsParser::EndSubscribe() {
  const std::vector<std::string_view> words = SplitAtBlanks(arguments_);
  if (words.size() != 2 && words.size() != 3) return FailWithArguments("processSub Parse Error");
  NatsSubscribe subscribe;
  subscribe.subject = words[0];
  if (words.size() == 3) subscribe.queue = words[1];
  subscribe.sid = words.back();
  Yield(std::move(subscribe));
}

void NatsParser::EndUnsubscribe() {
  const std::vector<std::string_view> words = SplitAtBlanks(arguments_);
  if (words.empty() || words.size() > 2) return FailWithArguments("processUnsub Parse Error");
  NatsUnsubscribe unsubscribe;
  unsubscribe.sid = words[0];
  if (words.size() == 2) unsubscribe.max = ParseSize(words[1]).value_or(0);
  Yield(std::move(unsubscribe));
}

void NatsParser::TakePayload(ByteView* input) {
  const size_t missing = payload_size_ - publish_.body.size();
  Append(publish_.body, TakeFront(std::min(missing, input->size()), input));
  if (publish_.body.size() == payload_size_) state_ = State::kPayloadCr;
}

void NatsParser::TakePayloadEnd(uint8_t byte) {
  const bool is_cr = state_ == State::kPayloadCr;
  if (static_cast<char>(byte) != (is_cr ? '\r' : '\n')) {
    return Fail(kUnknownProtocolOperation, kParserError);
  }
  state_ = State::kPayloadLf;
  if (!is_cr) Yield(std::exchange(publish_, {}));
}

void NatsParser::Yield(NatsCommand command) {
  state_ = State::kVerb;
  ready_ = std::move(command);
}

void NatsParser::Fail(std::string err_text, std::string log_text) {
  error_ = NatsError{std::move(err_text), std::move(log_text), std::nullopt};
  publish_ = {};
}

void NatsParser::FailWithArguments(std::string log_text) {
  Fail("", std::move(log_text));
  error_->log_args = arguments_;
}

}  // namespace atrest::wire
