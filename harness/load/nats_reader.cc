#include "harness/load/nats_reader.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

namespace atrest::load {
namespace {

constexpr size_t kArgumentsMax = 6;

struct Arguments {
  std::array<std::string_view, kArgumentsMax> at;
  size_t count = 0;  // kArgumentsMax + 1 if there are more
};

Arguments Split(std::string_view line) {
  Arguments found;
  while (true) {
    const size_t begin = line.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return found;
    const size_t end = std::min(line.find_first_of(" \t", begin), line.size());
    if (found.count == kArgumentsMax) return ++found.count, found;
    found.at[found.count++] = line.substr(begin, end - begin);
    line.remove_prefix(end);
  }
}

bool ParseSize(std::string_view text, size_t* value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  return error == std::errc() && end == text.data() + text.size();
}

Status Refuse(std::string_view line) {
  return Status(Code::kCorrupt, "no line of a server: " + std::string(line.substr(0, 80)));
}

// The event in LINE; *BODY is the size of what follows it, *HEADER of the part that is header.
Status ParseMessage(std::string_view line, bool has_header, NatsEvent* event, size_t* header,
                    size_t* body) {
  const Arguments arguments = Split(line);
  const size_t sizes = has_header ? 2 : 1;
  const size_t given = arguments.count - 1;  // without the verb
  if (given != 2 + sizes && given != 3 + sizes) return Refuse(line);
  event->kind = NatsEvent::Kind::kMessage;
  event->subject = arguments.at[1];
  event->sid = arguments.at[2];
  if (given == 3 + sizes) event->reply = arguments.at[3];
  if (!ParseSize(arguments.at[arguments.count - 1], body)) return Refuse(line);
  if (has_header && !ParseSize(arguments.at[arguments.count - 2], header)) return Refuse(line);
  if (*header > *body || *body > NatsReader::kUnfinishedMax) return Refuse(line);
  return Status();
}

Status ParseLine(std::string_view line, NatsEvent* event, size_t* header, size_t* body) {
  if (line.starts_with("MSG ")) return ParseMessage(line, false, event, header, body);
  if (line.starts_with("HMSG ")) return ParseMessage(line, true, event, header, body);
  if (line.starts_with("INFO ")) {
    event->kind = NatsEvent::Kind::kInfo;
    event->text = line.substr(5);
  } else if (line == "PING") {
    event->kind = NatsEvent::Kind::kPing;
  } else if (line == "PONG") {
    event->kind = NatsEvent::Kind::kPong;
  } else if (line == "+OK") {
    event->kind = NatsEvent::Kind::kOk;
  } else if (line.starts_with("-ERR ")) {
    event->kind = NatsEvent::Kind::kError;
    event->text = line.substr(5);
  } else {
    return Refuse(line);
  }
  return Status();
}

// Takes one event from the front of *INPUT. False if it is not complete, or with *STATUS.
bool TakeEvent(ByteView* input, NatsSink& sink, Status* status) {
  const std::string_view text = AsText(*input);
  const size_t line_end = text.find('\n');
  if (line_end == std::string_view::npos) return false;
  const size_t length = line_end > 0 && text[line_end - 1] == '\r' ? line_end - 1 : line_end;
  NatsEvent event;
  size_t header = 0;
  size_t body = 0;
  *status = ParseLine(text.substr(0, length), &event, &header, &body);
  if (!status->ok()) return false;
  size_t taken = line_end + 1;
  if (event.kind == NatsEvent::Kind::kMessage) {
    if (input->size() - taken < body + 2) return false;
    event.payload = input->subspan(taken + header, body - header);
    event.no_responders = text.substr(taken, header).starts_with("NATS/1.0 503");
    taken += body;
    if (text.substr(taken, 2) != "\r\n") return *status = Refuse("payload without end"), false;
    taken += 2;
  }
  *input = input->subspan(taken);
  sink.OnEvent(event);
  return true;
}

}  // namespace

Status NatsReader::Take(ByteView bytes, NatsSink& sink) {
  const bool joined = !rest_.empty();
  if (joined) Append(rest_, bytes);
  ByteView input = joined ? ByteView(rest_) : bytes;
  Status status;
  while (TakeEvent(&input, sink, &status)) {
  }
  if (status.ok() && input.size() > kUnfinishedMax) status = Refuse("an endless line");
  if (joined) {
    rest_.erase(rest_.begin(), rest_.end() - static_cast<ptrdiff_t>(input.size()));
  } else {
    rest_.assign(input.begin(), input.end());
  }
  return status;
}

}  // namespace atrest::load
