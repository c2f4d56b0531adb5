// Arbitrary bytes as what is in a Raft log and its snapshots: every decoder ends with a result or
// an error with a text, and what it reads is written and read again the same. The first byte
// chooses the decoder.
#include <cstddef>
#include <cstdint>

#include "reference/base/check.h"
#include "reference/raftlog/bolt_page.h"
#include "reference/raftlog/raft_entry.h"
#include "reference/raftlog/raft_operation.h"
#include "reference/raftlog/raft_snapshot.h"
#include "reference/raftlog/snapshot_meta.h"

namespace atrest::raftlog {
namespace {

// Decodes; encodes what came out, and decodes that.
template <typename Decode, typename Encode>
void RoundTrip(ByteView bytes, Decode decode, Encode encode) {
  const auto first = decode(bytes);
  ATREST_CHECK(first.ok() == first.status().message().empty());
  if (!first.ok()) return;
  const Bytes encoded = encode(first.value());
  const auto second = decode(encoded);
  ATREST_CHECK(second.ok() && encode(second.value()) == encoded);
}

Bytes EncodeWhole(const Node& node) {
  Bytes page(EncodedSize(node));
  EncodeNode(node, 7, 0, page);
  return page;
}

void Run(uint8_t choice, ByteView bytes) {
  switch (choice % 8) {
    case 0:
      return RoundTrip(bytes, DecodeEntry, [](const LogEntry& entry) {
        Bytes encoded;
        EncodeEntry(entry, encoded);
        return encoded;
      });
    case 1:
      return RoundTrip(bytes, DecodeOperation, EncodeOperation);
    case 2:
      return RoundTrip(bytes, DecodeConfiguration, EncodeConfiguration);
    case 3:
      return RoundTrip(bytes, DecodeSnapshot, EncodeSnapshot);
    case 4:
      return RoundTrip(
          bytes, [](ByteView json) { return DecodeSnapshotMeta(AsText(json)); },
          [](const SnapshotMeta& meta) { return ToBytes(EncodeSnapshotMeta(meta)); });
    case 5:
      return RoundTrip(bytes, DecodeNode, EncodeWhole);
    case 6:
      return RoundTrip(bytes, DecodeBucket, EncodeBucket);
    default:
      return RoundTrip(bytes, DecodeFreelist, [](const std::vector<PageId>& ids) {
        Bytes page(EncodedFreelistSize(ids.size()));
        EncodeFreelist(ids, 7, 0, page);
        return page;
      });
  }
}

}  // namespace
}  // namespace atrest::raftlog

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 0) atrest::raftlog::Run(data[0], {data + 1, size - 1});
  return 0;
}
