// Out of quota: what needs no room works, what does fails alone, and what frees room ends it.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <array>
#include <cstdint>
#include <string>

#include "pool_on_disk.h"
#include "sql_connection.h"

namespace sahpool {
namespace {

using testing::AddFreeSlots;
using testing::Bytes;
using testing::Connection;
using testing::DescribeDatabase;
using testing::DescribeFile;
using testing::Fault;
using testing::FaultDisk;
using testing::MakeDatabase;
using testing::PoolOnDisk;
using testing::SlotOf;

constexpr int kRows = 40;

// A pool with a database to write to, one beside it that needs no room for its transactions, and
// one to delete.
class FullDisk {
 public:
  explicit FullDisk(const std::string& settings) : settings_(settings) {
    AddFreeSlots(disk_, 10);
    EXPECT_TRUE(pool_.Start().ok());
    static const Bytes database = MakeDatabase("old", kRows);
    static const Bytes ballast = MakeDatabase("ballast", 200);
    for (const char* name : {"app.db", "other.db"}) {
      EXPECT_TRUE(pool_.Import(name, database).ok());
    }
    EXPECT_TRUE(pool_.Import("ballast.db", ballast).ok());
  }

  FaultDisk& disk() { return disk_; }
  PoolOnDisk& pool() { return pool_; }
  std::string Settings() const {
    return "PRAGMA cache_size = 5; PRAGMA temp_store = file; " + settings_;
  }

  // From now on there is room for so many bytes.
  void FillUp(std::int64_t room, Fault::Kind kind) {
    disk_.Arm(
        {.kind = kind, .code = Code::kFull, .persists = true, .quota = disk_.total_size() + room});
  }

  Status Unlink(const char* name) {
    return pool_.vfs().WithPool(
        [&](Pool& pool) { return pool.order().DeleteDatabase(*pool_.Find(name)); });
  }

  // What a process that is killed now leaves, as another one finds it.
  std::string AfterKill(const char* name) {
    FaultDisk left(disk_.Everything());
    PoolOnDisk pool(left);
    EXPECT_TRUE(pool.Start().ok());
    return DescribeFile(pool, name);
  }

 private:
  FaultDisk disk_;
  PoolOnDisk pool_{disk_};
  std::string settings_;
};

std::string State(const char* tag, int rows) { return tag + ("*" + std::to_string(rows)); }

// How rows of MakeDatabase() are counted on a connection that is open.
std::string Read(Connection& db) { return db.Query("SELECT min(tag), max(tag), count(*) FROM t"); }
std::string Rows(const char* tag, int count) {
  return std::string(tag) + "|" + tag + "|" + std::to_string(count);
}

struct Mode {
  std::string settings;
  bool undoes;  // whether a failed transaction can be undone at all
};

std::vector<Mode> Modes() {
  std::vector<Mode> modes;
  for (const char* journal : {"delete", "truncate", "persist", "wal", "memory", "off"}) {
    for (const char* synchronous : {"off", "normal", "full"}) {
      for (const char* locking : {"normal", "exclusive"}) {
        modes.push_back({.settings = std::string("PRAGMA locking_mode = ") + locking +
                                     "; PRAGMA synchronous = " + synchronous +
                                     "; PRAGMA journal_mode = " + journal,
                         .undoes = std::string_view(journal) != "off"});
      }
    }
  }
  return modes;
}

constexpr std::array kWaysToSayFull = {Fault::Kind::kError, Fault::Kind::kNothing,
                                       Fault::Kind::kShort};

// A transaction that finds no room: of one statement, and of several in an explicit one.
constexpr std::array kTransactions = {
    "INSERT INTO t SELECT 'new', filling FROM t",
    "BEGIN; UPDATE t SET tag = 'new'; INSERT INTO t SELECT tag, filling FROM t; COMMIT"};

void CheckTransaction(const Mode& mode, const char* transaction, std::int64_t room,
                      Fault::Kind kind) {
  FullDisk full(mode.settings);
  Connection other("other.db", full.pool().vfs().name());
  ASSERT_EQ(other.Execute("PRAGMA journal_mode = memory"), SQLITE_OK);
  Connection app("app.db", full.pool().vfs().name());
  ASSERT_EQ(app.Execute(full.Settings()), SQLITE_OK);
  // A journal or WAL that is there, and perhaps stays.
  ASSERT_EQ(app.Execute("UPDATE t SET tag = 'old' WHERE rowid < 9"), SQLITE_OK);
  full.FillUp(room, kind);
  const int code = app.Execute(transaction);
  ASSERT_EQ(code & 0xff, SQLITE_FULL) << "the room was enough";
  if (sqlite3_get_autocommit(app.get()) == 0) ASSERT_EQ(app.Execute("ROLLBACK"), SQLITE_OK);

  const bool is_exclusive = mode.settings.find("exclusive") != std::string::npos;
  if (mode.undoes) EXPECT_EQ(Read(app), Rows("old", kRows));
  // Without a journal file, and a lock that is kept, the end of the transaction can't be told.
  if (mode.undoes && !(is_exclusive && mode.settings.ends_with("memory"))) {
    if (!is_exclusive) EXPECT_EQ(DescribeFile(full.pool(), "app.db"), State("old", kRows));
    const auto exported = full.pool().Export("app.db");
    ASSERT_TRUE(exported.ok()) << exported.status().c_str();
    EXPECT_EQ(DescribeDatabase(exported.value()), State("old", kRows));
    EXPECT_EQ(full.AfterKill("app.db"), State("old", kRows));
  }
  // Others go on.
  EXPECT_EQ(Read(other), Rows("old", kRows));
  EXPECT_EQ(other.Execute("UPDATE t SET tag = 'odd'"), SQLITE_OK);
  EXPECT_EQ(full.AfterKill("other.db"), State("odd", kRows));
  // Room can be made, and then all works.
  const Status unlinked = full.Unlink("ballast.db");
  ASSERT_TRUE(unlinked.ok()) << unlinked.c_str();
  if (!mode.undoes) return;
  EXPECT_EQ(app.Execute("UPDATE t SET tag = 'new'; INSERT INTO t SELECT tag, filling FROM t"),
            SQLITE_OK);
  EXPECT_EQ(Read(app), Rows("new", 2 * kRows));
  EXPECT_EQ(full.AfterKill("app.db"), State("new", 2 * kRows));
}

TEST(FullDiskTest, OnlyTheTransactionFailsThatFindsNoRoom) {
  std::size_t ways = 0;
  for (const Mode& mode : Modes()) {
    for (const char* transaction : kTransactions) {
      for (const std::int64_t room : {0, 1000, 5000, 30'000}) {
        SCOPED_TRACE(mode.settings + "; " + transaction + ", room for " + std::to_string(room));
        CheckTransaction(mode, transaction, room, kWaysToSayFull[ways++ % kWaysToSayFull.size()]);
        if (HasFailure()) return;
      }
    }
  }
}

// A process that is killed in the middle of a transaction after others that found no room.
TEST(FullDiskTest, TheNextTransactionHasItsJournal) {
  for (const char* journal : {"delete", "truncate", "persist"}) {
    for (const std::int64_t room : {0, 600, 1200, 5000}) {
      SCOPED_TRACE(std::string(journal) + ", room for " + std::to_string(room));
      FullDisk full(std::string("PRAGMA locking_mode = exclusive; PRAGMA journal_mode = ") +
                    journal);
      Connection app("app.db", full.pool().vfs().name());
      ASSERT_EQ(app.Execute(full.Settings()), SQLITE_OK);
      ASSERT_EQ(app.Execute("UPDATE t SET tag = 'old' WHERE rowid < 9"), SQLITE_OK);
      full.FillUp(room, Fault::Kind::kError);
      for (int i = 0; i < 2; ++i) {
        ASSERT_EQ(app.Execute(kTransactions[0]) & 0xff, SQLITE_FULL);
      }
      full.disk().before_change = [&] {
        const std::string left = full.AfterKill("app.db");
        EXPECT_TRUE(left == State("old", kRows) || left == State("new", kRows)) << left;
      };
      const int code = app.Execute("UPDATE t SET tag = 'new'") & 0xff;
      full.disk().before_change = nullptr;
      EXPECT_EQ(full.AfterKill("app.db"), State(code == SQLITE_OK ? "new" : "old", kRows));
      EXPECT_TRUE(code == SQLITE_OK || code == SQLITE_FULL);
      if (HasFailure()) return;
    }
  }
}

// A checkpoint needs room that a commit, in a WAL that has been longer, does not.
TEST(FullDiskTest, CheckpointThatFailsDisturbsNobody) {
  for (const char* synchronous : {"off", "normal", "full"}) {
    SCOPED_TRACE(synchronous);
    FullDisk full(std::string("PRAGMA journal_mode = wal; PRAGMA wal_autocheckpoint = 0;"
                              "PRAGMA synchronous = ") +
                  synchronous);
    Connection app("app.db", full.pool().vfs().name());
    Connection other("other.db", full.pool().vfs().name());
    ASSERT_EQ(other.Execute("PRAGMA journal_mode = memory"), SQLITE_OK);
    ASSERT_EQ(app.Execute(full.Settings()), SQLITE_OK);
    ASSERT_EQ(app.Execute("UPDATE t SET tag = 'odd'; UPDATE t SET tag = 'old'"), SQLITE_OK);
    ASSERT_EQ(app.Execute("PRAGMA wal_checkpoint; INSERT INTO t SELECT * FROM t"), SQLITE_OK);
    full.FillUp(0, Fault::Kind::kError);
    app.Execute("PRAGMA wal_checkpoint");
    EXPECT_EQ(Read(app), Rows("old", 2 * kRows));
    EXPECT_EQ(other.Execute("UPDATE t SET tag = 'odd'"), SQLITE_OK);
    // Where SQLite has not asked for a flush, it takes the checkpoint for done and begins the WAL
    // anew.
    if (std::string_view(synchronous) != "off") {
      EXPECT_EQ(app.Execute("UPDATE t SET tag = 'now' WHERE rowid = 1"), SQLITE_OK);
      EXPECT_EQ(Read(app), "now|old|" + std::to_string(2 * kRows));
    }
    ASSERT_TRUE(full.Unlink("ballast.db").ok());
    EXPECT_EQ(app.Execute("UPDATE t SET tag = 'new'; PRAGMA wal_checkpoint(TRUNCATE)"), SQLITE_OK);
    EXPECT_EQ(full.AfterKill("app.db"), State("new", 2 * kRows));
    EXPECT_EQ(full.AfterKill("other.db"), State("odd", kRows));
  }
}

TEST(FullDiskTest, TemporaryTableThatFindsNoRoomDisturbsNobody) {
  FullDisk full("");
  Connection app("app.db", full.pool().vfs().name());
  ASSERT_EQ(app.Execute("PRAGMA temp_store = file; PRAGMA journal_mode = memory"), SQLITE_OK);
  ASSERT_EQ(app.Execute("CREATE TEMP TABLE big(b); PRAGMA temp.cache_size = 2"), SQLITE_OK);
  full.FillUp(5000, Fault::Kind::kError);
  EXPECT_EQ(app.Execute("INSERT INTO big VALUES(zeroblob(2000000)), (zeroblob(2000000))"),
            SQLITE_FULL);
  EXPECT_EQ(app.Execute("UPDATE t SET tag = 'new'"), SQLITE_OK);
  EXPECT_EQ(full.AfterKill("app.db"), State("new", kRows));
  EXPECT_TRUE(full.Unlink("other.db").ok());
}

// SQLite reads nothing on a connection whose temporary database could not be rolled back.
TEST(FullDiskTest, TemporaryTableIsRolledBackWithoutRoom) {
  std::size_t ways = 0;
  for (const std::int64_t room : {0, 421, 100'000}) {
    // Kept back, kept back beside what did not fit, and in the slot.
    for (const char* before : {"zeroblob(100)", "zeroblob(300000)", "zeroblob(700000)"}) {
      SCOPED_TRACE(std::string(before) + ", room for " + std::to_string(room));
      FullDisk full("");
      Connection app("app.db", full.pool().vfs().name());
      ASSERT_EQ(app.Execute(std::string("PRAGMA temp_store = file; PRAGMA temp.cache_size = 2;"
                                        "CREATE TEMP TABLE big(b); INSERT INTO big VALUES(") +
                            before + ")"),
                SQLITE_OK);
      full.FillUp(room, kWaysToSayFull[ways++ % kWaysToSayFull.size()]);
      EXPECT_EQ(app.Execute("UPDATE big SET b = zeroblob(1000000)"), SQLITE_FULL);
      EXPECT_EQ(Read(app), Rows("old", kRows));
      EXPECT_EQ(app.Query(std::string("SELECT b = ") + before + " FROM big"), "1");
      full.disk().Disarm();
      EXPECT_EQ(app.Execute("INSERT INTO big VALUES(zeroblob(700000))"), SQLITE_OK);
      EXPECT_EQ(app.Query("PRAGMA temp.integrity_check"), "ok");
    }
  }
}

// As in a slot whose file has holes, or on a file system that writes elsewhere.
TEST(FullDiskTest, JournalThatCanNotHaveItsHeaderDisturbsNobody) {
  for (const char* journal : {"delete", "truncate", "persist"}) {
    for (const char* synchronous : {"off", "full"}) {
      SCOPED_TRACE(std::string(journal) + ", " + synchronous);
      FaultDisk disk;
      for (const char* name : {"app", "other"}) {
        disk.AddSlot(name, SlotOf(std::string("/") + name + ".db", testing::kDatabaseFlags,
                                  MakeDatabase("old", kRows)));
      }
      disk.AddSlot("z", Bytes(kSlotDataOffset));
      PoolOnDisk pool(disk);
      ASSERT_TRUE(pool.Start().ok());
      Connection app("app.db", pool.vfs().name());
      ASSERT_EQ(app.Execute(std::string("PRAGMA journal_mode = ") + journal +
                            "; PRAGMA synchronous = " + synchronous),
                SQLITE_OK);
      Connection other("other.db", pool.vfs().name());
      ASSERT_EQ(other.Execute("PRAGMA journal_mode = memory"), SQLITE_OK);
      disk.Arm(
          {.of = testing::CallKind::kWrite, .code = Code::kFull, .persists = true, .slot = "z"});
      for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(app.Execute("UPDATE t SET tag = 'new'") & 0xff, SQLITE_FULL);
        EXPECT_EQ(Read(app), Rows("old", kRows));
        EXPECT_EQ(other.Execute("UPDATE t SET tag = 'odd'"), SQLITE_OK);
      }
      disk.Disarm();
      EXPECT_EQ(app.Execute("UPDATE t SET tag = 'new'"), SQLITE_OK);
      FaultDisk left(disk.Everything());
      PoolOnDisk next(left);
      ASSERT_TRUE(next.Start().ok());
      EXPECT_EQ(DescribeFile(next, "app.db"), State("new", kRows));
      EXPECT_EQ(DescribeFile(next, "other.db"), State("odd", kRows));
    }
  }
}

// What another connection has begun, and can't go on with, is its own affair.
TEST(FullDiskTest, OpenTransactionWithoutRoomDisturbsNobody) {
  for (const char* journal : {"delete", "truncate", "persist", "wal", "memory"}) {
    SCOPED_TRACE(journal);
    FullDisk full(std::string("PRAGMA journal_mode = ") + journal);
    Connection app("app.db", full.pool().vfs().name());
    Connection other("other.db", full.pool().vfs().name());
    ASSERT_EQ(other.Execute("PRAGMA journal_mode = memory"), SQLITE_OK);
    ASSERT_EQ(app.Execute(full.Settings()), SQLITE_OK);
    ASSERT_EQ(app.Execute("BEGIN; UPDATE t SET tag = 'new' WHERE rowid < 12"), SQLITE_OK);
    full.FillUp(0, Fault::Kind::kError);
    EXPECT_EQ(other.Execute("UPDATE t SET tag = 'odd'"), SQLITE_OK);
    app.Execute("UPDATE t SET tag = 'new'; INSERT INTO t SELECT * FROM t; COMMIT");
    if (sqlite3_get_autocommit(app.get()) == 0) app.Execute("ROLLBACK");
    EXPECT_EQ(Read(app), Rows("old", kRows));
    EXPECT_EQ(full.AfterKill("app.db"), State("old", kRows));
    EXPECT_EQ(full.AfterKill("other.db"), State("odd", kRows));
    EXPECT_TRUE(full.Unlink("ballast.db").ok());
    EXPECT_EQ(app.Execute("UPDATE t SET tag = 'new'"), SQLITE_OK);
    EXPECT_EQ(full.AfterKill("app.db"), State("new", kRows));
  }
}

}  // namespace
}  // namespace sahpool
