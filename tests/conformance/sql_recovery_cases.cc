// What SQLite finds after a restart in the middle of its work.

#include <sqlite3.h>

#include "tests/conformance/sql_connection.h"

namespace sahpool::conformance {
namespace {

// Restarts over a copy of the slots while a transaction is under way that has spilled to the file.
Failure RollBackHotJournal(Backend& backend, const char* journal_mode) {
  for (int index = 0; index < kSlotCount; ++index) REQUIRE_OK(backend.slot(index).Truncate(0));
  TestVfs vfs;
  REQUIRE_PASSED(vfs.Start(backend, kLowerHalf));
  Connection db;
  REQUIRE_EQ(db.Open(vfs, "a.db"), SQLITE_OK);
  REQUIRE_SQL(db, journal_mode);
  REQUIRE_EQ(MakeRows(db, 2000), SQLITE_OK);
  REQUIRE_SQL(db, "PRAGMA cache_size = 5; BEGIN; UPDATE t SET text = 'torn' WHERE id % 2 = 0");
  REQUIRE_PASSED(CopySlots(backend, kLowerHalf, kUpperHalf));

  TestVfs restarted;
  REQUIRE_PASSED(restarted.Start(backend, kUpperHalf, "conformance-restarted"));
  REQUIRE(restarted.pool().files().Find(Named("a.db-journal")) != nullptr);
  // Some of the transaction must have reached the file, or there is nothing to roll back.
  REQUIRE(restarted.pool().files().Find(Named("a.db-journal"))->size() > 4096);
  Connection after;
  REQUIRE_EQ(after.Open(restarted, "a.db", SQLITE_OPEN_READWRITE), SQLITE_OK);
  REQUIRE_ROWS(after, "SELECT count(*) FROM t WHERE text LIKE 'row ' || id || ' 00%'", "2000");
  REQUIRE_ROWS(after, "PRAGMA integrity_check", "ok");
  REQUIRE_SQL(after, "DELETE FROM t WHERE id = 1");
  // The connection that went on has its transaction still.
  REQUIRE_SQL(db, "COMMIT");
  REQUIRE_ROWS(db, "SELECT count(*) FROM t WHERE text = 'torn'", "1000");
  return {};
}

Failure HotJournalRollsBack(Backend& backend) {
  for (const char* const mode : {"PRAGMA journal_mode = DELETE", "PRAGMA journal_mode = TRUNCATE",
                                 "PRAGMA journal_mode = PERSIST"}) {
    REQUIRE_PASSED(RollBackHotJournal(backend, mode));
  }
  return {};
}

Failure WalRecovers(Backend& backend) {
  TestVfs vfs;
  REQUIRE_PASSED(vfs.Start(backend, kLowerHalf));
  Connection db;
  REQUIRE_EQ(db.Open(vfs, "a.db"), SQLITE_OK);
  REQUIRE_ROWS(db, "PRAGMA journal_mode = WAL", "wal");
  REQUIRE_ROWS(db, "PRAGMA wal_autocheckpoint = 0", "0");
  REQUIRE_EQ(MakeRows(db, 2000), SQLITE_OK);
  REQUIRE_SQL(db, "UPDATE t SET text = 'committed' WHERE id % 2 = 0");
  REQUIRE_SQL(db, "PRAGMA cache_size = 5; BEGIN; UPDATE t SET text = 'torn'");
  REQUIRE_PASSED(CopySlots(backend, kLowerHalf, kUpperHalf));

  TestVfs restarted;
  REQUIRE_PASSED(restarted.Start(backend, kUpperHalf, "conformance-restarted"));
  Connection after;
  REQUIRE_EQ(after.Open(restarted, "a.db", SQLITE_OPEN_READWRITE), SQLITE_OK);
  REQUIRE_ROWS(after, "SELECT count(*) FROM t WHERE text LIKE 'row ' || id || ' 00%'", "1000");
  REQUIRE_ROWS(after, "SELECT count(*) FROM t WHERE text = 'committed'", "1000");
  REQUIRE_ROWS(after, "PRAGMA integrity_check", "ok");
  after.Close();
  REQUIRE(restarted.pool().files().Find(Named("a.db-wal")) == nullptr);
  return {};
}

// Makes a.db and b.db, whose tables have the rows 1 to 50 with n = 1.
Failure MakeTwoDatabases(Backend& backend, const char* journal_mode) {
  for (int index = 0; index < kSlotCount; ++index) REQUIRE_OK(backend.slot(index).Truncate(0));
  TestVfs vfs;
  REQUIRE_PASSED(vfs.Start(backend, kLowerHalf));
  for (const char* const name : {"a.db", "b.db"}) {
    Connection db;
    REQUIRE_EQ(db.Open(vfs, name), SQLITE_OK);
    REQUIRE_SQL(db, journal_mode);
    REQUIRE_EQ(MakeRows(db, 50), SQLITE_OK);
    REQUIRE_SQL(db, "CREATE TABLE state(n); INSERT INTO state VALUES(1)");
  }
  return {};
}

// What the dying process does. Its result codes are of no interest: sooner or later all fail.
void ChangeUntilTheEnd(const TestVfs& vfs, const char* journal_mode, const char* sql) {
  Connection db;
  static_cast<void>(db.Open(vfs, "a.db", SQLITE_OPEN_READWRITE));
  static_cast<void>(db.Exec(journal_mode));
  static_cast<void>(db.Exec("PRAGMA cache_size = 5; ATTACH 'b.db' AS b"));
  static_cast<void>(db.Exec(sql));
}

// Opens a database after the end and returns its state: "old" or "new"; anything else is wrong.
Text StateOf(const TestVfs& vfs, const char* name) {
  Connection db;
  if (db.Open(vfs, name, SQLITE_OPEN_READWRITE) != SQLITE_OK) return Text("does not open");
  if (const Text check = db.Query("PRAGMA integrity_check"); check.view() != "ok") return check;
  return db.Query(
      "SELECT CASE WHEN n = 1 AND count(*) = 50 AND sum(text LIKE 'row%') = 50 THEN 'old'"
      " WHEN n = 2 AND count(*) = 50 AND sum(text LIKE 'new%') = 50 THEN 'new'"
      " ELSE 'mixed' END FROM t, state");
}

// Lets the process die after every number of changes to storage and looks at what it left.
Failure DieAtEveryChange(Backend& backend, const char* journal_mode, const char* sql,
                         bool changes_both) {
  bool is_new = false;
  bool has_finished = false;
  for (int changes = 0; !has_finished; ++changes) {
    REQUIRE(changes < 2000);
    REQUIRE_PASSED(MakeTwoDatabases(backend, journal_mode));
    ChangeBudget budget(changes);
    {
      TestVfs dying;
      REQUIRE_PASSED(dying.Start(backend, kLowerHalf, "conformance", &budget));
      ChangeUntilTheEnd(dying, journal_mode, sql);
    }
    has_finished = !budget.is_exceeded();
    TestVfs vfs;
    REQUIRE_PASSED(vfs.Start(backend, kLowerHalf));
    const Text a = StateOf(vfs, "a.db");
    const Text b = StateOf(vfs, "b.db");
    // Once the transaction counts, it counts for good.
    REQUIRE_EQ(a.view(), is_new || a.view() == "new" ? "new" : "old");
    REQUIRE_EQ(b.view(), changes_both ? a.view() : "old");
    is_new = a.view() == "new";
  }
  REQUIRE(is_new);
  return {};
}

constexpr const char* kChangeOne =
    "BEGIN; UPDATE t SET text = 'new' || text; UPDATE state SET n = 2; COMMIT";
constexpr const char* kChangeBoth =
    "BEGIN; UPDATE t SET text = 'new' || text; UPDATE state SET n = 2;"
    "UPDATE b.t SET text = 'new' || text; UPDATE b.state SET n = 2; COMMIT";

Failure DyingInDeleteMode(Backend& backend) {
  return DieAtEveryChange(backend, "PRAGMA journal_mode = DELETE", kChangeOne, false);
}
Failure DyingInTruncateMode(Backend& backend) {
  return DieAtEveryChange(backend, "PRAGMA journal_mode = TRUNCATE", kChangeOne, false);
}
Failure DyingInPersistMode(Backend& backend) {
  return DieAtEveryChange(backend, "PRAGMA journal_mode = PERSIST", kChangeOne, false);
}
Failure DyingInWalMode(Backend& backend) {
  return DieAtEveryChange(backend, "PRAGMA journal_mode = WAL", kChangeOne, false);
}
Failure DyingOverTwoDatabases(Backend& backend) {
  return DieAtEveryChange(backend, "PRAGMA journal_mode = DELETE", kChangeBoth, true);
}

constexpr Case kCases[] = {
    {"recovery: a hot journal rolls back", HotJournalRollsBack},
    {"recovery: a WAL is taken into account", WalRecovers},
    {"recovery: dying at every change, journal mode DELETE", DyingInDeleteMode},
    {"recovery: dying at every change, journal mode TRUNCATE", DyingInTruncateMode},
    {"recovery: dying at every change, journal mode PERSIST", DyingInPersistMode},
    {"recovery: dying at every change, journal mode WAL", DyingInWalMode},
    {"recovery: dying at every change of a transaction over two databases", DyingOverTwoDatabases},
};

}  // namespace

std::span<const Case> SqlRecoveryCases() { return kCases; }

}  // namespace sahpool::conformance
