#include "format/slot_proof.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "format/database_header.h"
#include "format/journal_header.h"

namespace sahpool {
namespace {

using Bytes = std::vector<std::byte>;
using namespace std::string_view_literals;

constexpr std::uint32_t kFlagsOfDatabase =
    open_flag::kMainDb | open_flag::kCreate | open_flag::kReadWrite;
constexpr auto kDatabaseMagic = "SQLite format 3\0"sv;
constexpr auto kJournal = "\xd9\xd5\x05\xf9\x20\xa1\x63\xd7\0\0\0\1????"sv;
constexpr auto kWal = "\x37\x7f\x06\x82\x00\x2d\xe2\x18????????"sv;

void Put(Bytes& file, std::size_t offset, std::string_view text) {
  if (file.size() < offset + text.size()) file.resize(offset + text.size());
  std::ranges::transform(text, file.begin() + static_cast<std::ptrdiff_t>(offset),
                         [](char c) { return static_cast<std::byte>(c); });
}

Bytes WithHeader(const SlotHeaderBytes& header, std::string_view content = {}) {
  Bytes file(kSlotDataOffset);
  std::ranges::copy(header, file.begin());
  Put(file, kSlotDataOffset, content);
  return file;
}

Bytes Free(std::string_view content = {}) { return WithHeader(EncodeFreeHeader(), content); }

Bytes Named(std::string_view content = {}) {
  return WithHeader(EncodeNamedHeader("/app.db", kFlagsOfDatabase), content);
}

Bytes Version1(std::string_view path, std::string_view flags) {
  Bytes file(kSlotDataOffset);
  Put(file, 0, path);
  Put(file, kSlotFlagsOffset, flags);
  return file;
}

bool IsSlot(const Bytes& file) {
  return IsProvablySlot(std::span(file).first(std::min(file.size(), kSlotProofSize)),
                        static_cast<std::int64_t>(file.size()));
}

TEST(SlotProof, AHeaderWithItsDigestIsEnough) {
  EXPECT_TRUE(IsSlot(Named()));
  EXPECT_TRUE(IsSlot(Named("any bytes, such as encrypted ones")));
  EXPECT_TRUE(IsSlot(WithHeader(EncodeNamedHeader("/transient", open_flag::kTransientDb))));
  Bytes cut = Named();
  cut.resize(kSlotHeaderSize);
  EXPECT_TRUE(IsSlot(cut));
}

TEST(SlotProof, WithoutADigestAllMustAgree) {
  EXPECT_TRUE(IsSlot(Version1("/app.db", "\0\0\1\6"sv)));
  EXPECT_FALSE(IsSlot(Version1("app.db", "\0\0\1\6"sv)));
  EXPECT_FALSE(IsSlot(Version1("/a b.db", "\0\0\1\6"sv)));
  EXPECT_FALSE(IsSlot(Version1("name", "\0\0\1\6"sv)));
  Bytes padded = Version1("/app.db", "\0\0\1\6"sv);
  Put(padded, 100, "x");
  EXPECT_FALSE(IsSlot(padded));
  Bytes used = Version1("/app.db", "\0\0\1\6"sv);
  Put(used, 700, "x");
  EXPECT_FALSE(IsSlot(used));
}

TEST(SlotProof, AnEmptyHeaderNeedsTheSizeOfAFreeSlot) {
  EXPECT_TRUE(IsSlot(Free()));
  EXPECT_FALSE(IsSlot(Bytes(132'768)));
  EXPECT_FALSE(IsSlot(Bytes(4097)));
  EXPECT_FALSE(IsSlot(Bytes(4095)));
  EXPECT_FALSE(IsSlot(Bytes()));
  EXPECT_FALSE(IsSlot(Free("a download that has begun at the end")));
  Bytes late = Free();
  Put(late, 600, "x");
  EXPECT_FALSE(IsSlot(late));
  // What seals and commit records of former files leave.
  Bytes annex = Free();
  Put(annex, 1024, "sphseal1");
  EXPECT_TRUE(IsSlot(annex));
}

TEST(SlotProof, AnEmptyHeaderOverAFileOfSqliteIsASlot) {
  for (const std::string_view content : {kDatabaseMagic, kJournal, kWal}) {
    EXPECT_TRUE(IsSlot(Free(content)));
  }
}

TEST(SlotProof, ADamagedHeaderIsKnownByWhatIsLeft) {
  for (std::size_t byte = 0; byte < kSlotHeaderSize; ++byte) {
    Bytes damaged = Named(kDatabaseMagic);
    damaged[byte] ^= std::byte{4};
    EXPECT_TRUE(IsSlot(damaged)) << byte;
  }
  for (std::size_t byte = kSlotFlagsOffset; byte < kSlotHeaderSize; ++byte) {
    Bytes damaged = Named("encrypted bytes, sixteen and more");
    damaged[byte] ^= std::byte{4};
    EXPECT_TRUE(IsSlot(damaged)) << byte;
  }
  // Torn: one sector is that of the free slot.
  Bytes no_flags = Named();
  std::fill_n(no_flags.begin() + kSlotFlagsOffset, 12, std::byte{0});
  EXPECT_TRUE(IsSlot(no_flags));
  Bytes no_path = Named();
  std::fill_n(no_path.begin(), kSlotFlagsOffset, std::byte{0});
  EXPECT_TRUE(IsSlot(no_path));
}

TEST(SlotProof, OtherFilesAreNone) {
  Bytes database(20'000);
  Put(database, 0, kDatabaseMagic);
  EXPECT_FALSE(IsSlot(database));
  Put(database, kSlotDataOffset, kDatabaseMagic);
  Put(database, 800, "x");
  EXPECT_FALSE(IsSlot(database));
  EXPECT_FALSE(IsSlot(Bytes(600, std::byte{'x'})));
  EXPECT_FALSE(IsSlot(Bytes(20'000, std::byte{'x'})));
  EXPECT_FALSE(IsSlot(Bytes(4096, std::byte{'/'})));
  Bytes archive(10'240);
  Put(archive, 0, "app/notes.db");
  Put(archive, 257, "ustar");
  Put(archive, 512, kDatabaseMagic);
  EXPECT_FALSE(IsSlot(archive));
}

TEST(SlotProof, AnUnfilledSlotIsShortAndZero) {
  EXPECT_TRUE(IsUnfilledSlot({}, 0));
  const Bytes zeros(4095);
  EXPECT_TRUE(IsUnfilledSlot(zeros, 4095));
  EXPECT_FALSE(IsUnfilledSlot(Free(), 4096));
  EXPECT_FALSE(IsUnfilledSlot(Bytes(3, std::byte{'x'}), 3));
}

TEST(SlotProof, AFreeSlotWithASecondNameIsNone) {
  const auto is_slot = [](const Bytes& file) {
    return IsProvablySlot(std::span(file).first(std::min(file.size(), kSlotProofSize)),
                          static_cast<std::int64_t>(file.size()), /*link_count=*/2);
  };
  EXPECT_FALSE(is_slot(Free()));
  EXPECT_FALSE(is_slot(WithHeader(EncodeFreeHeader(), kDatabaseMagic)));
  EXPECT_FALSE(IsUnfilledSlot({}, 0, 2));
  EXPECT_TRUE(is_slot(Named()));
  EXPECT_TRUE(is_slot(WithHeader(EncodeNamedHeader("/transient", open_flag::kTransientDb))));
}

}  // namespace
}  // namespace sahpool
