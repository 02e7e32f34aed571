// What is kept back and handed over: against a plain array of bytes that is written at once.
#include "file/write_buffer.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace sahpool {
namespace {

using Bytes = std::vector<std::byte>;

Bytes Filled(std::size_t size, int value) { return Bytes(size, static_cast<std::byte>(value)); }

Bytes Contents(const WriteBuffer& buffer, std::size_t size) {
  Bytes bytes(size);
  for (const WriteBuffer::Extent& extent : buffer.extents()) {
    std::ranges::copy(buffer.BytesOf(extent), bytes.begin() + extent.offset);
  }
  return bytes;
}

TEST(WriteBufferTest, NeighbouringWritesBecomeOne) {
  WriteBuffer buffer;
  buffer.Start();
  ASSERT_TRUE(buffer.Put(Filled(24, 1), 32));
  ASSERT_TRUE(buffer.Put(Filled(4096, 2), 56));
  ASSERT_TRUE(buffer.Put(Filled(32, 3), 0));
  buffer.Arrange();
  ASSERT_EQ(buffer.extent_count(), 1U);
  EXPECT_EQ(buffer.extents()[0].offset, 0);
  EXPECT_EQ(buffer.extents()[0].size, 4152U);
  EXPECT_EQ(buffer.put_count(), 3);
}

TEST(WriteBufferTest, WhatComesBeforeTheFileIsContiguousWithIt) {
  WriteBuffer buffer;
  buffer.Start();
  ASSERT_TRUE(buffer.Put(Filled(100, 2), 4096));
  ASSERT_TRUE(buffer.Put(Filled(100, 1), 0));
  EXPECT_TRUE(buffer.PrefixOfFirst(Filled(64, 9)).empty());
  buffer.Arrange();
  const auto whole = buffer.PrefixOfFirst(Filled(64, 9));
  ASSERT_EQ(whole.size(), 164U);
  EXPECT_EQ(whole[63], std::byte{9});
  EXPECT_EQ(whole[64], std::byte{1});
}

TEST(WriteBufferTest, TakesBytesFromItsStartToItsStop) {
  WriteBuffer buffer;
  EXPECT_FALSE(buffer.Put(Filled(1, 1), 0));
  buffer.Start();
  EXPECT_TRUE(buffer.Put(Filled(1, 1), 0));
  buffer.Start();
  EXPECT_EQ(buffer.end(), 1) << "what it holds stays";
  buffer.Stop();
  EXPECT_TRUE(buffer.empty());
  EXPECT_FALSE(buffer.Put(Filled(1, 1), 0));
}

TEST(WriteBufferTest, RefusesWhatDoesNotFit) {
  WriteBuffer buffer;
  buffer.Start();
  EXPECT_FALSE(buffer.Put(Filled(WriteBuffer::kCapacity + 1, 1), 0));
  EXPECT_TRUE(buffer.empty());
  for (std::size_t i = 0; i < WriteBuffer::kMaxExtents; ++i) {
    ASSERT_TRUE(buffer.Put(Filled(1, 1), static_cast<std::int64_t>(2 * i)));
  }
  EXPECT_FALSE(buffer.Put(Filled(1, 1), 10'000));
  EXPECT_TRUE(buffer.Put(Filled(1, 7), 2)) << "a place that it holds already";
}

TEST(WriteBufferTest, HoldsWhatAPlainFileWould) {
  constexpr std::size_t kSize = 3000;
  for (unsigned seed = 1; seed <= 200; ++seed) {
    std::mt19937 random(seed);
    const auto below = [&](std::size_t n) { return random() % n; };
    WriteBuffer buffer;
    buffer.Start();
    Bytes model(kSize);
    std::vector<bool> held(kSize);
    for (int step = 0; step < 60; ++step) {
      const std::size_t offset = below(kSize - 300);
      if (below(12) == 0) {
        buffer.Cut(static_cast<std::int64_t>(offset));
        std::fill(held.begin() + static_cast<std::ptrdiff_t>(offset), held.end(), false);
      } else if (below(12) == 0) {
        buffer.Arrange();
      } else {
        const Bytes bytes = Filled(1 + below(300), 1 + static_cast<int>(below(250)));
        ASSERT_TRUE(buffer.Put(bytes, static_cast<std::int64_t>(offset)));
        std::ranges::copy(bytes, model.begin() + static_cast<std::ptrdiff_t>(offset));
        std::fill_n(held.begin() + static_cast<std::ptrdiff_t>(offset), bytes.size(), true);
      }
      Bytes expected(kSize);
      for (std::size_t i = 0; i < kSize; ++i) expected[i] = held[i] ? model[i] : std::byte{0};
      ASSERT_EQ(Contents(buffer, kSize), expected) << "seed " << seed << ", step " << step;
      Bytes overlaid(200);
      buffer.Overlay(overlaid, static_cast<std::int64_t>(offset));
      const auto first = expected.begin() + static_cast<std::ptrdiff_t>(offset);
      ASSERT_TRUE(std::equal(overlaid.begin(), overlaid.end(), first));
      const auto held_first = held.begin() + static_cast<std::ptrdiff_t>(offset);
      ASSERT_EQ(buffer.Covers(static_cast<std::int64_t>(offset), 200),
                std::all_of(held_first, held_first + 200, [](bool b) { return b; }));
    }
  }
}

}  // namespace
}  // namespace sahpool
