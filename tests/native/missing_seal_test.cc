// Transactions whose journal must have no seal, or whose database must not vouch for them.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "journal_seal_fixture.h"
#include "journal_writer.h"

namespace sahpool::testing {
namespace {

class MissingSealTest : public JournalSealTest {};

// Starts a pool over what a process leaves that is killed before each change that `operation`
// makes, and after the last one, and calls `check`.
void CheckKillsDuring(FaultDisk& disk, const std::function<void()>& operation,
                      const std::function<void(PoolOnDisk&)>& check) {
  const auto check_now = [&] {
    FaultDisk left(disk.Everything());
    PoolOnDisk restarted(left);
    ASSERT_TRUE(restarted.Start().ok());
    check(restarted);
  };
  disk.before_change = check_now;
  operation();
  disk.before_change = nullptr;
  check_now();
}

TEST_F(MissingSealTest, AJournalTooLongForASealDoesNotBringBackTheOneBefore) {
  MakeOldDatabase(600);
  Run("PRAGMA cache_size=2000; UPDATE t SET tag='small' WHERE rowid=1");
  CheckCrashesDuring(
      disk, [&] { Run("UPDATE t SET tag='large'"); },
      [](PoolOnDisk& left) {
        ExpectOneOf(DescribeFile(left, "app.db"), {"old*599,small*1", "large*600"});
      });
}

TEST_F(MissingSealTest, NoCommitRecordCoversAPartOfATransaction) {
  MakeOldDatabase();
  Run("PRAGMA cache_size=2000");
  CheckCrashesDuring(
      disk,
      [&] {
        Run("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 700)"
            "INSERT INTO t SELECT 'new', zeroblob(900) FROM n");
      },
      [](PoolOnDisk& left) {
        ExpectOneOf(DescribeFile(left, "app.db"), {"old*10", "new*700,old*10"});
      });
}

TEST_F(MissingSealTest, OneDatabaseAloneDoesNotCommitForSeveral) {
  MakeOldDatabase();
  ASSERT_TRUE(pool.Import("other.db", MakeDatabase("old")).ok());
  Run("ATTACH 'other.db' AS other; PRAGMA main.synchronous=normal; PRAGMA "
      "other.synchronous=normal");
  std::map<std::string, int> seen;
  CheckKillsDuring(
      disk,
      [&] { Run("BEGIN; UPDATE main.t SET tag='new'; UPDATE other.t SET tag='new'; COMMIT"); },
      [&](PoolOnDisk& left) {
        const std::string one = DescribeFile(left, "app.db");
        EXPECT_EQ(DescribeFile(left, "other.db"), one);
        ++seen[one];
      });
  EXPECT_GT(seen["old*10"], 1);
  EXPECT_GT(seen["new*10"], 1);
}

// A file of the VFS, without SQLite above it.
class RawFile {
 public:
  RawFile(const char* vfs_name, const char* name, int type) {
    sqlite3_vfs* const vfs = sqlite3_vfs_find(vfs_name);
    memory_.resize(static_cast<std::size_t>(vfs->szOsFile));
    const int flags = type | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    EXPECT_EQ(vfs->xOpen(vfs, name, get(), flags, nullptr), SQLITE_OK);
  }
  ~RawFile() { EXPECT_EQ(get()->pMethods->xClose(get()), SQLITE_OK); }
  RawFile(const RawFile&) = delete;
  RawFile& operator=(const RawFile&) = delete;

  void Write(std::span<const std::byte> bytes, std::int64_t offset) {
    EXPECT_EQ(get()->pMethods->xWrite(get(), bytes.data(), static_cast<int>(bytes.size()), offset),
              SQLITE_OK);
  }
  // As SQLite does it at the end of a transaction: what it announces is told in no result.
  void Sync() {
    EXPECT_EQ(get()->pMethods->xFileControl(get(), SQLITE_FCNTL_SYNC, nullptr), SQLITE_NOTFOUND);
    EXPECT_EQ(get()->pMethods->xSync(get(), SQLITE_SYNC_NORMAL), SQLITE_OK);
  }

 private:
  sqlite3_file* get() { return reinterpret_cast<sqlite3_file*>(memory_.data()); }

  std::vector<std::byte> memory_;
};

// Changes of a database after the record of its transaction was written. SQLite makes none of them
// while all goes well.
class LateChangeTest : public JournalSealTest {
 protected:
  static constexpr std::uint32_t kPageSize = 4096;

  static Bytes PageOfVersion(std::uint32_t number, std::uint32_t version) {
    return PageOf(kPageSize, number, version);
  }
  // Three pages, of which the first one stays the same.
  static Bytes Content(std::uint32_t second, std::uint32_t third) {
    Bytes bytes;
    for (const Bytes& page :
         {PageOfVersion(1, 0), PageOfVersion(2, second), PageOfVersion(3, third)}) {
      bytes.insert(bytes.end(), page.begin(), page.end());
    }
    return bytes;
  }
  static Bytes ExportAfterStart(const SlotBytes& slots) {
    FaultDisk left(slots);
    PoolOnDisk restarted(left);
    EXPECT_TRUE(restarted.Start().ok());
    return restarted.Export("app.db").value();
  }

  // A journal of the second and the third page, and a flush of the second one.
  void SetUp() override {
    MakeSlots(3);
    const char* const vfs = pool.vfs().name();
    database.emplace(vfs, "app.db", SQLITE_OPEN_MAIN_DB);
    database->Write(Content(0, 0), 0);
    database->Sync();
    RawFile journal(vfs, "app.db-journal", SQLITE_OPEN_MAIN_JOURNAL);
    Bytes bytes = JournalWriter(kPageSize, kPageSize).Header(2, 3).Record(2).Record(3).bytes();
    constexpr std::size_t kMagicAndCountSize = 12;
    const Bytes magic_and_count(bytes.begin(), bytes.begin() + kMagicAndCountSize);
    std::fill_n(bytes.begin(), kMagicAndCountSize, std::byte{0});
    journal.Write(bytes, 0);
    journal.Write(magic_and_count, 0);
    journal.Sync();
    database->Write(PageOfVersion(2, 1), kPageSize);
    database->Sync();
    ASSERT_EQ(ExportAfterStart(disk.Everything()), Content(1, 0));
  }

  // What is written to the third page is never there without the journal that undoes it.
  void ExpectWithdrawnBy(const std::function<void()>& change) {
    CheckCrashesDuring(disk, change, [&](PoolOnDisk& left) {
      const Bytes found = left.Export("app.db").value();
      EXPECT_TRUE(found == Content(0, 0) || found == Content(1, 0));
    });
    EXPECT_EQ(ExportAfterStart(disk.Everything()), Content(0, 0));
  }

  std::optional<RawFile> database;
};

TEST_F(LateChangeTest, OfTheSameTransactionWithdrawsTheRecord) {
  ExpectWithdrawnBy([&] {
    database->Write(PageOfVersion(3, 1), 2 * std::int64_t{kPageSize});
    database->Sync();
  });
}

TEST_F(LateChangeTest, ThatIsNotKeptBackWithdrawsTheRecord) {
  database.reset();
  ExpectWithdrawnBy([&] {
    File& file = *pool.Find("app.db");
    EXPECT_TRUE(file.Write(PageOfVersion(3, 1), 2 * std::int64_t{kPageSize}).ok());
    EXPECT_TRUE(file.Sync().ok());
  });
}

TEST_F(LateChangeTest, OfTheSizeWithdrawsTheRecord) {
  database.reset();
  ExpectWithdrawnBy([&] {
    File& file = *pool.Find("app.db");
    EXPECT_TRUE(file.Truncate(2 * std::int64_t{kPageSize}).ok());
    EXPECT_TRUE(file.Truncate(3 * std::int64_t{kPageSize}).ok());
    EXPECT_TRUE(file.Sync().ok());
  });
}

}  // namespace
}  // namespace sahpool::testing
