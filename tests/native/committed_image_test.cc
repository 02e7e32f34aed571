#include "format/committed_image.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "journal_writer.h"
#include "memory_source.h"
#include "wal_writer.h"

namespace sahpool {
namespace {

using testing::Bytes;
using testing::JournalWriter;
using testing::MemorySource;
using testing::PageOf;
using testing::WalWriter;

constexpr std::uint32_t kPageSize = 1024;
// The version that marks the pages of journals and WALs in these tests.
constexpr std::uint32_t kOther = 5;

class FakeLookup final : public SuperJournalLookup {
 public:
  explicit FakeLookup(Result<bool> answer = true) : answer_(std::move(answer)) {}
  Result<bool> Exists(std::string_view name) override {
    asked.emplace_back(name);
    return answer_;
  }

  std::vector<std::string> asked;

 private:
  Result<bool> answer_;
};

Bytes Pages(std::initializer_list<Bytes> pages) {
  Bytes all;
  for (const Bytes& page : pages) all.insert(all.end(), page.begin(), page.end());
  return all;
}

// `count` pages of which the first tells the page size, as WALs ask for.
Bytes Database(std::uint32_t count, std::uint32_t page_size = kPageSize) {
  Bytes all;
  for (std::uint32_t page = 1; page <= count; ++page) {
    const Bytes content = PageOf(page_size, page);
    all.insert(all.end(), content.begin(), content.end());
  }
  all[16] = static_cast<std::byte>(page_size >> 8);
  all[17] = static_cast<std::byte>(page_size >> 16);
  return all;
}

Bytes Page(std::uint32_t page, std::uint32_t version = 0) {
  return PageOf(kPageSize, page, version);
}

Bytes FirstPage() { return Database(1); }

// Opens an image and reads all of it.
Result<Bytes> ImageOf(ByteSource& database, ByteSource* journal, ByteSource* wal,
                      SuperJournalLookup& lookup) {
  auto image = CommittedImage::Open(database, journal, wal, lookup);
  if (!image.ok()) return image.status();
  Bytes bytes(static_cast<std::size_t>(image.value().size()));
  if (Status status = image.value().Read(bytes, 0); !status.ok()) return status;
  return bytes;
}

Bytes ImageOf(const Bytes& database, const Bytes* journal, const Bytes* wal) {
  MemorySource database_source(database);
  MemorySource journal_source(journal == nullptr ? Bytes() : *journal);
  MemorySource wal_source(wal == nullptr ? Bytes() : *wal);
  FakeLookup lookup;
  const auto image = ImageOf(database_source, journal == nullptr ? nullptr : &journal_source,
                             wal == nullptr ? nullptr : &wal_source, lookup);
  EXPECT_TRUE(image.ok()) << image.status().text();
  return image.value();
}

Bytes RolledBack(const Bytes& database, const Bytes& journal) {
  return ImageOf(database, &journal, nullptr);
}

Bytes WithWal(const Bytes& database, const Bytes& wal) { return ImageOf(database, nullptr, &wal); }

Code RefusalOf(const Bytes& database, const Bytes* journal, const Bytes* wal) {
  MemorySource database_source(database);
  MemorySource journal_source(journal == nullptr ? Bytes() : *journal);
  MemorySource wal_source(wal == nullptr ? Bytes() : *wal);
  FakeLookup lookup;
  return CommittedImage::Open(database_source, journal == nullptr ? nullptr : &journal_source,
                              wal == nullptr ? nullptr : &wal_source, lookup)
      .status()
      .code();
}

TEST(CommittedImage, IsTheDatabaseItselfWithoutJournals) {
  for (const Bytes& bytes : {Bytes(), Bytes(1), Database(3), Bytes(100001, std::byte{7})}) {
    EXPECT_EQ(ImageOf(bytes, nullptr, nullptr), bytes);
    MemorySource source(bytes);
    FakeLookup lookup;
    const auto image = CommittedImage::Open(source, nullptr, nullptr, lookup);
    ASSERT_TRUE(image.ok());
    EXPECT_TRUE(image.value().is_database_itself());
    EXPECT_EQ(image.value().overlay_count(), 0U);
  }
}

TEST(CommittedImage, RollsAHotJournalBack) {
  const Bytes journal = JournalWriter().Header(2, 3).Record(3, kOther).Record(2, kOther).bytes();
  EXPECT_EQ(RolledBack(Database(3), journal),
            Pages({FirstPage(), Page(2, kOther), Page(3, kOther)}));
}

TEST(CommittedImage, RollbackCutsTheDatabaseToItsOriginalSize) {
  EXPECT_EQ(RolledBack(Database(5), JournalWriter().Header(1, 2).Record(2, kOther).bytes()),
            Pages({FirstPage(), Page(2, kOther)}));
  EXPECT_EQ(RolledBack(Database(5), JournalWriter().Header(0, 0).bytes()), Bytes());
}

TEST(CommittedImage, RollbackExtendsWithZerosByWholePagesOnly) {
  const Bytes journal = JournalWriter().Header(1, 4).Record(4, kOther).bytes();
  EXPECT_EQ(RolledBack(Database(2), journal),
            Pages({FirstPage(), Page(2), Bytes(kPageSize), Page(4, kOther)}));
  // SQLite does not complete a last page of which a part is there.
  Bytes ragged = Database(2);
  ragged.resize(ragged.size() - 10);
  EXPECT_EQ(RolledBack(ragged, JournalWriter().Header(0, 2).bytes()), ragged);
  Bytes extended = ragged;
  extended.resize(3 * kPageSize);
  EXPECT_EQ(RolledBack(ragged, JournalWriter().Header(0, 3).bytes()), extended);
}

TEST(CommittedImage, AJournalMayHaveAnotherPageSizeThanTheHeaderTells) {
  const Bytes journal = JournalWriter(512).Header(1, 6).Record(4, kOther).bytes();
  Bytes expected = Database(3);
  const Bytes page = PageOf(512, 4, kOther);
  std::copy(page.begin(), page.end(), expected.begin() + 3 * 512);
  EXPECT_EQ(RolledBack(Database(3), journal), expected);
}

TEST(CommittedImage, IgnoresJournalsThatAreNotHot) {
  const Bytes hot = JournalWriter().Header(1, 3).Record(2, kOther).bytes();
  EXPECT_EQ(RolledBack(Database(3), {}), Database(3));
  Bytes persisted = hot;
  std::fill_n(persisted.begin(), 28, std::byte{0});
  EXPECT_EQ(RolledBack(Database(3), persisted), Database(3));
  EXPECT_EQ(RolledBack(Database(3), Bytes(hot.begin(), hot.begin() + 500)), Database(3));
  // Beside an empty database, any journal is a leftover.
  EXPECT_EQ(RolledBack({}, hot), Bytes());
}

// Whatever of it is settled already: what is refused then was refused before.
TEST(CommittedImage, JudgesADoubtfulJournalOrWalByTheImageItLeadsTo) {
  Bytes database = Database(2);
  constexpr std::string_view kMagic("SQLite format 3\0", 16);
  std::transform(kMagic.begin(), kMagic.end(), database.begin(),
                 [](char c) { return static_cast<std::byte>(c); });
  Bytes restored = database;
  const Bytes first_page = Page(1, kOther);
  std::copy(first_page.begin(), first_page.end(), restored.begin());
  // Its second record is not as SQLite writes it.
  Bytes journal = JournalWriter().Header(2, 2).Record(1, kOther).Record(2, kOther).bytes();
  journal.back() ^= std::byte{1};
  EXPECT_EQ(RefusalOf(database, &journal, nullptr), Code::kNotADatabase);
  EXPECT_EQ(RefusalOf(restored, &journal, nullptr), Code::kNotADatabase);

  Bytes other = JournalWriter().Header(2, 2).Record(2, kOther).Record(2, kOther).bytes();
  other.back() ^= std::byte{1};
  EXPECT_EQ(RefusalOf(database, &other, nullptr), Code::kOk);
  EXPECT_EQ(RefusalOf(restored, &other, nullptr), Code::kNotADatabase);

  // Neither its header nor its first frame is.
  const Bytes wal(2000, std::byte{'x'});
  EXPECT_EQ(RefusalOf(database, nullptr, &wal), Code::kOk);
  EXPECT_EQ(RefusalOf(restored, nullptr, &wal), Code::kNotADatabase);
  const Bytes rollback = JournalWriter().Header(1, 2).Record(1, kOther).bytes();
  EXPECT_EQ(RefusalOf(database, &rollback, &wal), Code::kNotADatabase);
}

TEST(CommittedImage, ASuperJournalThatIsGoneVoidsTheJournal) {
  MemorySource database(Database(2));
  MemorySource journal(
      JournalWriter().Header(1, 2).Record(2, kOther).SuperJournal("/dir/a.db-mj1").bytes());
  FakeLookup gone(false);
  auto image = ImageOf(database, &journal, nullptr, gone);
  ASSERT_TRUE(image.ok());
  EXPECT_EQ(image.value(), database.bytes);
  EXPECT_EQ(gone.asked, std::vector<std::string>{"/dir/a.db-mj1"});

  FakeLookup there(true);
  image = ImageOf(database, &journal, nullptr, there);
  ASSERT_TRUE(image.ok());
  EXPECT_EQ(image.value(), Pages({FirstPage(), Page(2, kOther)}));

  FakeLookup failing{Result<bool>(Status(Code::kIo, "no answer"))};
  EXPECT_EQ(ImageOf(database, &journal, nullptr, failing).status().text(), "no answer");
}

TEST(CommittedImage, NoSuperJournalIsAskedForWithoutNeed) {
  MemorySource database(Database(2));
  MemorySource nameless(JournalWriter().Header(1, 2).Record(2, kOther).bytes());
  FakeLookup lookup;
  ASSERT_TRUE(ImageOf(database, &nameless, nullptr, lookup).ok());
  EXPECT_TRUE(lookup.asked.empty());
  MemorySource persisted(JournalWriter().Header(1, 2).SuperJournal("/dir/a.db-mj1").bytes());
  std::fill_n(persisted.bytes.begin(), 28, std::byte{0});
  ASSERT_TRUE(ImageOf(database, &persisted, nullptr, lookup).ok());
  EXPECT_TRUE(lookup.asked.empty());
}

TEST(CommittedImage, TakesCommittedFramesFromTheWal) {
  EXPECT_EQ(WithWal(Database(3), WalWriter().Frame(2, 3, kOther).Frame(3, 0, kOther).bytes()),
            Pages({FirstPage(), Page(2, kOther), Page(3)}));
}

TEST(CommittedImage, TheLastCommitTellsTheSize) {
  EXPECT_EQ(WithWal(Database(3), WalWriter().Frame(2, 2, kOther).bytes()),
            Pages({FirstPage(), Page(2, kOther)}));
  EXPECT_EQ(WithWal(Database(2), WalWriter().Frame(4, 4, kOther).bytes()),
            Pages({FirstPage(), Page(2), Bytes(kPageSize), Page(4, kOther)}));
}

TEST(CommittedImage, AWalBesideAnEmptyDatabaseIsALeftover) {
  EXPECT_EQ(WithWal({}, WalWriter().Frame(1, 1).bytes()), Bytes());
  const Bytes journal = JournalWriter().Header(0, 0).bytes();
  const Bytes wal = WalWriter().Frame(1, 1).bytes();
  EXPECT_EQ(ImageOf(Database(2), &journal, &wal), Bytes());
}

TEST(CommittedImage, TheWalComesAfterTheRollback) {
  const Bytes journal = JournalWriter(512)
                            .Header(3, 10)
                            .Record(4, kOther)
                            .Record(5, kOther)
                            .Record(10, kOther)
                            .bytes();
  const Bytes wal = WalWriter().Frame(2, 4, 9).bytes();
  Bytes expected = Database(4);
  const Bytes restored = PageOf(512, 5, kOther);
  std::copy(restored.begin(), restored.end(), expected.begin() + 4 * 512);
  const Bytes logged = Page(2, 9);
  std::copy(logged.begin(), logged.end(), expected.begin() + kPageSize);
  EXPECT_EQ(ImageOf(Database(7), &journal, &wal), expected);
}

TEST(CommittedImage, RefusesAWalOfAnotherPageSize) {
  const Bytes wal = WalWriter(false, 512).Frame(2, 2).bytes();
  EXPECT_EQ(RefusalOf(Database(3), nullptr, &wal), Code::kCorrupt);
  const Bytes nothing_committed = WalWriter(false, 512).Frame(2).bytes();
  EXPECT_EQ(RefusalOf(Database(3), nullptr, &nothing_committed), Code::kOk);
}

TEST(CommittedImage, RefusesSizesThatNobodyHasWritten) {
  const Bytes journal = JournalWriter().Header(0, 0xffffffff).bytes();
  EXPECT_EQ(RefusalOf(Database(3), &journal, nullptr), Code::kCorrupt);
  const Bytes wal = WalWriter().Frame(2, 0xffffffff).bytes();
  EXPECT_EQ(RefusalOf(Database(3), nullptr, &wal), Code::kCorrupt);
  // The page with the lock bytes is in no WAL.
  const Bytes near = WalWriter().Frame(2, 3 + 65536 / kPageSize).bytes();
  EXPECT_EQ(RefusalOf(Database(3), nullptr, &near), Code::kOk);
}

TEST(CommittedImage, RefusesReadsBehindItsEnd) {
  MemorySource database(Database(2));
  FakeLookup lookup;
  auto image = CommittedImage::Open(database, nullptr, nullptr, lookup);
  ASSERT_TRUE(image.ok());
  Bytes bytes(10);
  EXPECT_EQ(image.value().Read(bytes, 2 * kPageSize - 9).code(), Code::kIo);
  EXPECT_EQ(image.value().Read(bytes, 1 << 20).code(), Code::kIo);
  EXPECT_EQ(image.value().Read(bytes, -1).code(), Code::kIo);
  EXPECT_TRUE(image.value().Read(bytes, 2 * kPageSize - 10).ok());
  EXPECT_TRUE(image.value().Read({}, 2 * kPageSize).ok());
}

TEST(CommittedImage, AMovedImageReadsTheSame) {
  MemorySource database(Database(2));
  MemorySource journal(JournalWriter().Header(1, 2).Record(2, kOther).bytes());
  FakeLookup lookup;
  auto opened = CommittedImage::Open(database, &journal, nullptr, lookup);
  ASSERT_TRUE(opened.ok());
  CommittedImage image;
  image = std::move(opened.value());
  Bytes bytes(2 * kPageSize);
  ASSERT_TRUE(image.Read(bytes, 0).ok());
  EXPECT_EQ(bytes, Pages({FirstPage(), Page(2, kOther)}));
}

// Answers with an error from a given read on.
class FailingSource final : public ByteSource {
 public:
  FailingSource(ByteSource& below, int& reads_left) : below_(below), reads_left_(reads_left) {}
  std::int64_t size() const override { return below_.size(); }
  Status Read(std::span<std::byte> into, std::int64_t offset) override {
    if (reads_left_-- <= 0) return {Code::kIo, "the disk is gone"};
    return below_.Read(into, offset);
  }

 private:
  ByteSource& below_;
  int& reads_left_;
};

TEST(CommittedImage, EveryFailedReadIsReported) {
  MemorySource database(Database(4));
  MemorySource journal(JournalWriter()
                           .Header(1, 4)
                           .Record(2, kOther)
                           .Header(1, 4)
                           .Record(3, kOther)
                           .SuperJournal("/a.db-mj1")
                           .bytes());
  MemorySource wal(WalWriter().Frame(3, 0, 9).Frame(4, 4, 9).bytes());
  int successes = 0;
  for (int reads = 0; successes == 0; ++reads) {
    ASSERT_LT(reads, 100);
    int reads_left = reads;
    FailingSource failing_database(database, reads_left);
    FailingSource failing_journal(journal, reads_left);
    FailingSource failing_wal(wal, reads_left);
    FakeLookup lookup;
    const auto image = ImageOf(failing_database, &failing_journal, &failing_wal, lookup);
    if (image.ok()) {
      ++successes;
      EXPECT_EQ(reads_left, 0);
      EXPECT_EQ(image.value(), Pages({FirstPage(), Page(2, kOther), Page(3, 9), Page(4, 9)}));
    } else {
      EXPECT_EQ(image.status().text(), "the disk is gone");
    }
  }
}

// As large as it says, and zeros all over.
class ZeroSource final : public ByteSource {
 public:
  explicit ZeroSource(std::int64_t size) : size_(size) {}
  std::int64_t size() const override { return size_; }
  Status Read(std::span<std::byte> into, std::int64_t) override {
    std::fill(into.begin(), into.end(), std::byte{0});
    return {};
  }

 private:
  std::int64_t size_;
};

TEST(CommittedImage, CopesWithDatabasesOfManyGigabytes) {
  constexpr std::uint32_t kLargePage = 65536;
  constexpr std::uint32_t kPageCount = 200000;
  constexpr std::int64_t kSize = std::int64_t{kLargePage} * kPageCount;
  ZeroSource database(kSize + 5 * kLargePage);
  MemorySource journal(
      JournalWriter(kLargePage).Header(1, kPageCount).Record(kPageCount - 1, kOther).bytes());
  FakeLookup lookup;
  auto opened = CommittedImage::Open(database, &journal, nullptr, lookup);
  ASSERT_TRUE(opened.ok());
  CommittedImage& image = opened.value();
  EXPECT_EQ(image.size(), kSize);
  EXPECT_EQ(image.kept_size(), kSize);
  ASSERT_EQ(image.overlay_count(), 1U);
  EXPECT_EQ(image.overlay(0).offset, kSize - 2 * kLargePage);
  EXPECT_EQ(image.overlay(0).size, kLargePage);
  Bytes bytes(3 * kLargePage);
  ASSERT_TRUE(image.Read(bytes, kSize - 3 * kLargePage).ok());
  EXPECT_EQ(bytes, Pages({Bytes(kLargePage), PageOf(kLargePage, kPageCount - 1, kOther),
                          Bytes(kLargePage)}));
}

TEST(CommittedImage, OverlaysOfBothLayersLieWithinItsSize) {
  MemorySource database(Database(6));
  MemorySource journal(
      JournalWriter(4096).Header(2, 2).Record(1, kOther).Record(2, kOther).bytes());
  // The page size in the restored page 1 is the WAL's.
  const std::size_t page_1 = 512 + 4;
  journal.bytes[page_1 + 16] = static_cast<std::byte>(kPageSize >> 8);
  journal.bytes[page_1 + 17] = std::byte{0};
  MemorySource wal(WalWriter().Frame(5, 5, 9).bytes());
  FakeLookup lookup;
  const auto image = CommittedImage::Open(database, &journal, &wal, lookup);
  ASSERT_TRUE(image.ok()) << image.status().text();
  EXPECT_EQ(image.value().size(), 5 * kPageSize);
  EXPECT_EQ(image.value().kept_size(), 5 * kPageSize);
  ASSERT_EQ(image.value().overlay_count(), 3U);
  EXPECT_EQ(image.value().overlay(0).offset, 0);
  EXPECT_EQ(image.value().overlay(0).size, 4096);
  EXPECT_EQ(image.value().overlay(1).offset, 4096);
  EXPECT_EQ(image.value().overlay(1).size, kPageSize);
  EXPECT_EQ(image.value().overlay(2).offset, 4 * kPageSize);
  EXPECT_EQ(image.value().overlay(2).size, kPageSize);
}

}  // namespace
}  // namespace sahpool
