// What transactions need of a pool beyond the database file: page sizes, VACUUM, slots for journals
// and temporary files, room beyond 4 GiB.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "database_files.h"
#include "sql_connection.h"

namespace sahpool {
namespace {

using testing::Connection;
using testing::FileCount;
using testing::FreeCount;
using testing::OpenPool;
using testing::TemporaryDirectory;

std::string Numbers(int count) {
  return "WITH RECURSIVE n(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n WHERE k < " +
         std::to_string(count) + ") ";
}

class TransactionTest : public ::testing::Test {
 protected:
  void OpenWith(std::int32_t capacity) {
    pool_ = OpenPool(directory_.PathOf("pool"), capacity);
    ASSERT_NE(pool_, nullptr);
  }
  void Reopen() {
    pool_.reset();
    OpenWith(0);
  }

  TemporaryDirectory directory_;
  std::unique_ptr<DirectoryPool> pool_;
};

class PageSizeTest : public TransactionTest, public ::testing::WithParamInterface<int> {};

TEST_P(PageSizeTest, CommitsRollsBackAndReopens) {
  OpenWith(4);
  const std::string size = std::to_string(GetParam());
  for (const char* mode : {"DELETE", "WAL"}) {
    const std::string name = std::string("/") + mode + ".db";
    {
      Connection db(name, *pool_);
      ASSERT_EQ(db.Execute("PRAGMA page_size=" + size + "; PRAGMA journal_mode=" + mode +
                           "; PRAGMA cache_size=4; CREATE TABLE t(k INTEGER PRIMARY KEY, v)"),
                SQLITE_OK);
      const std::string insert =
          Numbers(50) + "INSERT INTO t(v) SELECT zeroblob(" + size + " / 3) FROM n;";
      ASSERT_EQ(db.Execute(insert), SQLITE_OK);
      ASSERT_EQ(db.Execute("BEGIN;" + insert + "DELETE FROM t WHERE k % 2; ROLLBACK;"), SQLITE_OK);
      ASSERT_EQ(db.Execute("BEGIN;" + insert + "DELETE FROM t WHERE k % 5; COMMIT;"), SQLITE_OK);
    }
    Reopen();
    Connection db(name, *pool_);
    EXPECT_EQ(db.Query("PRAGMA page_size"), size);
    EXPECT_EQ(db.Query("SELECT count(*), sum(k) FROM t"), "20|1050");
    EXPECT_EQ(db.Query("PRAGMA integrity_check"), "ok");
  }
}

INSTANTIATE_TEST_SUITE_P(All, PageSizeTest,
                         ::testing::Values(512, 1024, 2048, 4096, 8192, 16384, 32768, 65536));

TEST_F(TransactionTest, VacuumShrinksTheFileAndKeepsTheRows) {
  OpenWith(4);
  Connection db("/app.db", *pool_);
  ASSERT_EQ(db.Execute("CREATE TABLE t(k INTEGER PRIMARY KEY, v);" + Numbers(400) +
                       "INSERT INTO t(v) SELECT zeroblob(1000) FROM n; DELETE FROM t WHERE k > 10"),
            SQLITE_OK);
  const int before = std::stoi(db.Query("PRAGMA page_count"));
  ASSERT_EQ(db.Execute("PRAGMA page_size=1024; VACUUM"), SQLITE_OK);
  EXPECT_LT(std::stoi(db.Query("PRAGMA page_count")), before / 4);
  EXPECT_EQ(db.Query("PRAGMA page_size"), "1024");
  EXPECT_EQ(db.Query("SELECT count(*), sum(length(v)) FROM t"), "10|10000");
  EXPECT_EQ(db.Query("PRAGMA integrity_check"), "ok");
  EXPECT_EQ(FreeCount(*pool_), 3);
}

TEST_F(TransactionTest, AutoVacuumGivesPagesBack) {
  OpenWith(4);
  for (const char* mode : {"FULL", "INCREMENTAL"}) {
    Connection db(std::string("/") + mode, *pool_);
    ASSERT_EQ(db.Execute(std::string("PRAGMA auto_vacuum=") + mode +
                         "; CREATE TABLE t(k INTEGER PRIMARY KEY, v);" + Numbers(200) +
                         "INSERT INTO t(v) SELECT zeroblob(2000) FROM n;"),
              SQLITE_OK);
    const int before = std::stoi(db.Query("PRAGMA page_count"));
    ASSERT_EQ(db.Execute("DELETE FROM t WHERE k > 10; PRAGMA incremental_vacuum"), SQLITE_OK);
    EXPECT_LT(std::stoi(db.Query("PRAGMA page_count")), before / 4) << mode;
    EXPECT_EQ(db.Query("PRAGMA integrity_check"), "ok") << mode;
  }
}

TEST_F(TransactionTest, TemporaryFilesTakeSlotsAndGiveThemBack) {
  OpenWith(8);
  {
    Connection db("/app.db", *pool_);
    ASSERT_EQ(
        db.Execute("PRAGMA temp_store=FILE; PRAGMA page_size=512; PRAGMA cache_size=10;"
                   "CREATE TABLE t(k, v);" +
                   Numbers(3000) + "INSERT INTO t SELECT k * 7919 % 3001, zeroblob(300) FROM n"),
        SQLITE_OK);
    ASSERT_EQ(FreeCount(*pool_), 7);

    ASSERT_EQ(db.Execute("PRAGMA temp.cache_size=10; CREATE TEMP TABLE copy AS SELECT * FROM t"),
              SQLITE_OK);
    EXPECT_EQ(FreeCount(*pool_), 6) << "the temporary table is in a slot";
    EXPECT_EQ(FileCount(*pool_), 1) << "which has no name";
    EXPECT_EQ(db.Query("SELECT count(*), sum(k) FROM copy"),
              db.Query("SELECT count(*), sum(k) FROM t"));

    sqlite3_stmt* sorted = nullptr;
    ASSERT_EQ(sqlite3_prepare_v2(db.get(), "SELECT k FROM t ORDER BY v, k", -1, &sorted, nullptr),
              SQLITE_OK);
    ASSERT_EQ(sqlite3_step(sorted), SQLITE_ROW);
    EXPECT_LT(FreeCount(*pool_), 6) << "the sorter has spilled";
    int previous = 0;
    int count = 0;
    do {
      EXPECT_LT(previous, sqlite3_column_int(sorted, 0));
      previous = sqlite3_column_int(sorted, 0);
      ++count;
    } while (sqlite3_step(sorted) == SQLITE_ROW);
    EXPECT_EQ(count, 3000);
    sqlite3_finalize(sorted);
    EXPECT_EQ(FreeCount(*pool_), 6);

    // A statement that fails half-way needs a journal of its own.
    ASSERT_EQ(db.Execute("CREATE UNIQUE INDEX i ON t(k); BEGIN; INSERT INTO t VALUES(-1, 1)"),
              SQLITE_OK);
    EXPECT_EQ(db.Execute("UPDATE t SET k = max(k, 1) + 5000"), SQLITE_CONSTRAINT_UNIQUE);
    ASSERT_EQ(db.Execute("COMMIT"), SQLITE_OK);
    EXPECT_EQ(db.Query("SELECT count(*), min(k), max(k) FROM t"), "3001|-1|3000");
    EXPECT_EQ(db.Query("PRAGMA integrity_check"), "ok");
  }
  EXPECT_EQ(FreeCount(*pool_), 7);
  Reopen();
  EXPECT_EQ(FreeCount(*pool_), 7);
}

TEST_F(TransactionTest, WithoutASlotForTheJournalATransactionFailsAndHarmsNothing) {
  OpenWith(2);
  Connection db("/app.db", *pool_);
  ASSERT_EQ(db.Execute("CREATE TABLE t(a); INSERT INTO t VALUES(1)"), SQLITE_OK);
  Connection other("/other.db", *pool_);
  ASSERT_EQ(FreeCount(*pool_), 0);

  EXPECT_EQ(db.Execute("INSERT INTO t VALUES(2)"), SQLITE_CANTOPEN);
  EXPECT_EQ(pool_->vfs().last_error().code(), Code::kNoFreeSlot);
  ASSERT_EQ(db.Execute("BEGIN"), SQLITE_OK);
  EXPECT_EQ(db.Execute("UPDATE t SET a = 5"), SQLITE_CANTOPEN);
  EXPECT_EQ(db.Query("SELECT a FROM t"), "1");
  EXPECT_EQ(db.Execute("ROLLBACK"), SQLITE_OK);
  EXPECT_EQ(db.Execute("PRAGMA journal_mode=WAL"), SQLITE_CANTOPEN);
  {
    Connection third("/third.db", *pool_);
    EXPECT_EQ(third.open_code() & 0xff, SQLITE_CANTOPEN);
  }

  ASSERT_TRUE(pool_->AddCapacity(1).ok());
  EXPECT_EQ(db.Execute("UPDATE t SET a = 6"), SQLITE_OK);
  EXPECT_EQ(db.Query("SELECT a FROM t"), "6");
  EXPECT_EQ(db.Query("PRAGMA integrity_check"), "ok");
  EXPECT_EQ(db.Query("PRAGMA journal_mode=WAL"), "wal");
  EXPECT_EQ(db.Execute("INSERT INTO t VALUES(7)"), SQLITE_OK);
}

// The journal is there, but the sorter finds no slot.
TEST_F(TransactionTest, AFullPoolInMidTransactionLeavesTheTransactionWhole) {
  OpenWith(2);
  Connection db("/app.db", *pool_);
  ASSERT_EQ(db.Execute("PRAGMA temp_store=FILE; PRAGMA page_size=512; PRAGMA cache_size=5;"
                       "CREATE TABLE t(k INTEGER PRIMARY KEY, v); BEGIN;" +
                       Numbers(2000) + "INSERT INTO t SELECT k, zeroblob(300) FROM n;"),
            SQLITE_OK);
  ASSERT_EQ(FreeCount(*pool_), 0);
  EXPECT_EQ(db.Execute("CREATE INDEX i ON t(v)"), SQLITE_CANTOPEN);
  if (sqlite3_get_autocommit(db.get()) == 0) {
    ASSERT_EQ(db.Execute("COMMIT"), SQLITE_OK);
    EXPECT_EQ(db.Query("SELECT count(*) FROM t"), "2000");
  } else {
    EXPECT_EQ(db.Query("SELECT count(*) FROM t"), "0");
  }
  EXPECT_EQ(db.Query("PRAGMA integrity_check"), "ok");
  ASSERT_TRUE(pool_->AddCapacity(3).ok());
  EXPECT_EQ(db.Execute("CREATE INDEX i ON t(v)"), SQLITE_OK);
}

TEST_F(TransactionTest, FullTextSearch) {
  OpenWith(4);
  {
    Connection db("/app.db", *pool_);
    ASSERT_EQ(db.Execute("PRAGMA journal_mode=WAL; CREATE VIRTUAL TABLE note USING fts5(body);" +
                         Numbers(500) +
                         "INSERT INTO note SELECT 'word' || (k % 50) || ' common' FROM n;"
                         "DELETE FROM note WHERE rowid % 10 = 0;"
                         "INSERT INTO note(note) VALUES('optimize')"),
              SQLITE_OK);
  }
  Reopen();
  Connection db("/app.db", *pool_);
  EXPECT_EQ(db.Query("SELECT count(*) FROM note('word7')"), "10");
  EXPECT_EQ(db.Query("SELECT count(*) FROM note('common')"), "450");
  EXPECT_EQ(db.Execute("INSERT INTO note(note) VALUES('integrity-check')"), SQLITE_OK);
  EXPECT_EQ(db.Query("PRAGMA integrity_check"), "ok");
}

class LargeFileTest : public TransactionTest {
 protected:
  static constexpr std::int64_t kPageSize = 65536;
  static constexpr std::uint32_t kPages = 80000;  // 4.88 GiB

  static sqlite3_file* FileOf(Connection& db) {
    sqlite3_file* file = nullptr;
    EXPECT_EQ(db.FileControl(SQLITE_FCNTL_FILE_POINTER, &file), SQLITE_OK);
    return file;
  }

  // Says in the database header that there are `pages` pages, the new ones unused. The file has a
  // hole there.
  static void Extend(Connection& db, std::uint32_t pages) {
    sqlite3_file* const file = FileOf(db);
    ASSERT_EQ(file->pMethods->xTruncate(file, kPageSize * pages), SQLITE_OK);
    std::array<unsigned char, 4> count{};
    for (std::size_t i = 0; i < count.size(); ++i) {
      count[i] = static_cast<unsigned char>(pages >> (24 - 8 * i));
    }
    constexpr std::int64_t kPageCountOffset = 28;
    ASSERT_EQ(file->pMethods->xWrite(file, count.data(), 4, kPageCountOffset), SQLITE_OK);
  }
};

TEST_F(LargeFileTest, ReadsAndWritesBeyond4GiB) {
  OpenWith(2);
  Connection db("/app.db", *pool_);
  ASSERT_EQ(db.Execute("CREATE TABLE t(a)"), SQLITE_OK);
  sqlite3_file* const file = FileOf(db);
  constexpr sqlite3_int64 kFar = (sqlite3_int64{5} << 30) + 123;
  std::array<char, 8> read{};
  ASSERT_EQ(file->pMethods->xWrite(file, "far away", 8, kFar), SQLITE_OK);
  ASSERT_EQ(file->pMethods->xRead(file, read.data(), 8, kFar), SQLITE_OK);
  EXPECT_EQ(std::string(read.data(), 8), "far away");
  ASSERT_EQ(file->pMethods->xRead(file, read.data(), 8, sqlite3_int64{1} << 32), SQLITE_OK);
  EXPECT_EQ(std::string(read.data(), 8), std::string(8, '\0'));
  sqlite3_int64 size = 0;
  ASSERT_EQ(file->pMethods->xFileSize(file, &size), SQLITE_OK);
  EXPECT_EQ(size, kFar + 8);
  int chunk = 1 << 30;
  sqlite3_int64 hint = sqlite3_int64{6} << 30;
  ASSERT_EQ(db.FileControl(SQLITE_FCNTL_CHUNK_SIZE, &chunk), SQLITE_OK);
  ASSERT_EQ(db.FileControl(SQLITE_FCNTL_SIZE_HINT, &hint), SQLITE_OK);
  ASSERT_EQ(file->pMethods->xFileSize(file, &size), SQLITE_OK);
  EXPECT_EQ(size, hint);
}

TEST_F(LargeFileTest, TransactionsOnPagesBeyond4GiB) {
  OpenWith(4);
  for (const char* mode : {"DELETE", "WAL"}) {
    const std::string name = std::string("/") + mode;
    {
      Connection db(name, *pool_);
      ASSERT_EQ(db.Execute("PRAGMA page_size=65536; CREATE TABLE t(k INTEGER PRIMARY KEY, v);"
                           "INSERT INTO t VALUES(1, zeroblob(100000))"),
                SQLITE_OK);
      Extend(db, kPages);
    }
    {
      Connection db(name, *pool_);
      const std::string insert =
          Numbers(20) + "INSERT INTO t(v) SELECT zeroblob(90000) || k FROM n;";
      ASSERT_EQ(db.Execute(std::string("PRAGMA cache_size=4; PRAGMA journal_mode=") + mode),
                SQLITE_OK);
      ASSERT_EQ(db.Execute(insert), SQLITE_OK);
      ASSERT_EQ(db.Execute("BEGIN;" + insert + "UPDATE t SET v = 0; ROLLBACK"), SQLITE_OK);
      EXPECT_GT(std::stoll(db.Query("PRAGMA page_count")), kPages + 20) << mode;
    }
    Reopen();
    Connection db(name, *pool_);
    EXPECT_EQ(db.Query("SELECT count(*), sum(octet_length(v) > 80000) FROM t"), "21|21") << mode;
    ASSERT_EQ(db.Execute("DELETE FROM t WHERE k > 15; VACUUM; PRAGMA wal_checkpoint(TRUNCATE)"),
              SQLITE_OK);
    EXPECT_EQ(db.Query("SELECT count(*) FROM t"), "15") << mode;
    EXPECT_EQ(db.Query("PRAGMA integrity_check"), "ok") << mode;
    EXPECT_LT(std::stoll(db.Query("PRAGMA page_count")), 100) << mode;
  }
}

}  // namespace
}  // namespace sahpool
