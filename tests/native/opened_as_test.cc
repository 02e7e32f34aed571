// Files that SQLite opens as something else than their slots' headers say, as after a recovery of
// which the header was damaged, or where an app has opened a journal as a database. They are what
// SQLite takes them for: no failure is kept from it, and what it was told is there after a kill.
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <tuple>

#include "journal_seal_fixture.h"

namespace sahpool::testing {
namespace {

constexpr const char* kRows =
    "SELECT group_concat(n, ' ') FROM (SELECT tag || '*' || count(*) AS n FROM t GROUP BY tag)";

// By a connection: an export goes by the header.
std::string RowsAfterKill(const FaultDisk& disk) {
  FaultDisk left(Written(disk.slots()));
  PoolOnDisk pool(left);
  const Status status = pool.Start();
  if (!status.ok()) return std::string(status.text());
  return Connection("app.db", pool.vfs().name()).Query(kRows);
}

struct Headers {
  const char* name;
  std::uint32_t database;
  std::uint32_t wal;
};

class OpenedAsTest : public ::testing::TestWithParam<std::tuple<Headers, const char*>> {
 protected:
  static void Open(FaultDisk& disk, PoolOnDisk& pool, std::optional<Connection>& app) {
    const auto& [headers, settings] = GetParam();
    disk.AddSlot("a", SlotOf("/app.db", headers.database, MakeDatabase("old")));
    disk.AddSlot("b", SlotOf("/app.db-wal", headers.wal, {}));
    AddFreeSlots(disk, 4);
    ASSERT_TRUE(pool.Start().ok());
    app.emplace("app.db", pool.vfs().name());
    ASSERT_EQ(app->Execute(settings), SQLITE_OK);
  }

  void RunWith(const Fault& fault, bool& has_hit) {
    FaultDisk disk;
    PoolOnDisk pool(disk);
    std::optional<Connection> app;
    Open(disk, pool, app);
    // From then on page 1 does not change.
    ASSERT_EQ(app->Execute("INSERT INTO t VALUES('one', zeroblob(3000)); PRAGMA wal_checkpoint"),
              SQLITE_OK);
    disk.Arm(fault);
    int told = 1;
    int in_doubt = 0;  // a commit that is said to have failed may be there after a kill
    for (const char* statement :
         {"INSERT INTO t VALUES('one', '')", "PRAGMA wal_checkpoint",
          "BEGIN; UPDATE t SET tag='old' WHERE tag='old'; INSERT INTO t VALUES('one', ''); "
          "COMMIT"}) {
      const bool is_ok = app->Execute(statement) == SQLITE_OK;
      if (sqlite3_get_autocommit(app->get()) == 0) app->Execute("ROLLBACK");
      if (std::string_view(statement) != "PRAGMA wal_checkpoint") ++(is_ok ? told : in_doubt);
      EXPECT_TRUE(IsWhole(RowsAfterKill(disk), told, in_doubt)) << statement;
    }
    has_hit = disk.has_hit();
    disk.Disarm();
    if (app->Execute("INSERT INTO t VALUES('one', '')") == SQLITE_OK) ++told;
    app->Execute("PRAGMA wal_checkpoint(truncate)");
    const std::string seen = app->Query(kRows);
    EXPECT_TRUE(IsWhole(seen, told, in_doubt));
    app.reset();
    EXPECT_EQ(RowsAfterKill(disk), seen);
  }

  // More than is kept back, on a disk that has room for what is there already, and for little else.
  void ChangeMuchWith(const char* statement, std::int64_t room) {
    FaultDisk disk;
    PoolOnDisk pool(disk);
    std::optional<Connection> app;
    Open(disk, pool, app);
    ASSERT_EQ(app->Execute("WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900)"
                           "INSERT INTO t SELECT 'one', zeroblob(900) FROM n;"
                           "PRAGMA wal_checkpoint; PRAGMA cache_size=10; BEGIN"),
              SQLITE_OK);
    disk.Arm({.code = Code::kFull, .persists = true, .quota = disk.total_size() + room});
    app->Execute(statement);
    EXPECT_TRUE(IsWhole(RowsAfterKill(disk), 900, 0));
    if (sqlite3_get_autocommit(app->get()) == 0) app->Execute("ROLLBACK");
    EXPECT_TRUE(IsWhole(app->Query(kRows), 900, 0));
    EXPECT_TRUE(IsWhole(RowsAfterKill(disk), 900, 0));
  }

  static ::testing::AssertionResult IsWhole(const std::string& rows, int told, int in_doubt) {
    for (int more = 0; more <= in_doubt; ++more) {
      if (rows == "old*10 one*" + std::to_string(told + more)) return ::testing::AssertionSuccess();
    }
    return ::testing::AssertionFailure()
           << rows << ", but " << told << " were told and " << in_doubt << " are in doubt";
  }
};

TEST_P(OpenedAsTest, LosesNothingThatSqliteWasTold) {
  for (const bool persists : {false, true}) {
    for (const bool is_full : {false, true}) {
      bool has_hit = true;
      for (int nth = 1; has_hit && !HasFailure(); ++nth) {
        SCOPED_TRACE((is_full ? "full, write " : "call ") + std::to_string(nth) +
                     (persists ? " and all later ones" : ""));
        Fault fault{.nth = nth, .persists = persists};
        if (is_full) fault.of = CallKind::kWrite;
        if (is_full) fault.code = Code::kFull;
        RunWith(fault, has_hit);
      }
    }
  }
}

TEST_P(OpenedAsTest, LeavesNothingOfATransactionThatWasKilled) {
  // The second writes to the database while its journal finds no room.
  for (const char* statement :
       {"UPDATE t SET tag='new'",
        "UPDATE t SET tag='new' WHERE rowid % 4 = 0; INSERT INTO t SELECT 'new', filling FROM t"}) {
    for (const std::int64_t room : {0, 1000, 100'000}) {
      SCOPED_TRACE(std::string(statement) + ", room for " + std::to_string(room));
      ChangeMuchWith(statement, room);
    }
  }
}

constexpr Headers kHeaders[] = {{"AsTheyAre", kDatabaseFlags, kWalFlags},
                                {"DatabaseAsJournal", kJournalFlags, kWalFlags},
                                {"DatabaseAsWal", kWalFlags, kWalFlags},
                                {"WalAsDatabase", kDatabaseFlags, kDatabaseFlags},
                                {"WalAsJournal", kDatabaseFlags, kJournalFlags}};

INSTANTIATE_TEST_SUITE_P(
    All, OpenedAsTest,
    ::testing::Combine(::testing::ValuesIn(kHeaders),
                       ::testing::Values("PRAGMA journal_mode=wal; PRAGMA synchronous=normal",
                                         "PRAGMA journal_mode=delete; PRAGMA synchronous=full",
                                         "PRAGMA journal_mode=truncate; PRAGMA synchronous=off")),
    [](const auto& it) {
      const std::string settings = std::get<1>(it.param);
      return std::get<0>(it.param).name + settings.substr(20, settings.find(';') - 20);
    });

}  // namespace
}  // namespace sahpool::testing
