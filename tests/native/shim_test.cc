// A VFS that stands between SQLite and the pool: what it hides from the pool must not be told as
// committed, and what it does at another time than SQLite would must not be lost.
#include <gtest/gtest.h>

#include <memory>
#include <ostream>
#include <string>

#include "pool_on_disk.h"
#include "shim_vfs.h"
#include "sql_connection.h"

namespace sahpool::testing {
namespace {

constexpr int kSlots = 6;

Bytes Decrypted(Bytes bytes) {
  for (std::byte& byte : bytes) byte ^= ShimVfs::kKey;
  return bytes;
}

struct Stack {
  Stack(ShimKind kind, const SlotBytes& slots) : disk(slots) {
    if (slots.empty()) AddFreeSlots(disk, kSlots);
    EXPECT_TRUE(pool.Start().ok());
    shim = std::make_unique<ShimVfs>(kind, pool.vfs().name());
    is_encrypted = kind == ShimKind::kEncryptsAll || kind == ShimKind::kEncryptsPages;
    db = std::make_unique<Connection>("/app.db", shim->name());
  }
  void Run(const std::string& sql) {
    const Outcome outcome = db->Run(sql);
    ASSERT_EQ(outcome.code, SQLITE_OK) << sql << ": " << outcome.message;
  }
  // What an export tells: "<tag>*<rows>", or its error.
  std::string Exported() {
    const auto bytes = pool.Export("/app.db");
    if (!bytes.ok()) return "error " + std::to_string(static_cast<int>(bytes.status().code()));
    return DescribeDatabase(is_encrypted ? Decrypted(bytes.value()) : bytes.value());
  }

  FaultDisk disk;
  PoolOnDisk pool{disk};
  std::unique_ptr<ShimVfs> shim;
  std::unique_ptr<Connection> db;
  bool is_encrypted = false;
};

std::string Error(Code code) { return "error " + std::to_string(static_cast<int>(code)); }

constexpr const char* kFill =
    "PRAGMA cache_size=5; CREATE TABLE t(tag, pad); WITH RECURSIVE n(k) AS (SELECT 1 UNION ALL "
    "SELECT k + 1 FROM n WHERE k < 60) INSERT INTO t SELECT 'old', hex(zeroblob(500)) FROM n;";
constexpr const char* kChange = "BEGIN; UPDATE t SET tag = 'new'; INSERT INTO t SELECT * FROM t;";

struct Encryption {
  ShimKind kind;
  const char* journal_mode;

  friend std::ostream& operator<<(std::ostream& out, const Encryption& one) {
    return out << (one.kind == ShimKind::kEncryptsAll ? "all, " : "pages, ") << one.journal_mode;
  }
};

class EncryptedTest : public ::testing::TestWithParam<Encryption> {
 protected:
  EncryptedTest() {
    stack_.Run(std::string("PRAGMA journal_mode=") + GetParam().journal_mode);
    stack_.Run(kFill);
  }
  // Zeros over the header of a journal that stays can't be told from another header.
  bool IsUnreadableAtRest() const {
    return GetParam().kind == ShimKind::kEncryptsAll &&
           std::string(GetParam().journal_mode) == "PERSIST";
  }

  Stack stack_{GetParam().kind, {}};
};

TEST_P(EncryptedTest, AnExportInATransactionIsRefused) {
  stack_.Run(kChange);
  EXPECT_EQ(stack_.Exported(), Error(Code::kBusy));
  stack_.Run("ROLLBACK");
  if (IsUnreadableAtRest()) return;
  EXPECT_EQ(stack_.Exported(), "old*60");
  stack_.Run(kChange);
  stack_.Run("COMMIT");
  EXPECT_EQ(stack_.Exported(), "new*120");
}

TEST_P(EncryptedTest, AnExportOfWhatAKilledProcessHasLeftIsRefused) {
  stack_.Run(kChange);
  Stack after(GetParam().kind, stack_.disk.Everything());
  EXPECT_EQ(after.Exported(), Error(Code::kNotADatabase));
  EXPECT_EQ(after.db->Query("SELECT tag, count(*) FROM t GROUP BY 1"), "old|60");
  if (!IsUnreadableAtRest()) {
    EXPECT_EQ(after.Exported(), "old*60");
  }
}

// The old one has an unreadable journal, without which it would not be what was committed.
TEST_P(EncryptedTest, AnImportOverIt) {
  stack_.Run(kChange);
  Stack after(GetParam().kind, stack_.disk.Everything());
  after.db->Close();
  EXPECT_EQ(after.pool.Import("/app.db", MakeDatabase("imported")).code(), Code::kNotADatabase);
  Connection db("/app.db", after.shim->name());
  EXPECT_EQ(db.Query("SELECT tag, count(*) FROM t GROUP BY 1"), "old|60");
}

INSTANTIATE_TEST_SUITE_P(All, EncryptedTest,
                         ::testing::Values(Encryption{ShimKind::kEncryptsPages, "DELETE"},
                                           Encryption{ShimKind::kEncryptsPages, "TRUNCATE"},
                                           Encryption{ShimKind::kEncryptsPages, "PERSIST"},
                                           Encryption{ShimKind::kEncryptsAll, "DELETE"},
                                           Encryption{ShimKind::kEncryptsAll, "TRUNCATE"},
                                           Encryption{ShimKind::kEncryptsAll, "PERSIST"}));

TEST(HiddenWal, AnExportWithoutItsCommitsIsRefused) {
  for (const ShimKind kind :
       {ShimKind::kEncryptsPages, ShimKind::kEncryptsAll, ShimKind::kShortensNames}) {
    SlotBytes left;
    {
      Stack stack(kind, {});
      stack.Run(kFill);
      stack.Run("PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0; UPDATE t SET tag = 'new'");
      EXPECT_EQ(stack.Exported(), Error(Code::kNotADatabase));
      left = stack.disk.Everything();
      stack.Run("PRAGMA wal_checkpoint(TRUNCATE)");
      EXPECT_EQ(stack.Exported(), "new*60");
    }
    // Nothing tells of a WAL under another name that nobody has open.
    if (kind == ShimKind::kShortensNames) continue;
    Stack after(kind, left);
    EXPECT_EQ(after.Exported(), Error(Code::kNotADatabase));
    EXPECT_EQ(after.db->Query("SELECT tag, count(*) FROM t GROUP BY 1"), "new|60");
    after.Run("PRAGMA wal_checkpoint(TRUNCATE)");
    EXPECT_EQ(after.Exported(), "new*60");
  }
}

TEST(HiddenJournal, AnExportInATransactionIsRefused) {
  Stack stack(ShimKind::kShortensNames, {});
  stack.Run(kFill);
  stack.Run(kChange);
  EXPECT_EQ(stack.Exported(), Error(Code::kBusy));
  stack.Run("COMMIT");
  EXPECT_EQ(stack.Exported(), "new*120");
}

// A crash at any moment of a transaction leaves all of it or nothing.
void ExpectAllOrNothingAfterCrashes(ShimKind kind) {
  Stack stack(kind, {});
  stack.Run(
      "CREATE TABLE t(tag, pad); WITH RECURSIVE n(k) AS (SELECT 1 UNION ALL SELECT k + 1 "
      "FROM n WHERE k < 30) INSERT INTO t SELECT 'old', hex(zeroblob(500)) FROM n");
  CrashRecorder recorder(stack.disk);
  stack.Run("UPDATE t SET tag = 'new' WHERE rowid % 3 = 0; UPDATE t SET tag = 'new'");
  int states = 0;
  recorder.Check([&](PoolOnDisk& pool) {
    ++states;
    Connection db("/app.db", pool.vfs().name());
    const std::string tags = db.Query(
        "SELECT group_concat(tag || n, ' ') FROM "
        "(SELECT tag, count(*) AS n FROM t GROUP BY 1 ORDER BY 1)");
    EXPECT_TRUE(tags == "old30" || tags == "new10 old20" || tags == "new30") << tags;
    EXPECT_EQ(db.Query("PRAGMA integrity_check"), "ok");
  });
  EXPECT_GT(states, 20);
}

TEST(EarlyFlush, IsNoCommit) { ExpectAllOrNothingAfterCrashes(ShimKind::kFlushesEachPage); }

// Between the flush and the page that follows nobody can know of the page.
TEST(LatePage, VoidsTheCommitRecordAndIsFlushedBeforeTheJournalGoes) {
  Stack stack(ShimKind::kWritesLastPageLate, {});
  stack.Run(
      "CREATE TABLE t(tag, pad); WITH RECURSIVE n(k) AS (SELECT 1 UNION ALL SELECT k + 1 "
      "FROM n WHERE k < 30) INSERT INTO t SELECT 'old', hex(zeroblob(500)) FROM n");
  stack.disk.log.clear();
  stack.Run("UPDATE t SET tag = 'new'");
  // Nothing that a crash leaves from here on lacks the late page.
  for (const SlotBytes& state : stack.disk.CrashStates()) {
    Stack after(ShimKind::kWritesLastPageLate, state);
    EXPECT_EQ(after.db->Query("SELECT tag, count(*) FROM t GROUP BY 1"), "new|30");
  }
}

}  // namespace
}  // namespace sahpool::testing
