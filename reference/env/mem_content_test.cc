#include "reference/env/mem_content.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>

namespace atrest::env {
namespace {

Bytes All(const MemContent& content) {
  Bytes bytes(content.size() + 1);
  bytes.resize(content.Read(0, bytes));
  return bytes;
}

TEST(MemContentTest, AnAppendSharesWithTheCopiesItOutgrows) {
  MemContent synced;
  MemContent content;
  for (int i = 0; i < 1000; ++i) {
    content.Write(content.size(), Bytes(1000, 1));
    synced = content;
  }
  content.Write(content.size(), AsBytes("x"));
  EXPECT_EQ(synced.size(), 1000000u);
  EXPECT_EQ(content.size(), 1000001u);
}

TEST(MemContentTest, TwoCopiesThatAppendDoNotMeet) {
  MemContent one;
  one.Write(0, AsBytes("ab"));
  MemContent two = one;
  one.Write(2, AsBytes("1"));
  two.Write(2, AsBytes("22"));
  EXPECT_EQ(All(one), ToBytes("ab1"));
  EXPECT_EQ(All(two), ToBytes("ab22"));
}

TEST(MemContentTest, WhatWasCutDoesNotComeBack) {
  MemContent content;
  content.Write(0, AsBytes("secret"));
  const MemContent before = content;
  content.Resize(1);
  content.Resize(3);
  EXPECT_EQ(All(content), (Bytes{'s', 0, 0}));
  EXPECT_EQ(All(before), ToBytes("secret"));
}

// Any mixture of writes, truncations, copies and freezes of four contents is as if each had bytes
// of its own.
RC_GTEST_PROP(MemContentTest, CopiesAreIndependent, ()) {
  std::array<MemContent, 4> contents;
  std::array<Bytes, 4> models;
  const int steps = *rc::gen::inRange(0, 60);
  for (int i = 0; i < steps; ++i) {
    const auto at = *rc::gen::inRange<size_t>(0, 4);
    const auto offset = *rc::gen::inRange<size_t>(0, 20);
    switch (*rc::gen::inRange(0, 4)) {
      case 0: {
        const auto bytes = *rc::gen::scale(0.1, rc::gen::arbitrary<Bytes>());
        const size_t from = *rc::gen::element(offset, models[at].size());
        contents[at].Write(from, bytes);
        if (bytes.empty()) break;
        models[at].resize(std::max(models[at].size(), from + bytes.size()));
        std::ranges::copy(bytes, models[at].begin() + static_cast<long>(from));
        break;
      }
      case 1:
        contents[at].Resize(offset);
        models[at].resize(offset);
        break;
      case 2:
        contents[at] = contents[offset % 4];
        models[at] = models[offset % 4];
        break;
      default:
        contents[at].Freeze();
    }
    for (size_t k = 0; k < 4; ++k) RC_ASSERT(All(contents[k]) == models[k]);
  }
}

}  // namespace
}  // namespace atrest::env
