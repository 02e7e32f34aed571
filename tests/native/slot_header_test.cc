#include "format/slot_header.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace sahpool {
namespace {

constexpr std::uint32_t kDatabase = 0x106;  // MAIN_DB | CREATE | READWRITE
constexpr std::size_t kFlagsAt = 512;
constexpr std::size_t kDigestAt = 516;

void SetFlags(SlotHeaderBytes& header, std::uint32_t flags) {
  for (std::size_t i = 0; i < 4; ++i) {
    header[kFlagsAt + i] = static_cast<std::byte>(flags >> (24 - 8 * i));
  }
}

// As writers of digest version 1 left it.
SlotHeaderBytes Version1(std::string_view path, std::uint32_t flags) {
  SlotHeaderBytes header{};
  std::ranges::transform(path, header.begin(), [](char c) { return static_cast<std::byte>(c); });
  SetFlags(header, flags);
  return header;
}

SlotHeaderBytes WithFlippedBit(SlotHeaderBytes header, std::size_t bit) {
  header[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
  return header;
}

TEST(SlotHeader, IsWrittenAsTheFormatSays) {
  const SlotHeaderBytes header = EncodeNamedHeader("/app.db", kDatabase);
  SlotHeaderBytes expected{};
  std::ranges::transform(std::string_view("/app.db"), expected.begin(),
                         [](char c) { return static_cast<std::byte>(c); });
  SetFlags(expected, 0x186);
  constexpr std::array kDigest = {0x3e, 0xb5, 0xac, 0x98, 0x8e, 0x85, 0x4f, 0x45};
  std::ranges::transform(kDigest, expected.begin() + kDigestAt,
                         [](int byte) { return static_cast<std::byte>(byte); });
  EXPECT_EQ(header, expected);
}

TEST(SlotHeader, ChangesItsFlagsInTheSectorBehindThePath) {
  for (const SlotHeaderBytes& old :
       {Version1("/app.db", kDatabase), EncodeNamedHeader("/app.db", kDatabase)}) {
    const SlotHeaderBytes changed = WithFlags(old, open_flag::kTempDb | open_flag::kDeleteOnClose);
    EXPECT_EQ(DecodeHeader(changed).kind, HeaderKind::kTemporary);
    EXPECT_EQ(DecodeHeader(changed).path, "/app.db");
    EXPECT_TRUE(std::equal(old.begin(), old.begin() + kFlagsAt, changed.begin()));
    EXPECT_EQ(WithFlags(changed, kDatabase), EncodeNamedHeader("/app.db", kDatabase));
  }
}

TEST(SlotHeader, IsAllZerosWhenFree) {
  EXPECT_EQ(EncodeFreeHeader(), SlotHeaderBytes{});
  EXPECT_EQ(DecodeHeader(SlotHeaderBytes{}).kind, HeaderKind::kFree);
}

TEST(SlotHeader, IsReadAsItWasWritten) {
  for (const std::uint32_t type :
       {open_flag::kMainDb, open_flag::kMainJournal, open_flag::kSuperJournal, open_flag::kWal}) {
    const SlotHeaderBytes bytes = EncodeNamedHeader("/a b/%C3%BC.db", type | 6);
    const DecodedHeader header = DecodeHeader(bytes);
    EXPECT_EQ(header.kind, HeaderKind::kNamed);
    EXPECT_EQ(header.path, "/a b/%C3%BC.db");
    EXPECT_EQ(header.flags, type | 6);
    EXPECT_TRUE(header.has_digest);
  }
}

TEST(SlotHeader, HasTheDigestVersionBitOnceWhetherOrNotItIsPassed) {
  EXPECT_EQ(EncodeNamedHeader("/a", kDatabase), EncodeNamedHeader("/a", kDatabase | 0x80));
}

TEST(SlotHeader, IsReadInVersion1) {
  const SlotHeaderBytes bytes = Version1("/app.db", kDatabase);
  const DecodedHeader header = DecodeHeader(bytes);
  EXPECT_EQ(header.kind, HeaderKind::kNamed);
  EXPECT_EQ(header.path, "/app.db");
  EXPECT_EQ(header.flags, kDatabase);
  EXPECT_FALSE(header.has_digest);
}

TEST(SlotHeader, TakesPathsOfUpTo510BytesAndReadsOneMore) {
  const std::string longest(510, 'a');
  EXPECT_EQ(DecodeHeader(EncodeNamedHeader(longest, kDatabase)).kind, HeaderKind::kNamed);
  const SlotHeaderBytes longer = EncodeNamedHeader(longest + 'a', kDatabase);
  EXPECT_EQ(DecodeHeader(longer).path.size(), 511U);
}

TEST(SlotHeader, WithAPathThatHasNoEndIsUnbelievable) {
  const SlotHeaderBytes bytes = EncodeNamedHeader(std::string(512, 'a'), kDatabase);
  const DecodedHeader header = DecodeHeader(bytes);
  EXPECT_EQ(header.kind, HeaderKind::kUnbelievable);
  EXPECT_EQ(header.path.size(), 512U);
  EXPECT_NE(header.reason, "");
}

TEST(SlotHeader, WithFlagsButNoPathIsUnbelievable) {
  EXPECT_EQ(DecodeHeader(Version1("", kDatabase)).kind, HeaderKind::kUnbelievable);
  EXPECT_EQ(DecodeHeader(EncodeNamedHeader("", kDatabase)).kind, HeaderKind::kUnbelievable);
}

TEST(SlotHeader, WithADigestThatNoVersionHasIsUnbelievable) {
  SlotHeaderBytes bytes = Version1("/app.db", kDatabase);
  bytes[kDigestAt] = std::byte{1};
  EXPECT_EQ(DecodeHeader(bytes).kind, HeaderKind::kUnbelievable);
  // Version 2's bit over version 1's digest.
  EXPECT_EQ(DecodeHeader(Version1("/app.db", 0x186)).kind, HeaderKind::kUnbelievable);
}

TEST(SlotHeader, OfATemporaryFileIsTemporary) {
  for (const std::uint32_t type : {open_flag::kTempDb, open_flag::kTransientDb,
                                   open_flag::kTempJournal, open_flag::kSubjournal}) {
    const std::uint32_t flags = type | open_flag::kDeleteOnClose | 6;
    EXPECT_EQ(DecodeHeader(EncodeNamedHeader("/t", flags)).kind, HeaderKind::kTemporary);
    EXPECT_EQ(DecodeHeader(Version1("/t", flags)).kind, HeaderKind::kTemporary);
  }
}

// With a digest the flags are as they were written, whatever they say.
TEST(SlotHeader, WithOddFlagsIsTemporaryOnlyIfItHasADigest) {
  for (const std::uint32_t flags : {kDatabase | open_flag::kDeleteOnClose, 6U,
                                    6U | open_flag::kDeleteOnClose, 6U | open_flag::kTempDb}) {
    EXPECT_EQ(DecodeHeader(EncodeNamedHeader("/t", flags)).kind, HeaderKind::kTemporary);
    EXPECT_EQ(DecodeHeader(Version1("/t", flags)).kind, HeaderKind::kUnbelievable);
  }
  EXPECT_EQ(DecodeHeader(Version1("/t", 0)).kind, HeaderKind::kUnbelievable);
}

TEST(SlotHeader, WithAnyFlippedBitIsUnbelievableInVersion2) {
  for (const std::uint32_t flags : {kDatabase, open_flag::kMainJournal | 6, open_flag::kWal | 6}) {
    const SlotHeaderBytes header = EncodeNamedHeader("/app.db", flags);
    for (std::size_t bit = 0; bit < header.size() * 8; ++bit) {
      const SlotHeaderBytes flipped = WithFlippedBit(header, bit);
      EXPECT_EQ(DecodeHeader(flipped).kind, HeaderKind::kUnbelievable) << bit;
    }
  }
}

// Without a digest a path may read differently, but no flip may make a file that can be given up.
TEST(SlotHeader, WithAnyFlippedBitIsNeverFreeOrTemporaryInVersion1) {
  for (const std::uint32_t flags : {kDatabase, open_flag::kMainDb, open_flag::kMainJournal | 6,
                                    open_flag::kSuperJournal | 6, open_flag::kWal | 6}) {
    const SlotHeaderBytes header = Version1("/app.db", flags);
    for (std::size_t bit = 0; bit < header.size() * 8; ++bit) {
      const SlotHeaderBytes flipped = WithFlippedBit(header, bit);
      const HeaderKind kind = DecodeHeader(flipped).kind;
      EXPECT_TRUE(kind == HeaderKind::kNamed || kind == HeaderKind::kUnbelievable) << bit;
    }
  }
}

TEST(SlotHeader, WithAnyFlippedBitHoldsNoFileWhenItWasFree) {
  for (std::size_t bit = 0; bit < kSlotHeaderSize * 8; ++bit) {
    const SlotHeaderBytes flipped = WithFlippedBit({}, bit);
    const HeaderKind kind = DecodeHeader(flipped).kind;
    EXPECT_TRUE(kind == HeaderKind::kFree || kind == HeaderKind::kUnbelievable) << bit;
  }
}

}  // namespace
}  // namespace sahpool
