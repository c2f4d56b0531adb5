#include "reference/server/event_log.h"

#include <gtest/gtest.h>

#include "reference/env/fixed_env.h"
#include "reference/env/mem_file_system.h"
#include "reference/server/recording.h"

namespace atrest::server {
namespace {

using Kind = Event::Kind;

// A record of two events, made by WRITE.
void WriteTwo(env::FileSystem& files) {
  auto writer = EventWriter::Create(files, "session").value();
  writer->Write({.kind = Kind::kAccepted, .now_ns = 5, .connection = 9, .number = 80});
  writer->Write({.kind = Kind::kReceived,
                 .now_ns = INT64_MAX,
                 .connection = UINT64_MAX,
                 .bytes = AsBytes("PING\r\n")});
  EXPECT_TRUE(writer->Flush().ok());
}

TEST(EventLog, WhatIsWrittenIsRead) {
  env::MemFileSystem files;
  WriteTwo(files);
  auto reader = EventReader::Open(files, "session").value();
  const Event first = *reader.Peek();
  EXPECT_EQ(first.kind, Kind::kAccepted);
  EXPECT_EQ(first.now_ns, 5);
  EXPECT_EQ(first.connection, 9u);
  EXPECT_EQ(first.number, 80u);
  EXPECT_TRUE(first.bytes.empty());
  reader.Take();
  const Event second = *reader.Peek();
  EXPECT_EQ(second.now_ns, INT64_MAX);
  EXPECT_EQ(second.connection, UINT64_MAX);
  EXPECT_EQ(AsText(second.bytes), "PING\r\n");
  reader.Take();
  EXPECT_FALSE(reader.Peek());
}

TEST(EventLog, ATornTailIsTheEnd) {
  env::MemFileSystem files;
  WriteTwo(files);
  const Bytes whole = env::ReadWhole(files, "session", 1000).value();
  for (size_t size = 16; size < whole.size(); ++size) {
    ASSERT_TRUE(env::WriteWhole(files, "cut", ByteView(whole).first(size)).ok());
    auto reader = EventReader::Open(files, "cut").value();
    int events = 0;
    for (; reader.Peek(); reader.Take()) ++events;
    EXPECT_EQ(events, size < 16 + 29 ? 0 : 1) << size;
  }
}

TEST(EventLog, AnythingElseIsRefused) {
  env::MemFileSystem files;
  ASSERT_TRUE(env::WriteWhole(files, "other", AsBytes("atrest event")).ok());
  EXPECT_EQ(EventReader::Open(files, "other").status().message(), "other: not a recorded session");
  EXPECT_EQ(EventReader::Open(files, "none").status().code(), Code::kNotFound);
}

TEST(EventLog, AnExistingFileIsNotOverwritten) {
  env::MemFileSystem files;
  WriteTwo(files);
  EXPECT_FALSE(EventWriter::Create(files, "session").ok());
}

TEST(EventLog, RecordedEntropyComesAgain) {
  env::MemFileSystem files;
  uint8_t drawn[12];
  {
    auto writer = EventWriter::Create(files, "session").value();
    env::SeededEntropy seeded(3);
    RecordingEntropy(seeded, writer.get()).Fill(drawn);
    ASSERT_TRUE(writer->Flush().ok());
  }
  auto reader = EventReader::Open(files, "session").value();
  ReplayedEntropy replayed(reader);
  uint8_t again[12] = {};
  replayed.Fill(again);
  EXPECT_TRUE(Equal(drawn, again));
  EXPECT_FALSE(replayed.missing());
  replayed.Fill(again);
  EXPECT_FALSE(replayed.missing()) << "the recorded process was killed";
}

TEST(EventLog, OtherEntropyIsMissed) {
  env::MemFileSystem files;
  WriteTwo(files);
  auto reader = EventReader::Open(files, "session").value();
  ReplayedEntropy replayed(reader);
  uint8_t drawn[12] = {1};
  replayed.Fill(drawn);
  EXPECT_TRUE(replayed.missing());
  EXPECT_EQ(drawn[0], 0);
}

}  // namespace
}  // namespace atrest::server
