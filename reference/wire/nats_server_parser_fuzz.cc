// Any bytes from a NATS server, at once and byte by byte, make the same events and the same error,
// and the error is the end.
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "reference/base/check.h"
#include "reference/wire/nats_server_parser.h"

namespace {

using atrest::ByteView;
using atrest::wire::NatsDelivery;
using atrest::wire::NatsServerEvent;
using atrest::wire::NatsServerParser;

void TakeAll(ByteView input, NatsServerParser* parser, std::vector<NatsServerEvent>* events) {
  while (auto event = parser->Next(&input)) events->push_back(std::move(*event));
  ATREST_CHECK(input.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const ByteView input(data, size);
  NatsServerParser at_once;
  NatsServerParser by_bytes;
  std::vector<NatsServerEvent> expected;
  std::vector<NatsServerEvent> events;
  TakeAll(input, &at_once, &expected);
  for (size_t i = 0; i < size; ++i) TakeAll(input.subspan(i, 1), &by_bytes, &events);
  ATREST_CHECK(events == expected);
  ATREST_CHECK(by_bytes.error() == at_once.error());
  for (const NatsServerEvent& event : events) {
    if (const auto* delivery = std::get_if<NatsDelivery>(&event)) {
      ATREST_CHECK(delivery->payload().size() <= delivery->body.size());
      ATREST_CHECK(!delivery->no_responders() || delivery->payload().empty());
    }
  }
  return 0;
}
