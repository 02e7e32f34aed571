#include "format/annex.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "format/xxh64.h"

namespace sahpool {
namespace {

std::uint64_t HashOf(std::string_view text) { return Xxh64(std::as_bytes(std::span(text))); }

// The values are those of the reference implementation.
TEST(Xxh64Test, IsTheHashOfTheSpecification) {
  EXPECT_EQ(HashOf(""), 0xEF46DB3751D8E999U);
  EXPECT_EQ(HashOf("a"), 0xD24EC4F1A98C6E5BU);
  EXPECT_EQ(HashOf("abc"), 0x44BC2CF5AD770999U);
  EXPECT_EQ(HashOf("Nobody inspects the spammish repetition"), 0xFBCEA83C8A378BF1U);
}

constexpr JournalSeal kSeal{
    .kind = SealKind::kSealed, .size = 4616, .digest = 0x0123456789ABCDEF};
constexpr std::size_t kSealSize = 32;

TEST(SealTest, IsReadAsItWasWritten) {
  Annex annex;
  EncodeSeal(kSeal, annex);
  const JournalSeal decoded = DecodeSeal(annex);
  EXPECT_EQ(decoded.kind, SealKind::kSealed);
  EXPECT_EQ(decoded.size, kSeal.size);
  EXPECT_EQ(decoded.digest, kSeal.digest);
}

TEST(SealTest, StandsWhereTheFormatSays) {
  Annex annex;
  EncodeSeal(kSeal, annex);
  const auto text = std::as_bytes(std::span(std::string_view("sphseal1")));
  EXPECT_TRUE(std::ranges::equal(std::span(annex).first(8), text));
  EXPECT_EQ(annex[8], std::byte{0x08});
  EXPECT_EQ(annex[9], std::byte{0x12});
  EXPECT_EQ(annex[16], std::byte{0xEF});
  EXPECT_EQ(annex[23], std::byte{0x01});
}

TEST(SealTest, IsDamagedByAnyBit) {
  Annex annex;
  EncodeSeal(kSeal, annex);
  for (std::size_t bit = 0; bit < kSealSize * 8; ++bit) {
    const auto mask = static_cast<std::byte>(1U << bit % 8);
    annex[bit / 8] ^= mask;
    EXPECT_EQ(DecodeSeal(annex).kind, SealKind::kDamaged) << bit;
    annex[bit / 8] ^= mask;
  }
}

TEST(SealTest, IsNotWhatASlotHeldBefore) {
  Annex annex{};
  EXPECT_EQ(DecodeSeal(annex).kind, SealKind::kNone);
  EncodeCommitRecord({}, annex);
  EXPECT_EQ(DecodeSeal(annex).kind, SealKind::kNone);
  // A commit record that was withdrawn.
  std::fill_n(annex.begin(), 8, std::byte{0});
  EXPECT_EQ(DecodeSeal(annex).kind, SealKind::kNone);
}

CommitRecord FullRecord() {
  CommitRecord record{.journal_digest = 1, .database_size = 1LL << 40, .digest = 2};
  record.run_count = CommitRecord::kMaxRuns;
  for (std::size_t i = 0; i < CommitRecord::kMaxRuns; ++i) {
    record.runs[i] = {.offset = static_cast<std::int64_t>(i) << 33,
                      .size = static_cast<std::uint32_t>(i + 1)};
  }
  return record;
}

TEST(CommitRecordTest, IsReadAsItWasWritten) {
  Annex annex;
  EncodeCommitRecord(FullRecord(), annex);
  CommitRecord decoded;
  ASSERT_TRUE(DecodeCommitRecord(annex, decoded));
  EXPECT_EQ(decoded.journal_digest, 1U);
  EXPECT_EQ(decoded.database_size, 1LL << 40);
  EXPECT_EQ(decoded.digest, 2U);
  ASSERT_EQ(decoded.run_count, CommitRecord::kMaxRuns);
  EXPECT_EQ(decoded.runs[251].offset, 251LL << 33);
  EXPECT_EQ(decoded.runs[251].size, 252U);
}

TEST(CommitRecordTest, IsNoneWithAnyBitChanged) {
  Annex annex;
  EncodeCommitRecord(FullRecord(), annex);
  CommitRecord decoded;
  for (std::size_t bit = 0; bit < kAnnexSize * 8; ++bit) {
    const auto mask = static_cast<std::byte>(1U << bit % 8);
    annex[bit / 8] ^= mask;
    EXPECT_FALSE(DecodeCommitRecord(annex, decoded)) << bit;
    annex[bit / 8] ^= mask;
  }
}

TEST(CommitRecordTest, IsNoneInAnEmptySlotOrInOneOfAJournal) {
  Annex annex{};
  CommitRecord decoded;
  EXPECT_FALSE(DecodeCommitRecord(annex, decoded));
  EncodeSeal(kSeal, annex);
  EXPECT_FALSE(DecodeCommitRecord(annex, decoded));
}

}  // namespace
}  // namespace sahpool
