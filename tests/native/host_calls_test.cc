// How many calls to the storage SQLite's work costs: what is kept back, merged, read ahead or known
// without asking.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <map>
#include <string>

#include "database_files.h"
#include "observed_pool.h"
#include "sql_connection.h"

namespace sahpool::testing {
namespace {

class HostCallsTest : public ::testing::Test {
 protected:
  HostCallsTest() {
    pool_.observer = [this](SlotOperation operation) {
      ++calls_[operation];
      return Status();
    };
  }

  // The calls that a statement makes.
  std::map<SlotOperation, int> CallsOf(const std::string& sql) {
    calls_.clear();
    EXPECT_EQ(db_.Execute(sql), SQLITE_OK);
    return calls_;
  }

  using Calls = std::map<SlotOperation, int>;

  TemporaryDirectory directory_;
  Calls calls_;
  ObservedPool pool_{directory_.PathOf("pool"), 6};
  Connection db_{"/app.db", pool_.vfs_name()};
};

TEST_F(HostCallsTest, AWarmReadMakesNone) {
  ASSERT_EQ(db_.Execute("CREATE TABLE t(a); INSERT INTO t VALUES(1)"), SQLITE_OK);
  CallsOf("SELECT * FROM t");
  EXPECT_EQ(CallsOf("SELECT * FROM t"), Calls{});
}

// The journal with its header and its seal, then the pages with the commit record; the journal is
// deleted by a header that needs no flush.
TEST_F(HostCallsTest, ACommitWithARollbackJournalIsTwoFlushes) {
  ASSERT_EQ(db_.Execute("PRAGMA page_size = 4096; CREATE TABLE t(a); INSERT INTO t VALUES(0)"),
            SQLITE_OK);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(CallsOf("INSERT INTO t VALUES(1)"),
              (Calls{{SlotOperation::kWrite, 3}, {SlotOperation::kFlush, 2}}));
  }
  EXPECT_EQ(CallsOf("BEGIN; INSERT INTO t VALUES(1); ROLLBACK"), Calls{});
}

TEST_F(HostCallsTest, ACommitToAWalIsOneWriteAndOneFlush) {
  const std::string insert = "INSERT INTO t VALUES(1)";
  ASSERT_EQ(db_.Execute("PRAGMA journal_mode = wal; CREATE TABLE t(a); " + insert), SQLITE_OK);
  // While the WAL grows, every so often one more, ahead of the frames to come.
  constexpr int kCommits = 100;
  Calls growing;
  for (int i = 0; i < kCommits; ++i) {
    for (const auto& [operation, count] : CallsOf(insert)) growing[operation] += count;
  }
  EXPECT_EQ(growing[SlotOperation::kFlush], kCommits);
  EXPECT_GT(growing[SlotOperation::kWrite], kCommits);
  EXPECT_LE(growing[SlotOperation::kWrite], kCommits * 11 / 10);
  ASSERT_EQ(db_.Execute("PRAGMA wal_checkpoint; " + insert), SQLITE_OK);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(CallsOf(insert), (Calls{{SlotOperation::kWrite, 1}, {SlotOperation::kFlush, 1}}));
  }
  ASSERT_EQ(db_.Execute("PRAGMA synchronous = normal"), SQLITE_OK);
  EXPECT_EQ(CallsOf(insert), (Calls{{SlotOperation::kWrite, 1}}));
}

// Growing ahead pays where a flush follows.
TEST_F(HostCallsTest, ACommitToAWalThatIsNotFlushedIsOneWrite) {
  ASSERT_EQ(db_.Execute("PRAGMA journal_mode = wal; PRAGMA synchronous = normal;"
                        "CREATE TABLE t(a)"),
            SQLITE_OK);
  for (int i = 0; i < 40; ++i) {
    EXPECT_EQ(CallsOf("INSERT INTO t VALUES(1)"), (Calls{{SlotOperation::kWrite, 1}})) << i;
  }
}

// What can't be had for the frames to come is no failure of those that are there.
TEST_F(HostCallsTest, AWalThatCanNotGrowAheadTakesItsFrames) {
  ASSERT_EQ(db_.Execute("PRAGMA journal_mode = wal; CREATE TABLE t(a)"), SQLITE_OK);
  int failures = 0;
  int writes = 0;
  pool_.observer = [&](SlotOperation operation) {
    if (operation == SlotOperation::kFlush) writes = 0;
    if (operation != SlotOperation::kWrite || ++writes < 2) return Status();
    ++failures;
    return Status(Code::kFull, "full");
  };
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(db_.Execute("INSERT INTO t VALUES(1)"), SQLITE_OK) << i;
  }
  pool_.observer = nullptr;
  EXPECT_GT(failures, 10);
  EXPECT_EQ(db_.Query("SELECT count(*) FROM t"), "50");
  EXPECT_EQ(Connection("/app.db", pool_.vfs_name()).Query("PRAGMA integrity_check"), "ok");
}

TEST_F(HostCallsTest, AScanReadsAhead) {
  ASSERT_EQ(db_.Execute("PRAGMA page_size = 4096; CREATE TABLE t(a, b);"
                        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
                        "WHERE i < 2000) INSERT INTO t SELECT i, zeroblob(1000) FROM n"),
            SQLITE_OK);
  const auto scan = [&](const std::string& read_ahead) {
    Connection reader("/app.db", pool_.vfs_name());
    EXPECT_EQ(reader.Query("PRAGMA sahpool_read_ahead = " + read_ahead), read_ahead);
    calls_.clear();
    EXPECT_EQ(reader.Query("SELECT count(*), sum(length(b)) FROM t"), "2000|2000000");
    return calls_[SlotOperation::kRead];
  };
  const int single = scan("0");
  EXPECT_GT(single, 450);
  EXPECT_LT(scan("65536"), single / 10);
}

TEST_F(HostCallsTest, ThePragmasTell) {
  ASSERT_EQ(db_.Execute("PRAGMA journal_mode = wal; CREATE TABLE t(a)"), SQLITE_OK);
  ASSERT_EQ(db_.Execute("PRAGMA sahpool_stats = reset; INSERT INTO t VALUES(1)"), SQLITE_OK);
  const std::string stats = db_.Query("PRAGMA sahpool_stats");
  EXPECT_NE(stats.find("\"writes\":1,"), std::string::npos) << stats;
  EXPECT_NE(stats.find("\"flushes\":1,"), std::string::npos) << stats;
  EXPECT_EQ(db_.Query("PRAGMA sahpool_pool"),
            "{\"capacity\":6,\"files\":2,\"free\":4,\"quarantined\":0}");
  EXPECT_EQ(db_.Query("PRAGMA sahpool_keep_wal"), "0");
  EXPECT_EQ(db_.Query("PRAGMA sahpool_keep_wal = 1"), "1");
  EXPECT_EQ(db_.Execute("PRAGMA sahpool_keep_wal = maybe"), SQLITE_ERROR);
  EXPECT_EQ(db_.Query("PRAGMA sahpool_keep_wal"), "1");
  EXPECT_EQ(db_.Execute("PRAGMA sahpool_stats = nonsense"), SQLITE_ERROR);
  EXPECT_EQ(db_.Execute("PRAGMA sahpool_read_ahead = many"), SQLITE_ERROR);
}

}  // namespace
}  // namespace sahpool::testing
