#include "format/wal.h"

#include <gtest/gtest.h>

#include <string>

#include "memory_source.h"
#include "wal_writer.h"

namespace sahpool {
namespace {

using testing::Bytes;
using testing::MemorySource;
using testing::PageOf;
using testing::WalWriter;

constexpr std::uint32_t kWalPageSize = 1024;
constexpr std::size_t kHeaderSize = 32;
constexpr std::size_t kFrameSize = 24 + kWalPageSize;

struct Committed {
  std::uint32_t page;
  std::uint32_t version = 0;
};

void ExpectPages(const Bytes& bytes, std::uint32_t page_count,
                 std::initializer_list<Committed> expected,
                 std::uint32_t page_size = kWalPageSize) {
  MemorySource source(bytes);
  WriteAheadLog wal;
  const Status status = WriteAheadLog::Read(source, wal);
  ASSERT_TRUE(status.ok()) << status.text();
  EXPECT_EQ(wal.page_count, page_count);
  EXPECT_EQ(wal.has_commit(), page_count != 0);
  const auto entries = wal.pages.entries();
  ASSERT_EQ(entries.size(), expected.size());
  std::size_t i = 0;
  for (const Committed& committed : expected) {
    SCOPED_TRACE("page " + std::to_string(committed.page));
    EXPECT_EQ(entries[i].page, committed.page);
    Bytes content(page_size);
    ASSERT_TRUE(source.Read(content, entries[i].position).ok());
    EXPECT_EQ(content, PageOf(page_size, committed.page, committed.version));
    ++i;
  }
}

TEST(WriteAheadLog, GivesTheCommittedPages) {
  for (const bool big_endian : {false, true}) {
    ExpectPages(WalWriter(big_endian).Frame(3).Frame(1, 3).bytes(), 3, {{1}, {3}});
  }
}

TEST(WriteAheadLog, ReadsEveryPageSize) {
  for (std::uint32_t size = 512; size <= 65536; size *= 2) {
    SCOPED_TRACE(size);
    ExpectPages(WalWriter(false, size).Frame(3).Frame(1, 3).bytes(), 3, {{1}, {3}}, size);
  }
}

TEST(WriteAheadLog, TheNewestFrameOfAPageWins) {
  ExpectPages(WalWriter().Frame(3, 3, 0).Frame(1, 0, 1).Frame(3, 4, 1).Frame(3, 4, 2).bytes(), 4,
              {{1, 1}, {3, 2}});
}

TEST(WriteAheadLog, FramesWithoutACommitDoNotCount) {
  ExpectPages(WalWriter().Frame(3).Frame(1).bytes(), 0, {});
  ExpectPages(WalWriter().Frame(3, 3, 0).Frame(3, 0, 1).Frame(2).bytes(), 3, {{3, 0}});
}

TEST(WriteAheadLog, PagesBehindTheLastCommitsEndAreGone) {
  ExpectPages(WalWriter().Frame(9).Frame(5, 9).Frame(1, 5).bytes(), 5, {{1}, {5}});
}

TEST(WriteAheadLog, FramesOfAnEarlierRoundEndIt) {
  Bytes bytes = WalWriter().Frame(3, 3).bytes();
  const Bytes earlier =
      WalWriter(false, kWalPageSize, 3007000, 6).Frame(3, 3, 9).Frame(2, 3, 9).bytes();
  bytes.insert(bytes.end(), earlier.begin() + kHeaderSize + kFrameSize, earlier.end());
  ExpectPages(bytes, 3, {{3}});
}

TEST(WriteAheadLog, ATornOrDamagedFrameEndsIt) {
  const Bytes good = WalWriter().Frame(3, 3).Frame(2, 3).Frame(1, 3).bytes();
  const std::size_t second = kHeaderSize + kFrameSize;
  // Page number, page count, salt, checksum, content.
  for (const std::size_t at : {3U, 7U, 15U, 23U, 24U, 24U + kWalPageSize - 1}) {
    Bytes bytes = good;
    bytes[second + at] ^= std::byte{0x10};
    ExpectPages(bytes, 3, {{3}});
  }
  Bytes bytes = good;
  bytes.pop_back();
  ExpectPages(bytes, 3, {{2}, {3}});
}

TEST(WriteAheadLog, AFrameOfPageZeroEndsIt) {
  ExpectPages(WalWriter().Frame(3, 3).Frame(0, 3).Frame(1, 3).bytes(), 3, {{3}});
}

TEST(WriteAheadLog, AnInvalidHeaderMakesItEmpty) {
  ExpectPages({}, 0, {});
  const Bytes good = WalWriter().Frame(3, 3).bytes();
  ExpectPages(Bytes(good.begin(), good.begin() + kHeaderSize), 0, {});
  for (const std::size_t at : {0U, 3U, 10U, 16U, 31U}) {
    Bytes bytes = good;
    bytes[at] ^= std::byte{0x08};
    ExpectPages(bytes, 0, {});
  }
  ExpectPages(WalWriter(false, 256).Frame(3, 3).bytes(), 0, {});
  ExpectPages(WalWriter(false, 131072).Frame(3, 3).bytes(), 0, {});
}

TEST(WriteAheadLog, AnUnknownVersionIsAnError) {
  MemorySource source(WalWriter(false, kWalPageSize, 3007001).Frame(3, 3).bytes());
  WriteAheadLog wal;
  const Status status = WriteAheadLog::Read(source, wal);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.code(), Code::kCorrupt);
}

}  // namespace
}  // namespace sahpool
