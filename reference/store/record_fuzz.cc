// Arbitrary bytes as the files of a store: recovery and lookups end with results or errors. The
// input is cut in five at the first bytes of the form FF 00: msgs.1.dat, msgs.1.idx, subs.dat,
// clients.dat, server.dat; what is missing is as after a clean start. The first byte of all
// chooses options.
#include <cstddef>
#include <cstdint>

#include "reference/env/fixed_env.h"
#include "reference/env/mem_file_system.h"
#include "reference/store/file_store.h"

namespace atrest::store {
namespace {

constexpr const char* kFiles[] = {"d/foo/msgs.1.dat", "d/foo/msgs.1.idx", "d/foo/subs.dat",
                                  "d/clients.dat", "d/server.dat"};
constexpr uint64_t kLookupsMax = 50;

// Moves the bytes before the next separator from REST to *PIECE; false if there are no more.
bool NextPiece(ByteView& rest, Bytes* piece) {
  if (rest.empty()) return false;
  size_t end = 0;
  while (end < rest.size() && !(rest[end] == 0xFF && end + 1 < rest.size() && rest[end + 1] == 0)) {
    ++end;
  }
  // The version is given, else hardly an input would get further.
  *piece = {1, 0, 0, 0};
  Append(*piece, rest.first(end));
  rest = rest.subspan(end == rest.size() ? end : end + 2);
  return true;
}

void Use(Channel& channel) {
  MessageStore& messages = *channel.messages;
  const uint64_t first = messages.FirstSequence();
  for (uint64_t i = 0; i < kLookupsMax; ++i) {
    (void)messages.Lookup(first + i);
    (void)messages.Lookup(messages.LastSequence() - i);
  }
  (void)messages.SequenceFromTimestamp(1);
  (void)messages.FirstMessage();
  (void)messages.LastMessage();
  Message next;
  next.sequence = messages.LastSequence() + 1;
  (void)messages.Store(next);
  (void)channel.subscriptions->AddPending(1, 2);
  (void)channel.subscriptions->Delete(1);
}

void Run(ByteView input) {
  env::MemFileSystem files;
  env::FixedClock clock(1'700'000'000'000'000'000);
  env::SeededEntropy entropy(1);
  LogBuffer log;
  const uint8_t choice = input.empty() ? 0 : input[0];
  ByteView rest = input.subspan(input.empty() ? 0 : 1);
  FileStoreOptions options;
  options.check_crc = (choice & 1) != 0;
  options.truncate_unexpected_eof = (choice & 2) != 0;
  options.read_buffer_size = (choice & 4) != 0 ? 0 : 4096;
  options.compact_min_file_size = 0;
  StoreLimits limits;
  if ((choice & 8) != 0) limits.all.max_messages = 2;
  if ((choice & 16) != 0) limits.all.max_age_ns = 1'000'000'000;
  const env::Env env{files, clock, entropy};
  {
    auto fresh = std::move(FileStore::Open(env, log, "d", limits, FileStoreOptions())).value();
    ATREST_CHECK(fresh->Recover().ok());
    ATREST_CHECK(fresh->Init(MakeServerInfo("c")).ok());
  }
  ATREST_CHECK(files.MakeDirectories("d/foo").ok());
  Bytes piece;
  for (const char* path : kFiles) {
    if (!NextPiece(rest, &piece)) break;
    if (piece.size() > 4) ATREST_CHECK(env::WriteWhole(files, path, piece).ok());
  }
  auto store = std::move(FileStore::Open(env, log, "d", limits, options)).value();
  const auto recovered = store->Recover();
  if (!recovered.ok() || !recovered.value()) return;
  for (const auto& [name, channel] : recovered.value()->channels) Use(*channel.channel);
  clock.Advance(2'000'000'000);
  store->Tick();
  (void)store->DeleteClient("x");
  (void)store->Close();
}

}  // namespace
}  // namespace atrest::store

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  atrest::store::Run(atrest::ByteView(data, size));
  return 0;
}
