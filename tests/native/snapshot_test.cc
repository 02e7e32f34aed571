// Exports: what is committed, whatever a connection is in the middle of.
#include "transfer/snapshot.h"

#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <string>

#include "pool_on_disk.h"
#include "sql_connection.h"

namespace sahpool::testing {
namespace {

struct SnapshotTest : ::testing::Test {
  SnapshotTest() {
    for (const char* name : {"a", "b", "c", "d"}) disk.AddSlot(name, Bytes(kSlotDataOffset));
    EXPECT_TRUE(pool.Start().ok());
    EXPECT_TRUE(pool.Import("app.db", MakeDatabase("old", 30)).ok());
    connection = std::make_unique<Connection>("app.db", pool.vfs().name());
    Run("PRAGMA cache_size=5");
  }
  void Run(const std::string& sql) {
    const Outcome outcome = connection->Run(sql);
    ASSERT_EQ(outcome.code, SQLITE_OK) << outcome.message;
  }
  std::string Exported() {
    const auto bytes = pool.Export("app.db");
    return bytes.ok() ? DescribeDatabase(bytes.value()) : std::string(bytes.status().text());
  }
  // Whether the file itself differs from what is committed.
  bool Differs() {
    return Snapshot::Open(pool.pool(), *pool.Find("app.db")).value()->differs_from_file();
  }

  FaultDisk disk;
  PoolOnDisk pool{disk};
  std::unique_ptr<Connection> connection;
};

TEST_F(SnapshotTest, OfAnIdleDatabaseIsItsBytes) {
  EXPECT_FALSE(Differs());
  Bytes bytes(static_cast<std::size_t>(pool.Find("app.db")->size()));
  ASSERT_TRUE(pool.Find("app.db")->Read(bytes, 0).ok());
  EXPECT_EQ(pool.Export("app.db").value(), bytes);
  EXPECT_EQ(Exported(), "old*30");
}

TEST_F(SnapshotTest, InTheMiddleOfATransactionIsWhatIsCommitted) {
  Run("BEGIN; UPDATE t SET tag='new'; INSERT INTO t SELECT * FROM t");
  EXPECT_TRUE(Differs());
  EXPECT_EQ(Exported(), "old*30");
  Run("COMMIT");
  EXPECT_EQ(Exported(), "new*60");
  Run("BEGIN; DELETE FROM t");
  EXPECT_EQ(Exported(), "new*60");
  Run("ROLLBACK");
  EXPECT_EQ(Exported(), "new*60");
}

TEST_F(SnapshotTest, TakesPersistentAndTruncatedJournalsForWhatTheyAre) {
  for (const char* mode : {"PERSIST", "TRUNCATE"}) {
    Run(std::string("PRAGMA journal_mode=") + mode);
    Run("BEGIN; UPDATE t SET tag='new'");
    EXPECT_EQ(Exported(), "old*30") << mode;
    Run("COMMIT");
    EXPECT_EQ(Exported(), "new*30") << mode;
    Run("UPDATE t SET tag='old'");
  }
}

TEST_F(SnapshotTest, OfAHotDatabaseIsItsLastCommit) {
  FaultDisk hot(MakeHotPool("kept"));
  PoolOnDisk restarted(hot);
  ASSERT_TRUE(restarted.Start().ok());
  hot.log.clear();
  EXPECT_EQ(DescribeDatabase(restarted.Export("app.db").value()), "kept*30");
  EXPECT_TRUE(hot.log.empty());
}

TEST_F(SnapshotTest, HasWhatIsOnlyInTheWal) {
  Run("PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0; UPDATE t SET tag='new'");
  EXPECT_TRUE(Differs());
  EXPECT_EQ(Exported(), "new*30");
  Run("BEGIN; UPDATE t SET tag='lost'");
  EXPECT_EQ(Exported(), "new*30");
  Run("COMMIT; PRAGMA wal_checkpoint");
  EXPECT_EQ(Exported(), "lost*30");
}

TEST_F(SnapshotTest, IsRefusedInATransactionThatNoFileCanUndo) {
  for (const char* mode : {"MEMORY", "OFF"}) {
    Run(std::string("PRAGMA journal_mode=") + mode);
    EXPECT_EQ(Exported(), "old*30") << mode;
    Run("BEGIN; UPDATE t SET tag='new'");
    EXPECT_EQ(pool.Export("app.db").status().code(), Code::kBusy) << mode;
    Run("COMMIT");
    EXPECT_EQ(Exported(), "new*30") << mode;
    Run("UPDATE t SET tag='old'");
  }
}

TEST_F(SnapshotTest, OfAnotherFileIsItsBytes) {
  const Bytes content(3000, std::byte{5});
  File& file = *pool.pool().Create(Resolved("x-wal"), kWalFlags).value();
  ASSERT_TRUE(file.Write(content, 0).ok());
  EXPECT_EQ(pool.Export("x-wal").value(), content);
}

// A file that is a database by its flags and none by its bytes is still its user's.
TEST_F(SnapshotTest, OfADatabaseThatIsNoneIsItsBytes) {
  const Bytes content(3000, std::byte{5});
  File& file = *pool.pool().Create(Resolved("x"), kDatabaseFlags).value();
  EXPECT_EQ(pool.Export("x").value(), Bytes());
  ASSERT_TRUE(file.Write(content, 0).ok());
  EXPECT_EQ(pool.Export("x").value(), content);
}

TEST_F(SnapshotTest, ReadsNothingPastItsEnd) {
  ASSERT_EQ(connection->Execute("PRAGMA journal_mode = delete; UPDATE t SET tag = 'odd'"),
            SQLITE_OK);
  // A journal, in the slot of a longer one that was deleted.
  ASSERT_EQ(connection->Execute("BEGIN; UPDATE t SET tag = 'new' WHERE rowid = 1"), SQLITE_OK);
  for (const char* name : {"app.db", "app.db-journal"}) {
    SCOPED_TRACE(name);
    const auto snapshot = Snapshot::Open(pool.pool(), *pool.Find(name));
    ASSERT_TRUE(snapshot.ok());
    const std::int64_t size = snapshot.value()->size();
    Bytes into(2);
    EXPECT_TRUE(snapshot.value()->Read(into, size - 2).ok());
    EXPECT_TRUE(snapshot.value()->Read({}, size).ok());
    for (const std::int64_t outside :
         {size - 1, size, size + 100, std::int64_t{-1}, std::int64_t{-100},
          std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min()}) {
      EXPECT_EQ(snapshot.value()->Read(into, outside).code(), Code::kIo) << outside;
    }
  }
}

TEST_F(SnapshotTest, PinsItsFile) {
  connection->Close();
  {
    const auto snapshot = Snapshot::Open(pool.pool(), *pool.Find("app.db"));
    EXPECT_EQ(pool.pool().order().Delete(*pool.Find("app.db")).code(), Code::kBusy);
    EXPECT_EQ(pool.Import("app.db", MakeDatabase("new")).code(), Code::kBusy);
    EXPECT_EQ(pool.pool().DetachAll().code(), Code::kBusy);
  }
  EXPECT_TRUE(pool.Import("app.db", MakeDatabase("new")).ok());
}

TEST_F(SnapshotTest, TellsAFailureAndLeavesNothingPinned) {
  using Kind = Fault::Kind;
  for (const SlotBytes& slots : {MakeHotPool("kept"), MakeWalPool("kept")}) {
    for (const Kind kind : {Kind::kError, Kind::kNothing}) {
      Fault fault{.kind = kind, .nth = 0, .of = CallKind::kRead};
      for (bool has_hit = true; has_hit;) {
        ++fault.nth;
        SCOPED_TRACE(fault.nth);
        FaultDisk failing(slots);
        PoolOnDisk restarted(failing);
        ASSERT_TRUE(restarted.Start().ok());
        failing.Arm(fault);
        const bool exported = restarted.Export("app.db").ok();
        has_hit = failing.has_hit();
        EXPECT_EQ(exported, !has_hit);
        failing.Disarm();
        EXPECT_EQ(DescribeDatabase(restarted.Export("app.db").value()).substr(0, 5), "kept*");
        EXPECT_TRUE(restarted.pool().DetachAll().ok());
      }
      EXPECT_GT(fault.nth, 3);
    }
  }
}

}  // namespace
}  // namespace sahpool::testing
