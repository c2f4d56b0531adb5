// Whatever bytes come, whole or one by one, make the same commands and the same error; the error is
// the end; and what is subscribed or published fits the limits.
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "reference/base/check.h"
#include "reference/wire/nats_parser.h"
#include "reference/wire/nats_subject.h"

namespace {

using atrest::ByteView;
using atrest::wire::NatsCommand;
using atrest::wire::NatsLimits;
using atrest::wire::NatsParser;
using atrest::wire::NatsPublish;
using atrest::wire::NatsSubscribe;

constexpr NatsLimits kLimits = {.control_line = 24, .payload = 40};

void TakeAll(ByteView input, NatsParser* parser, std::vector<NatsCommand>* commands) {
  while (auto command = parser->Next(&input)) commands->push_back(std::move(*command));
  ATREST_CHECK(input.empty());
}

void Check(const NatsCommand& command) {
  if (const auto* publish = std::get_if<NatsPublish>(&command)) {
    ATREST_CHECK(publish->body.size() <= kLimits.payload);
    ATREST_CHECK(publish->header_size <= publish->body.size());
    ATREST_CHECK(!publish->subject.empty());
    atrest::Bytes written;
    atrest::wire::WriteMessage(publish->View(), "1", publish->has_header, written);
    ATREST_CHECK(written.size() > publish->body.size());
  } else if (const auto* subscribe = std::get_if<NatsSubscribe>(&command)) {
    const std::string& subject = subscribe->subject;
    if (atrest::wire::IsLiteralSubject(subject)) {
      ATREST_CHECK(atrest::wire::SubjectMatches(subject, subject));
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const ByteView input(data, size);
  NatsParser at_once(kLimits);
  NatsParser by_bytes(kLimits);
  at_once.set_headers(true);
  by_bytes.set_headers(true);
  std::vector<NatsCommand> expected;
  std::vector<NatsCommand> commands;
  TakeAll(input, &at_once, &expected);
  for (size_t i = 0; i < size; ++i) TakeAll(input.subspan(i, 1), &by_bytes, &commands);
  ATREST_CHECK(commands == expected);
  ATREST_CHECK(by_bytes.error() == at_once.error());
  for (const NatsCommand& command : commands) Check(command);
  if (!at_once.error()) return 0;
  const atrest::Bytes more = atrest::ToBytes("\r\nPING\r\n");
  TakeAll(more, &at_once, &expected);
  ATREST_CHECK(expected == commands);
  return 0;
}
