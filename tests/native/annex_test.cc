#include "format/annex.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <string_view>

#include "format/digest64.h"

namespace sahpool {
namespace {

TEST(Digest64Test, ChangesWithAnyBitAndWithTheSize) {
  std::array<std::byte, 45> bytes{};
  std::set<std::uint64_t> digests = {Digest64(bytes)};
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    bytes[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
    digests.insert(Digest64(bytes));
    bytes[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
  }
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    digests.insert(Digest64(std::span(bytes).first(size)));
  }
  EXPECT_EQ(digests.size(), 1 + bytes.size() * 8 + bytes.size());
}

// The format: not to change.
TEST(Digest64Test, IsWhatItWas) {
  constexpr std::string_view kText = "Nobody inspects the spammish repetition";
  EXPECT_EQ(Digest64(std::as_bytes(std::span(kText))), 14607455092609304850U);
  EXPECT_EQ(Digest64(std::as_bytes(std::span(kText)), 1), 13429602337896133413U);
}

constexpr std::uint64_t kDigest = 0x0123456789ABCDEF;

template <typename Note>
std::span<std::byte> BytesOf(Note& note) {
  return std::as_writable_bytes(std::span(&note, 1));
}

TEST(SealTest, StandsWhereTheFormatSays) {
  JournalSeal seal = JournalSeal::Of(4616, kDigest);
  EXPECT_EQ(seal.kind(), SealKind::kSealed);
  const auto bytes = BytesOf(seal);
  const auto text = std::as_bytes(std::span(std::string_view("sphseal1")));
  EXPECT_TRUE(std::ranges::equal(bytes.first(8), text));
  EXPECT_EQ(bytes[16], std::byte{0x08});
  EXPECT_EQ(bytes[17], std::byte{0x12});
  EXPECT_EQ(bytes[24], std::byte{0xEF});
  EXPECT_EQ(bytes[31], std::byte{0x01});
}

TEST(SealTest, IsDamagedByAnyBit) {
  JournalSeal seal = JournalSeal::Of(4616, kDigest);
  const auto bytes = BytesOf(seal);
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    const auto mask = static_cast<std::byte>(1U << bit % 8);
    bytes[bit / 8] ^= mask;
    EXPECT_EQ(seal.kind(), SealKind::kDamaged) << bit;
    bytes[bit / 8] ^= mask;
  }
}

TEST(SealTest, IsNotWhatASlotHeldBefore) {
  EXPECT_EQ(JournalSeal().kind(), SealKind::kNone);
  CommitRecord record;
  record.Close();
  JournalSeal seal;
  std::ranges::copy(BytesOf(record).first(sizeof(seal)), BytesOf(seal).begin());
  EXPECT_EQ(seal.kind(), SealKind::kNone);
  // A commit record that was withdrawn.
  seal.magic = 0;
  EXPECT_EQ(seal.kind(), SealKind::kNone);
}

CommitRecord FullRecord() {
  CommitRecord record{.journal_digest = 1, .database_size = 1LL << 40, .digest = 2};
  record.run_count = CommitRecord::kMaxRuns;
  for (std::size_t i = 0; i < CommitRecord::kMaxRuns; ++i) {
    record.runs[i] = {.offset = static_cast<std::int64_t>(i) << 33,
                      .size = static_cast<std::int64_t>(i + 1)};
  }
  record.Close();
  return record;
}

TEST(CommitRecordTest, IsNoneWithAnyBitChanged) {
  CommitRecord record = FullRecord();
  EXPECT_TRUE(record.is_valid());
  const auto bytes = BytesOf(record);
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    const auto mask = static_cast<std::byte>(1U << bit % 8);
    bytes[bit / 8] ^= mask;
    EXPECT_FALSE(record.is_valid()) << bit;
    bytes[bit / 8] ^= mask;
  }
}

TEST(CommitRecordTest, IsNoneInAnEmptySlotOrInOneOfAJournal) {
  CommitRecord record;
  EXPECT_FALSE(record.is_valid());
  JournalSeal seal = JournalSeal::Of(1, 2);
  std::ranges::copy(BytesOf(seal), BytesOf(record).begin());
  EXPECT_FALSE(record.is_valid());
}

}  // namespace
}  // namespace sahpool
