#include "format/rollback_journal.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "journal_writer.h"
#include "memory_source.h"

namespace sahpool {
namespace {

using testing::Bytes;
using testing::JournalWriter;
using testing::MemorySource;
using testing::PageOf;
using testing::StoreBigEndian32;

constexpr std::uint32_t kJournalPageSize = 1024;
constexpr std::uint32_t kSectorSize = 512;
constexpr std::uint32_t kCountFromFileSize = 0xffffffff;

// What a test expects of a journal's pages: number and version of each.
struct Restored {
  std::uint32_t page;
  std::uint32_t version = 0;
};

void ExpectPages(const Bytes& bytes, std::initializer_list<Restored> expected,
                 std::uint32_t page_size = kJournalPageSize) {
  MemorySource source(bytes);
  RollbackJournal journal;
  const Status status = RollbackJournal::Read(source, page_size, journal);
  ASSERT_TRUE(status.ok()) << status.text();
  EXPECT_TRUE(journal.is_hot);
  EXPECT_EQ(journal.page_size, page_size);
  const auto entries = journal.pages.entries();
  ASSERT_EQ(entries.size(), expected.size());
  std::size_t i = 0;
  for (const Restored& restored : expected) {
    SCOPED_TRACE("page " + std::to_string(restored.page));
    EXPECT_EQ(entries[i].page, restored.page);
    Bytes content(page_size);
    ASSERT_TRUE(source.Read(content, entries[i].position).ok());
    EXPECT_EQ(content, PageOf(page_size, restored.page, restored.version));
    ++i;
  }
}

void ExpectNotHot(const Bytes& bytes) {
  MemorySource source(bytes);
  RollbackJournal journal;
  const Status status = RollbackJournal::Read(source, kJournalPageSize, journal);
  ASSERT_TRUE(status.ok()) << status.text();
  EXPECT_FALSE(journal.is_hot);
  EXPECT_TRUE(journal.pages.entries().empty());
}

std::string NameIn(const Bytes& bytes) {
  MemorySource source(bytes);
  const auto name = SuperJournalName::Read(source);
  EXPECT_TRUE(name.ok());
  return std::string(name.value().view());
}

TEST(RollbackJournal, GivesTheCountedRecords) {
  ExpectPages(JournalWriter().Header(2, 9).Record(5).Record(2).Record(3).bytes(), {{2}, {5}});
}

TEST(RollbackJournal, TakesTheCountFromTheFileSize) {
  JournalWriter writer;
  writer.Header(kCountFromFileSize, 9).Record(5).Record(2).Record(3);
  ExpectPages(writer.bytes(), {{2}, {3}, {5}});
  writer.bytes().pop_back();
  ExpectPages(writer.bytes(), {{2}, {5}});
}

TEST(RollbackJournal, TellsTheOriginalSize) {
  MemorySource source(JournalWriter().Header(0, 1234).bytes());
  RollbackJournal journal;
  const Status status = RollbackJournal::Read(source, kJournalPageSize, journal);
  ASSERT_TRUE(status.ok());
  EXPECT_TRUE(journal.is_hot);
  EXPECT_EQ(journal.original_page_count, 1234U);
}

TEST(RollbackJournal, UnsyncedRecordsDoNotCount) {
  ExpectPages(JournalWriter().Header(0, 9).Record(5).bytes(), {});
  ExpectPages(JournalWriter().Header(1, 9).Record(5).Header(0, 9).Record(2).bytes(), {{5}});
}

TEST(RollbackJournal, ReadsSeveralHeadersWithTheirOwnNonces) {
  ExpectPages(JournalWriter()
                  .Header(1, 9, 1)
                  .Record(5)
                  .Header(2, 9, 77)
                  .Record(2)
                  .Record(3)
                  .Header(1, 9, 0xfffffff0)
                  .Record(7)
                  .bytes(),
              {{2}, {3}, {5}, {7}});
}

TEST(RollbackJournal, HeadersFillTheirSector) {
  for (const std::uint32_t sector : {32U, 512U, 4096U, 65536U}) {
    SCOPED_TRACE(sector);
    ExpectPages(JournalWriter(kJournalPageSize, sector)
                    .Header(1, 9)
                    .Record(5)
                    .Header(1, 9)
                    .Record(2)
                    .bytes(),
                {{2}, {5}});
  }
}

TEST(RollbackJournal, ReadsEveryPageSize) {
  for (std::uint32_t size = 512; size <= 65536; size *= 2) {
    SCOPED_TRACE(size);
    ExpectPages(JournalWriter(size).Header(2, 9).Record(5).Record(2).bytes(), {{2}, {5}}, size);
  }
}

TEST(RollbackJournal, TakesTheDatabasesPageSizeWhereNoneIsWritten) {
  Bytes bytes = JournalWriter().Header(1, 9).Record(5).bytes();
  StoreBigEndian32(bytes, 24, 0);
  ExpectPages(bytes, {{5}});
}

TEST(RollbackJournal, OfRepeatedRecordsTheLastIsTheOneThatSqliteLeaves) {
  ExpectPages(JournalWriter().Header(3, 9).Record(5, 1).Record(2).Record(5, 2).bytes(),
              {{2}, {5, 2}});
}

TEST(RollbackJournal, SkipsPagesBehindTheOriginalSizeWhateverTheirChecksum) {
  Bytes bytes = JournalWriter().Header(3, 5).Record(5).Record(6).Record(2).bytes();
  bytes[kSectorSize + 2 * (kJournalPageSize + 8) - 1] ^= std::byte{1};
  ExpectPages(bytes, {{2}, {5}});
}

TEST(RollbackJournal, AWrongChecksumEndsIt) {
  Bytes bytes =
      JournalWriter().Header(3, 9).Record(5).Record(6).Record(2).Header(1, 9).Record(1).bytes();
  bytes[kSectorSize + 2 * (kJournalPageSize + 8) - 1] ^= std::byte{1};
  ExpectPages(bytes, {{5}});
}

TEST(RollbackJournal, PageZeroAndTheLockBytePageEndIt) {
  ExpectPages(JournalWriter().Header(3, 9).Record(5).Record(0).Record(2).bytes(), {{5}});
  const std::uint32_t lock_byte_page = 0x40000000 / kJournalPageSize + 1;
  ExpectPages(
      JournalWriter().Header(3, 0x7fffffff).Record(5).Record(lock_byte_page).Record(2).bytes(),
      {{5}});
  ExpectPages(JournalWriter().Header(2, 0x7fffffff).Record(5).Record(lock_byte_page + 1).bytes(),
              {{5}, {lock_byte_page + 1}});
}

TEST(RollbackJournal, IsNotHotWithoutAValidHeader) {
  ExpectNotHot({});
  ExpectNotHot(Bytes(5000));
  const Bytes good = JournalWriter().Header(1, 9).Record(5).bytes();
  ExpectNotHot(Bytes(good.begin(), good.begin() + 511));
  Bytes bytes = good;
  bytes[7] ^= std::byte{1};
  ExpectNotHot(bytes);
  for (const std::uint32_t impossible : {16U, 1000U, 131072U}) {
    bytes = good;
    StoreBigEndian32(bytes, 20, impossible);
    ExpectNotHot(bytes);
    bytes = good;
    StoreBigEndian32(bytes, 24, impossible);
    ExpectNotHot(bytes);
  }
}

TEST(RollbackJournal, ManyPagesAndManyRepetitionsFitTheMap) {
  JournalWriter writer(512);
  constexpr std::uint32_t kPages = 700;
  writer.Header(3 * kPages, kPages);
  for (std::uint32_t version = 0; version < 3; ++version) {
    for (std::uint32_t page = kPages; page > 0; --page) writer.Record(page, version);
  }
  MemorySource source(writer.bytes());
  RollbackJournal journal;
  const Status status = RollbackJournal::Read(source, 512, journal);
  ASSERT_TRUE(status.ok());
  const auto entries = journal.pages.entries();
  ASSERT_EQ(entries.size(), kPages);
  for (std::uint32_t i = 0; i < kPages; ++i) {
    ASSERT_EQ(entries[i].page, i + 1);
    ASSERT_EQ(entries[i].position, 512 + 520 * (2 * kPages + kPages - 1 - i) + 4);
  }
}

TEST(SuperJournalName, IsReadFromTheEnd) {
  EXPECT_EQ(NameIn(JournalWriter().Header(1, 9).Record(5).SuperJournal("/a.db-mj12").bytes()),
            "/a.db-mj12");
  EXPECT_EQ(NameIn(JournalWriter().Header(1, 9).SuperJournal("/\xc3\xa4.db-mj1").bytes()),
            "/\xc3\xa4.db-mj1");
  EXPECT_EQ(NameIn(JournalWriter().SuperJournal(std::string(518, 'n')).bytes()),
            std::string(518, 'n'));
}

TEST(SuperJournalName, IsEmptyWhenMissingOrDamaged) {
  EXPECT_EQ(NameIn({}), "");
  EXPECT_EQ(NameIn(JournalWriter().Header(1, 9).Record(5).bytes()), "");
  EXPECT_EQ(NameIn(JournalWriter().SuperJournal(std::string(519, 'n')).bytes()), "");
  EXPECT_EQ(NameIn(JournalWriter().SuperJournal("").bytes()), "");
  const Bytes good = JournalWriter().SuperJournal("/a.db-mj12").bytes();
  // A letter of the name, its size, its checksum, the magic bytes.
  for (const std::size_t from_end : {17U, 14U, 9U, 1U}) {
    Bytes bytes = good;
    bytes[bytes.size() - from_end] ^= std::byte{0x40};
    EXPECT_EQ(NameIn(bytes), "") << from_end;
  }
}

}  // namespace
}  // namespace sahpool
