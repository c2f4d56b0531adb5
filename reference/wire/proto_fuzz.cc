// Whatever decodes as a message encodes to bytes of the size announced, which decode to the same
// message: the reader and the writer agree, whatever they are given.
#include <cstddef>
#include <cstdint>

#include "reference/base/check.h"
#include "reference/wire/msg_proto.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using atrest::wire::Message;
  const atrest::Result<Message> decoded = atrest::wire::DecodeMessage({data, size});
  if (!decoded.ok()) {
    ATREST_CHECK(!decoded.status().message().empty());
    return 0;
  }
  Message message = decoded.value();
  atrest::Bytes encoded;
  atrest::wire::Encode(message, encoded);
  ATREST_CHECK(encoded.size() == atrest::wire::EncodedSize(message));
  ATREST_CHECK(encoded.size() <= size);
  const atrest::Result<Message> again = atrest::wire::DecodeMessage(encoded);
  ATREST_CHECK(again.ok());
  // Present and empty data is not written.
  if (message.payload().empty()) message.data.reset();
  ATREST_CHECK(again.value() == message);
  return 0;
}
