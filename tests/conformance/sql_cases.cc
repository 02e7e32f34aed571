// SQLite over the VFS: transactions in every journal mode, several connections, several databases.

#include <sqlite3.h>

#include <array>

#include "tests/conformance/sql_connection.h"

namespace sahpool::conformance {
namespace {

constexpr const char* kCount = "SELECT count(*) FROM t";

struct JournalMode {
  const char* pragma;
  std::string_view answer;
};

Failure RowsGoInAndOut(Backend& backend) {
  TestVfs vfs;
  REQUIRE_PASSED(vfs.Start(backend, kLowerHalf));
  {
    Connection db;
    REQUIRE_EQ(db.Open(vfs, "a.db"), SQLITE_OK);
    REQUIRE_SQL(db, "CREATE TABLE t(id INTEGER PRIMARY KEY, text)");
    REQUIRE_SQL(db, "INSERT INTO t(text) VALUES('one'), ('two'), ('three')");
    REQUIRE_ROWS(db, "SELECT * FROM t", "1|one 2|two 3|three");
    REQUIRE_SQL(db, "UPDATE t SET text = upper(text) WHERE id = 2; DELETE FROM t WHERE id = 1");
    REQUIRE_ROWS(db, "SELECT * FROM t", "2|TWO 3|three");
    REQUIRE_EQ(vfs.pool().files().file_count(), 1);
  }
  REQUIRE_EQ(vfs->open_count(), 0);
  Connection missing;
  REQUIRE_EQ(missing.Open(vfs, "b.db", SQLITE_OPEN_READWRITE), SQLITE_CANTOPEN);
  Connection read_only;
  REQUIRE_EQ(read_only.Open(vfs, "/a.db", SQLITE_OPEN_READONLY), SQLITE_OK);
  REQUIRE_ROWS(read_only, "SELECT text FROM t WHERE id = 2", "TWO");
  REQUIRE_EQ(read_only.Exec("DELETE FROM t"), SQLITE_READONLY);
  return {};
}

// Commits and rolls back in one journal mode, and looks at it all after a restart.
Failure CommitAndRollBack(Backend& backend, const JournalMode& mode) {
  TestVfs vfs;
  REQUIRE_PASSED(vfs.Start(backend, kLowerHalf));
  {
    Connection db;
    REQUIRE_EQ(db.Open(vfs, "a.db"), SQLITE_OK);
    REQUIRE_ROWS(db, mode.pragma, mode.answer);
    REQUIRE_EQ(MakeRows(db, 1000), SQLITE_OK);
    // A cache so small that pages reach the file before the transaction ends.
    REQUIRE_SQL(db, "PRAGMA cache_size = 5");
    REQUIRE_SQL(db, "BEGIN; UPDATE t SET text = 'gone'; DELETE FROM t WHERE id < 900");
    REQUIRE_ROWS(db, kCount, "101");
    REQUIRE_SQL(db, "ROLLBACK");
    REQUIRE_ROWS(db, "SELECT count(*) FROM t WHERE text LIKE 'row ' || id || ' 00%'", "1000");
    REQUIRE_SQL(db, "BEGIN; INSERT INTO t VALUES(1001, 'kept'); SAVEPOINT s; DELETE FROM t");
    REQUIRE_SQL(db, "ROLLBACK TO s; RELEASE s; COMMIT");
    REQUIRE_ROWS(db, "PRAGMA integrity_check", "ok");
  }
  REQUIRE_PASSED(vfs.Start(backend, kLowerHalf));
  Connection db;
  REQUIRE_EQ(db.Open(vfs, "a.db"), SQLITE_OK);
  REQUIRE_ROWS(db, "SELECT count(*), sum(id) FROM t", "1001|501501");
  REQUIRE_ROWS(db, "SELECT text FROM t WHERE id = 1001", "kept");
  REQUIRE_ROWS(db, "PRAGMA integrity_check", "ok");
  return {};
}

Failure JournalModeDelete(Backend& backend) {
  return CommitAndRollBack(backend, {"PRAGMA journal_mode = DELETE", "delete"});
}
Failure JournalModeTruncate(Backend& backend) {
  return CommitAndRollBack(backend, {"PRAGMA journal_mode = TRUNCATE", "truncate"});
}
Failure JournalModePersist(Backend& backend) {
  return CommitAndRollBack(backend, {"PRAGMA journal_mode = PERSIST", "persist"});
}
Failure JournalModeMemory(Backend& backend) {
  return CommitAndRollBack(backend, {"PRAGMA journal_mode = MEMORY", "memory"});
}
Failure JournalModeWal(Backend& backend) {
  return CommitAndRollBack(backend, {"PRAGMA journal_mode = WAL", "wal"});
}

// Without a journal there is no rollback.
Failure JournalModeOff(Backend& backend) {
  TestVfs vfs;
  REQUIRE_PASSED(vfs.Start(backend, {0, 1}));
  Connection db;
  REQUIRE_EQ(db.Open(vfs, "a.db"), SQLITE_OK);
  REQUIRE_ROWS(db, "PRAGMA journal_mode = OFF", "off");
  REQUIRE_EQ(MakeRows(db, 1000), SQLITE_OK);
  REQUIRE_SQL(db, "PRAGMA cache_size = 5; BEGIN; DELETE FROM t WHERE id > 400; COMMIT");
  db.Close();
  REQUIRE_EQ(db.Open(vfs, "a.db"), SQLITE_OK);
  REQUIRE_ROWS(db, kCount, "400");
  REQUIRE_ROWS(db, "PRAGMA integrity_check", "ok");
  return {};
}

Failure JournalsComeAndGo(Backend& backend) {
  TestVfs vfs;
  REQUIRE_PASSED(vfs.Start(backend, kLowerHalf));
  Connection db;
  REQUIRE_EQ(db.Open(vfs, "a.db"), SQLITE_OK);
  REQUIRE_EQ(MakeRows(db, 10), SQLITE_OK);
  const auto exists = [&](std::string_view name) {
    return vfs.pool().files().Find(Named(name)) != nullptr;
  };
  REQUIRE_SQL(db, "BEGIN; DELETE FROM t WHERE id = 1");
  REQUIRE(exists("a.db-journal"));
  REQUIRE_SQL(db, "COMMIT");
  REQUIRE(!exists("a.db-journal"));
  REQUIRE_SQL(db, "PRAGMA journal_mode = PERSIST; DELETE FROM t WHERE id = 2");
  REQUIRE(exists("a.db-journal"));
  REQUIRE_SQL(db, "PRAGMA journal_mode = TRUNCATE; DELETE FROM t WHERE id = 3");
  REQUIRE(exists("a.db-journal"));
  REQUIRE_EQ(vfs.pool().files().Find(Named("a.db-journal"))->size(), 0);
  REQUIRE_SQL(db, "PRAGMA journal_mode = WAL; DELETE FROM t WHERE id = 4");
  REQUIRE(!exists("a.db-journal"));
  REQUIRE(exists("a.db-wal"));
  int persists = 1;
  REQUIRE_EQ(sqlite3_file_control(db.get(), "main", SQLITE_FCNTL_PERSIST_WAL, &persists),
             SQLITE_OK);
  db.Close();
  REQUIRE(exists("a.db-wal"));
  REQUIRE_EQ(db.Open(vfs, "a.db"), SQLITE_OK);
  REQUIRE_ROWS(db, kCount, "6");
  db.Close();
  REQUIRE(!exists("a.db-wal"));
  REQUIRE_EQ(vfs.pool().files().file_count(), 1);
  return {};
}

Failure ConnectionsExcludeEachOther(Backend& backend) {
  TestVfs vfs;
  REQUIRE_PASSED(vfs.Start(backend, kLowerHalf));
  Connection first;
  Connection second;
  REQUIRE_EQ(first.Open(vfs, "a.db"), SQLITE_OK);
  REQUIRE_EQ(second.Open(vfs, "a.db"), SQLITE_OK);
  REQUIRE_EQ(MakeRows(first, 10), SQLITE_OK);
  REQUIRE_SQL(first, "BEGIN IMMEDIATE; DELETE FROM t WHERE id = 1");
  REQUIRE_ROWS(second, kCount, "10");
  REQUIRE_EQ(second.Exec("DELETE FROM t WHERE id = 2"), SQLITE_BUSY);
  REQUIRE_EQ(second.Exec("BEGIN IMMEDIATE"), SQLITE_BUSY);
  // A reader keeps the writer from committing, the waiting writer keeps new readers out.
  REQUIRE_SQL(second, "BEGIN; SELECT count(*) FROM t");
  REQUIRE_EQ(first.Exec("COMMIT"), SQLITE_BUSY);
  Connection third;
  REQUIRE_EQ(third.Open(vfs, "a.db"), SQLITE_OK);
  REQUIRE_ROWS(third, kCount, "error 5");
  REQUIRE_ROWS(second, kCount, "10");
  REQUIRE_SQL(second, "COMMIT");
  REQUIRE_SQL(first, "COMMIT");
  REQUIRE_ROWS(second, kCount, "9");
  REQUIRE_ROWS(third, kCount, "9");
  REQUIRE_SQL(third, "BEGIN EXCLUSIVE");
  REQUIRE_ROWS(first, kCount, "error 5");
  REQUIRE_SQL(third, "ROLLBACK");
  REQUIRE_SQL(second, "DELETE FROM t WHERE id = 2");
  REQUIRE_ROWS(first, kCount, "8");
  return {};
}

// Each connection has a journal mode of its own, and none may keep a journal that another one has
// to delete.
Failure ConnectionsDifferInJournalMode(Backend& backend) {
  TestVfs vfs;
  REQUIRE_PASSED(vfs.Start(backend, kLowerHalf));
  constexpr std::array kModes = {"PRAGMA journal_mode = PERSIST", "PRAGMA journal_mode = TRUNCATE",
                                 "PRAGMA journal_mode = DELETE"};
  std::array<Connection, kModes.size()> connections;
  for (std::size_t i = 0; i < connections.size(); ++i) {
    REQUIRE_EQ(connections[i].Open(vfs, "a.db"), SQLITE_OK);
    REQUIRE_SQL(connections[i], kModes[i]);
  }
  REQUIRE_SQL(connections[0], "CREATE TABLE t(x)");
  for (int round = 0; round < 3; ++round) {
    for (Connection& connection : connections) {
      REQUIRE_SQL(connection, "INSERT INTO t VALUES(1)");
      REQUIRE_SQL(connection, "BEGIN; INSERT INTO t VALUES(2); ROLLBACK");
    }
  }
  for (Connection& connection : connections) REQUIRE_ROWS(connection, kCount, "9");
  return {};
}

Failure WalReadersKeepTheirSnapshot(Backend& backend) {
  TestVfs vfs;
  REQUIRE_PASSED(vfs.Start(backend, kLowerHalf));
  Connection writer;
  Connection reader;
  REQUIRE_EQ(writer.Open(vfs, "a.db"), SQLITE_OK);
  REQUIRE_EQ(reader.Open(vfs, "a.db"), SQLITE_OK);
  REQUIRE_ROWS(writer, "PRAGMA journal_mode = WAL", "wal");
  REQUIRE_EQ(MakeRows(writer, 1000), SQLITE_OK);
  REQUIRE_SQL(reader, "BEGIN");
  REQUIRE_ROWS(reader, kCount, "1000");
  REQUIRE_SQL(writer, "DELETE FROM t WHERE id <= 500");
  REQUIRE_ROWS(reader, kCount, "1000");
  REQUIRE_EQ(reader.Exec("DELETE FROM t WHERE id = 1"), SQLITE_BUSY);
  REQUIRE_EQ(sqlite3_extended_errcode(reader.get()), SQLITE_BUSY_SNAPSHOT);
  REQUIRE_SQL(writer, "BEGIN IMMEDIATE; DELETE FROM t WHERE id = 501");
  REQUIRE_SQL(reader, "COMMIT");
  REQUIRE_ROWS(reader, kCount, "500");
  REQUIRE_EQ(reader.Exec("BEGIN IMMEDIATE"), SQLITE_BUSY);
  REQUIRE_SQL(writer, "COMMIT");
  REQUIRE_ROWS(reader, kCount, "499");
  REQUIRE_ROWS(reader, "PRAGMA wal_checkpoint(TRUNCATE)", "0|0|0");
  REQUIRE_EQ(vfs.pool().files().Find(Named("a.db-wal"))->size(), 0);
  REQUIRE_ROWS(writer, "PRAGMA integrity_check", "ok");
  REQUIRE_ROWS(writer, "PRAGMA journal_mode = DELETE", "error 5");
  reader.Close();
  REQUIRE_ROWS(writer, "PRAGMA journal_mode = DELETE", "delete");
  REQUIRE_EQ(vfs.pool().files().file_count(), 1);
  return {};
}

Failure TransactionsSpanDatabases(Backend& backend) {
  TestVfs vfs;
  REQUIRE_PASSED(vfs.Start(backend, kLowerHalf));
  Connection db;
  REQUIRE_EQ(db.Open(vfs, "a.db"), SQLITE_OK);
  REQUIRE_SQL(db, "ATTACH 'b.db' AS b; CREATE TABLE t(x); CREATE TABLE b.u(x)");
  REQUIRE_SQL(db, "BEGIN; INSERT INTO t VALUES(1); INSERT INTO b.u VALUES(1); COMMIT");
  REQUIRE_SQL(db, "BEGIN; INSERT INTO t VALUES(2); INSERT INTO b.u VALUES(2); ROLLBACK");
  REQUIRE_ROWS(db, "SELECT * FROM t JOIN b.u USING(x)", "1");
  REQUIRE_EQ(vfs.pool().files().file_count(), 2);
  // With no slot for the super-journal neither is committed.
  REQUIRE_SQL(db, "BEGIN; INSERT INTO t VALUES(3); INSERT INTO b.u VALUES(3)");
  for (const std::string_view name : {"1", "2", "3", "4"}) {
    REQUIRE_OK(vfs.pool().Create(Named(name), open_flag::kMainDb));
  }
  REQUIRE_EQ(vfs.pool().files().free_count(), 0);
  REQUIRE_EQ(db.Exec("COMMIT"), SQLITE_CANTOPEN);
  REQUIRE_OK(vfs.pool().order().Delete(*vfs.pool().files().Find(Named("1"))));
  static_cast<void>(db.Exec("ROLLBACK"));
  REQUIRE_ROWS(db, "SELECT count(*) FROM t", "1");
  REQUIRE_ROWS(db, "SELECT count(*) FROM b.u", "1");
  REQUIRE_SQL(db, "BEGIN; INSERT INTO t VALUES(3); INSERT INTO b.u VALUES(3); COMMIT");
  REQUIRE_ROWS(db, "SELECT count(*) FROM t JOIN b.u USING(x)", "2");
  return {};
}

Failure VacuumShrinks(Backend& backend) {
  TestVfs vfs;
  REQUIRE_PASSED(vfs.Start(backend, kLowerHalf));
  Connection db;
  REQUIRE_EQ(db.Open(vfs, "a.db"), SQLITE_OK);
  REQUIRE_SQL(db, "PRAGMA temp_store = FILE");
  REQUIRE_EQ(MakeRows(db, 5000), SQLITE_OK);
  const std::int64_t size = vfs.pool().files().Find(Named("a.db"))->size();
  REQUIRE_SQL(db, "DELETE FROM t WHERE id % 10 <> 0; VACUUM");
  REQUIRE(vfs.pool().files().Find(Named("a.db"))->size() < size / 5);
  REQUIRE_ROWS(db, kCount, "500");
  REQUIRE_ROWS(db, "PRAGMA integrity_check", "ok");
  REQUIRE_SQL(db, "VACUUM INTO 'copy.db'");
  Connection copy;
  REQUIRE_EQ(copy.Open(vfs, "copy.db", SQLITE_OPEN_READWRITE), SQLITE_OK);
  REQUIRE_ROWS(copy, "SELECT count(*), sum(id) FROM t", "500|1252500");
  REQUIRE_EQ(vfs.pool().files().file_count(), 2);
  REQUIRE_EQ(vfs.pool().files().free_count(), kLowerHalf.count - 2);
  return {};
}

// The number of nameless temporary files.
int CountTemporary(TestVfs& vfs) {
  int count = 0;
  while (vfs.pool().files().At(SlotState::kTemporary, count) != nullptr) ++count;
  return count;
}

Failure TemporaryFilesAreInThePool(Backend& backend) {
  TestVfs vfs;
  REQUIRE_PASSED(vfs.Start(backend, kLowerHalf));
  Connection db;
  REQUIRE_EQ(db.Open(vfs, "a.db"), SQLITE_OK);
  REQUIRE_SQL(db, "PRAGMA temp_store = FILE; PRAGMA cache_size = 10; PRAGMA temp.cache_size = 10");
  REQUIRE_EQ(MakeRows(db, 10000), SQLITE_OK);
  REQUIRE_SQL(db, "CREATE TEMP TABLE copy AS SELECT * FROM t");
  REQUIRE(CountTemporary(vfs) >= 1);
  REQUIRE_ROWS(db, "SELECT count(*), sum(id) FROM temp.copy", "10000|50005000");
  REQUIRE_SQL(db, "DROP TABLE temp.copy");
  const int before = CountTemporary(vfs);
  sqlite3_stmt* sorted = nullptr;
  REQUIRE_EQ(
      sqlite3_prepare_v2(db.get(), "SELECT id FROM t ORDER BY text DESC", -1, &sorted, nullptr),
      SQLITE_OK);
  const int code = sqlite3_step(sorted);
  const int during = CountTemporary(vfs);
  const sqlite3_int64 first = sqlite3_column_int64(sorted, 0);
  sqlite3_finalize(sorted);
  REQUIRE_EQ(code, SQLITE_ROW);
  REQUIRE(during > before);
  REQUIRE_EQ(first, 9999);
  REQUIRE_EQ(CountTemporary(vfs), before);
  db.Close();
  REQUIRE_EQ(CountTemporary(vfs), 0);
  REQUIRE_EQ(vfs.pool().files().free_count(), kLowerHalf.count - 1);
  return {};
}

Failure FullPoolStopsWritesOnly(Backend& backend) {
  TestVfs vfs;
  REQUIRE_PASSED(vfs.Start(backend, {0, 2}));
  Connection db;
  REQUIRE_EQ(db.Open(vfs, "a.db"), SQLITE_OK);
  REQUIRE_EQ(MakeRows(db, 10), SQLITE_OK);
  REQUIRE_OK(vfs.pool().Create(Named("b.db"), open_flag::kMainDb));
  // No slot is left for the journal.
  REQUIRE_EQ(db.Exec("DELETE FROM t"), SQLITE_CANTOPEN);
  REQUIRE_ROWS(db, kCount, "10");
  REQUIRE_OK(vfs->WithPool([&](Pool& pool) { return AttachSlots(backend, {2, 1}, pool); }));
  REQUIRE_SQL(db, "DELETE FROM t");
  REQUIRE_ROWS(db, kCount, "0");
  return {};
}

Failure UriParametersArrive(Backend& backend) {
  TestVfs vfs;
  REQUIRE_PASSED(vfs.Start(backend, kLowerHalf));
  constexpr int kFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI;
  struct Example {
    const char* name;
    int is_powersafe;
  };
  for (const Example& example :
       {Example{"file:a.db", 1}, Example{"file:a.db?psow=0", 0}, Example{"file:a.db?psow=1", 1}}) {
    Connection db;
    REQUIRE_EQ(db.Open(vfs, example.name, kFlags), SQLITE_OK);
    REQUIRE_SQL(db, "CREATE TABLE IF NOT EXISTS t(x)");
    int answer = -1;
    REQUIRE_EQ(sqlite3_file_control(db.get(), "main", SQLITE_FCNTL_POWERSAFE_OVERWRITE, &answer),
               SQLITE_OK);
    REQUIRE_EQ(answer, example.is_powersafe);
  }
  REQUIRE_EQ(vfs.pool().files().file_count(), 1);
  return {};
}

constexpr Case kCases[] = {
    {"sql: rows go in and out", RowsGoInAndOut},
    {"sql: journal mode DELETE", JournalModeDelete},
    {"sql: journal mode TRUNCATE", JournalModeTruncate},
    {"sql: journal mode PERSIST", JournalModePersist},
    {"sql: journal mode MEMORY", JournalModeMemory},
    {"sql: journal mode WAL", JournalModeWal},
    {"sql: journal mode OFF", JournalModeOff},
    {"sql: journals come and go", JournalsComeAndGo},
    {"sql: connections exclude each other", ConnectionsExcludeEachOther},
    {"sql: connections may differ in journal mode", ConnectionsDifferInJournalMode},
    {"sql: WAL readers keep their snapshot", WalReadersKeepTheirSnapshot},
    {"sql: transactions span databases", TransactionsSpanDatabases},
    {"sql: URI parameters arrive", UriParametersArrive},
    {"sql: VACUUM shrinks", VacuumShrinks},
    {"sql: temporary files are in the pool", TemporaryFilesAreInThePool},
    {"sql: a full pool stops writes only", FullPoolStopsWritesOnly},
};

}  // namespace

std::span<const Case> SqlCases() { return kCases; }

}  // namespace sahpool::conformance
