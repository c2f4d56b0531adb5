// The messages of one slice: what its records say, whether the index agrees, which keys open them.
// INSPECT.md; specification, standalone.md 1.6 and 2.
// Threads: none shared; a ChannelKeys keeps keyed cipher objects.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/inspect/framing.h"
#include "harness/inspect/inspection.h"
#include "reference/crypto/envelope.h"
#include "reference/crypto/secret.h"

namespace atrest::inspect {

// The given keys, as they open the messages of one channel.
class ChannelKeys {
 public:
  ChannelKeys(const std::vector<crypto::Secret>& keys, const std::string& channel);

  // Sets what INSPECT.md says of DATA in MESSAGE: cipher to payload. REQUIRES: MESSAGE is new.
  void Open(std::optional<ByteView> data, bool keep_payload, StoredMessage& message) const;

 private:
  std::vector<crypto::Envelope> envelopes_;
};

struct SliceFiles {
  uint64_t number = 0;
  ByteView data;
  std::optional<ByteView> index;
};

// What reading a slice adds to.
struct SliceFindings {
  std::vector<Slice>& slices;
  std::vector<StoredMessage>& messages;
  std::vector<DamagedBytes> data_damage = {};
  std::vector<DamagedBytes> index_damage = {};
};

void ReadSlice(const SliceFiles& files, const Crc32& crc, const ChannelKeys& keys,
               bool keep_payloads, SliceFindings& findings);

// The data field of the message that PAYLOAD, of a record that was listed, holds; absent is empty.
Bytes DataOf(ByteView payload);

}  // namespace atrest::inspect
