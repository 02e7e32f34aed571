// An export that is read piece by piece, while connections, imports and others go on: what it gives
// is whole, or an error.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "pool_on_disk.h"
#include "sql_connection.h"

namespace sahpool::testing {
namespace {

class HeldSnapshotTest : public ::testing::Test {
 protected:
  HeldSnapshotTest() {
    AddFreeSlots(disk_, 6);
    EXPECT_TRUE(pool_.Start().ok());
    EXPECT_TRUE(pool_.Import("app.db", MakeDatabase("old", 30)).ok());
    db_ = std::make_unique<Connection>("app.db", pool_.vfs().name());
    Run("PRAGMA cache_size=5");
  }
  void Run(const std::string& sql) {
    const Outcome outcome = db_->Run(sql);
    ASSERT_EQ(outcome.code, SQLITE_OK) << sql << ": " << outcome.message;
  }
  void Begin() {
    auto opened = pool_.vfs().OpenSnapshot(*pool_.Find("app.db"));
    ASSERT_TRUE(opened.ok()) << opened.status().text();
    snapshot_ = std::move(opened.value());
  }
  // All of it, in pieces; "busy" when it can't be had any more.
  std::string Read() {
    Bytes bytes(static_cast<std::size_t>(snapshot_->size()));
    constexpr std::size_t kPiece = 3000;
    for (std::size_t at = 0; at < bytes.size(); at += kPiece) {
      const auto piece = std::span(bytes).subspan(at, std::min(kPiece, bytes.size() - at));
      const Status status = snapshot_->Read(piece, static_cast<std::int64_t>(at));
      if (status.code() == Code::kBusy) return "busy";
      EXPECT_TRUE(status.ok()) << status.text();
    }
    return DescribeDatabase(bytes);
  }
  void ExpectBusy(const std::string& sql) {
    EXPECT_EQ(db_->Execute(sql), SQLITE_BUSY) << sql;
    EXPECT_EQ(pool_.vfs().last_error().text(), "/app.db is being exported");
  }

  FaultDisk disk_;
  PoolOnDisk pool_{disk_};
  std::unique_ptr<Connection> db_;
  std::unique_ptr<Snapshot> snapshot_;
};

TEST_F(HeldSnapshotTest, KeepsWritersFromTheDatabaseInRollbackModes) {
  for (const char* mode : {"DELETE", "TRUNCATE", "PERSIST", "MEMORY", "OFF"}) {
    SCOPED_TRACE(mode);
    Run(std::string("PRAGMA journal_mode=") + mode);
    Begin();
    ExpectBusy("UPDATE t SET tag='new'");
    // A transaction waits at its end, and goes on there.
    Run("BEGIN; UPDATE t SET tag='new' WHERE rowid < 3");
    ExpectBusy("COMMIT");
    EXPECT_EQ(Read(), "old*30");
    snapshot_.reset();
    Run("COMMIT; UPDATE t SET tag='old'");
    EXPECT_EQ(db_->Query("PRAGMA integrity_check"), "ok");
  }
}

TEST_F(HeldSnapshotTest, LetsOthersRead) {
  Begin();
  EXPECT_EQ(db_->Query("SELECT count(*) FROM t"), "30");
  Connection other("app.db", pool_.vfs().name());
  EXPECT_EQ(other.Query("SELECT count(*) FROM t"), "30");
  EXPECT_EQ(Read(), "old*30");
}

TEST_F(HeldSnapshotTest, SeveralAtOnce) {
  Begin();
  const auto first = std::move(snapshot_);
  Begin();
  EXPECT_EQ(Read(), "old*30");
  snapshot_.reset();
  ExpectBusy("UPDATE t SET tag='new'");
}

TEST_F(HeldSnapshotTest, LetsAWalGrowAndKeepsItWhole) {
  Run("PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=5; UPDATE t SET tag='wal'");
  for (const char* checkpoint : {"PASSIVE", "FULL", "RESTART", "TRUNCATE"}) {
    SCOPED_TRACE(checkpoint);
    Begin();
    for (int i = 0; i < 20; ++i) Run("UPDATE t SET tag='new'");
    db_->Query(std::string("PRAGMA wal_checkpoint(") + checkpoint + ")");
    EXPECT_EQ(db_->Query("SELECT DISTINCT tag FROM t"), "new");
    EXPECT_EQ(Read(), "wal*30");
    // The last close checkpoints and deletes the WAL, where it can.
    db_ = std::make_unique<Connection>("app.db", pool_.vfs().name());
    EXPECT_EQ(db_->Query("SELECT DISTINCT tag FROM t"), "new");
    EXPECT_EQ(Read(), "wal*30");
    snapshot_.reset();
    Run("UPDATE t SET tag='wal'");
    EXPECT_EQ(db_->Query("PRAGMA wal_checkpoint(TRUNCATE)"), "0|0|0");
  }
}

TEST_F(HeldSnapshotTest, OfACheckpointedWalIsNotOverwritten) {
  Run("PRAGMA journal_mode=WAL; UPDATE t SET tag='wal'; PRAGMA wal_checkpoint(PASSIVE)");
  Begin();
  for (int i = 0; i < 5; ++i) Run("UPDATE t SET tag='new'");
  EXPECT_EQ(Read(), "wal*30");
}

TEST_F(HeldSnapshotTest, FailsWhenATransactionThatHasBegunGoesOn) {
  for (const char* end : {"COMMIT", "ROLLBACK"}) {
    for (const char* mode : {"DELETE", "TRUNCATE", "PERSIST"}) {
      SCOPED_TRACE(std::string(mode) + " " + end);
      Run(std::string("PRAGMA journal_mode=") + mode);
      Run("BEGIN; UPDATE t SET tag='new', filling=filling");
      Begin();
      EXPECT_EQ(Read(), "old*30");
      Run(end);
      EXPECT_EQ(Read(), "busy");
      // It stays an export until it is ended.
      ExpectBusy("CREATE TABLE u(x)");
      snapshot_.reset();
      Run("UPDATE t SET tag='old'");
      EXPECT_EQ(db_->Query("PRAGMA integrity_check"), "ok");
    }
  }
}

TEST_F(HeldSnapshotTest, FailsWhenAnExclusiveConnectionWrites) {
  for (const char* mode : {"DELETE", "WAL"}) {
    SCOPED_TRACE(mode);
    db_ = std::make_unique<Connection>("app.db", pool_.vfs().name());
    Run(std::string("PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=") + mode);
    Run("UPDATE t SET tag='own'");
    Begin();
    EXPECT_EQ(Read(), "own*30");
    Run("UPDATE t SET tag='new'; PRAGMA wal_checkpoint(TRUNCATE)");
    EXPECT_EQ(Read(), "busy");
    snapshot_.reset();
    Run("PRAGMA journal_mode=DELETE");
  }
}

TEST_F(HeldSnapshotTest, OfAHotJournalKeepsItFromBeingRolledBack) {
  FaultDisk left(MakeHotPool("kept"));
  PoolOnDisk pool(left);
  ASSERT_TRUE(pool.Start().ok());
  snapshot_ = std::move(pool.vfs().OpenSnapshot(*pool.Find("app.db")).value());
  Connection db("app.db", pool.vfs().name());
  EXPECT_EQ(db.Execute("SELECT * FROM t") & 0xff, SQLITE_BUSY);
  EXPECT_EQ(Read().substr(0, 5), "kept*");
  snapshot_.reset();
  EXPECT_EQ(db.Query("SELECT DISTINCT tag FROM t"), "kept");
}

TEST_F(HeldSnapshotTest, KeepsItsFileFromAllElse) {
  Begin();
  db_->Close();
  const Bytes other = MakeDatabase("other");
  EXPECT_EQ(pool_.Import("app.db", other).code(), Code::kBusy);
  EXPECT_EQ(pool_.pool().order().DeleteDatabase(*pool_.Find("app.db")).code(), Code::kBusy);
  EXPECT_EQ(pool_.pool().Wipe().code(), Code::kBusy);
  EXPECT_EQ(pool_.pool().DetachAll().code(), Code::kBusy);
  // To those who ask, no connection has a file open.
  EXPECT_EQ(pool_.vfs().open_count(), 0);
  EXPECT_EQ(Read(), "old*30");
  snapshot_.reset();
  EXPECT_TRUE(pool_.Import("app.db", other).ok());
}

TEST_F(HeldSnapshotTest, OfAnotherFileFailsWhenThatChanges) {
  Run("PRAGMA journal_mode=WAL; UPDATE t SET tag='wal'");
  snapshot_ = std::move(pool_.vfs().OpenSnapshot(*pool_.Find("app.db-wal")).value());
  Bytes piece(100);
  EXPECT_TRUE(snapshot_->Read(piece, 0).ok());
  Run("UPDATE t SET tag='new'");
  EXPECT_EQ(snapshot_->Read(piece, 0).code(), Code::kBusy);
}

}  // namespace
}  // namespace sahpool::testing
