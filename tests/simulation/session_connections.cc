// A workload's connections, their settings and their transactions.
#include <algorithm>
#include <array>
#include <utility>

#include "judge.h"
#include "session.h"

namespace sahpool::testing {
namespace {

constexpr std::size_t kMaxSavepoints = 3;

}  // namespace

void Session::Open(const Operation& operation) {
  SimulatedConnection& connection = ConnectionOf(operation);
  Close(connection);
  connection.main = operation.database;
  connection.synchronous = 2;
  const std::string path = Path(connection.main);
  int code = sqlite3_open_v2(path.c_str(), &connection.db,
                             SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, pool_->vfs_name());
  if (code == SQLITE_OK) code = AddPayloadFunction(connection.db);
  std::vector<std::string> setup;
  const auto set_up = [&](const std::string& schema) {
    setup.push_back("PRAGMA " + schema + ".page_size = " + std::to_string(settings_.page_size));
    setup.push_back("PRAGMA " + schema + ".auto_vacuum = " + std::to_string(settings_.auto_vacuum));
    setup.push_back("PRAGMA " + schema + ".cache_size = " + std::to_string(settings_.cache_pages));
    setup.push_back("PRAGMA " + schema + ".journal_mode = " + settings_.journal_mode);
    setup.push_back(CreateTablesSql(schema));
  };
  setup.push_back("PRAGMA temp_store = file; PRAGMA wal_autocheckpoint = " +
                  std::to_string(settings_.wal_autocheckpoint));
  if (operation.b % 8 == 0) setup.push_back("PRAGMA locking_mode = exclusive");
  set_up("main");
  if (operation.a % 2 == 0) {
    setup.push_back("ATTACH '" + Path(1 - connection.main) + "' AS other");
    connection.has_attached = true;
    set_up("other");
  }
  for (const std::string& sql : setup) {
    if (code != SQLITE_OK) break;
    code = Execute(connection, sql);
    // Another connection may be in the way of a change of the journal mode.
    const bool is_mode = sql.find("journal_mode") != std::string::npos;
    if ((code & 0xff) == SQLITE_BUSY && is_mode) code = SQLITE_OK;
  }
  if (Accept(code, "open " + path)) {
    NoteJournalModes(connection);
  } else {
    Close(connection);
  }
}

void Session::Close(SimulatedConnection& connection) {
  Forget(connection);
  // Whatever fails in it, the connection is gone.
  sqlite3_close_v2(std::exchange(connection.db, nullptr));
  connection.has_attached = false;
}

void Session::SetJournalMode(const Operation& operation) {
  SimulatedConnection& connection = ConnectionOf(operation);
  if (!Sees(connection, operation.database) || connection.in_transaction) return;
  const std::string mode = JournalModeOf(operation);
  const std::string schema = SchemaOf(connection, operation.database);
  // SQLite up to 3.53.2, on every VFS: a connection that leaves WAL mode doesn't notice that its
  // page 1 is older than another connection's VACUUM, unless it has read since.
  const std::string sql = "SELECT count(*) FROM " + schema + ".sqlite_schema; PRAGMA " + schema +
                          ".journal_mode = " + mode;
  if (Accept(Execute(connection, sql), "journal_mode = " + mode)) journal_mode_ = mode;
  NoteJournalModes(connection);
}

void Session::SetSynchronous(const Operation& operation) {
  SimulatedConnection& connection = ConnectionOf(operation);
  if (connection.db == nullptr || connection.in_transaction) return;
  const std::string level = std::to_string(SynchronousOf(operation));
  std::string sql = "PRAGMA main.synchronous = " + level;
  if (connection.has_attached) sql += "; PRAGMA other.synchronous = " + level;
  // Until it is known to be set, nothing may be hoped of it.
  connection.synchronous = std::min(connection.synchronous, SynchronousOf(operation));
  if (Accept(Execute(connection, sql), sql)) connection.synchronous = SynchronousOf(operation);
}

void Session::Begin(const Operation& operation) {
  SimulatedConnection& connection = ConnectionOf(operation);
  if (connection.db == nullptr || connection.in_transaction) return;
  constexpr std::array kKinds = {"BEGIN", "BEGIN", "BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"};
  const char* const kind = kKinds[operation.a % kKinds.size()];
  connection.in_transaction = Accept(Execute(connection, kind), kind);
}

void Session::Commit(SimulatedConnection& connection) {
  if (!connection.in_transaction) return;
  Views contents{};
  for (std::size_t i = 0; i < kDatabaseCount; ++i) {
    if (connection.has_written[i]) contents[i] = connection.view[i];
  }
  const bool is_atomic = contents[0] && contents[1] && connection.synchronous > 0 &&
                         !UsesWal(connection, 0) && !UsesWal(connection, 1);
  ExpectCommit(contents, is_atomic);
  const int code = Execute(connection, "COMMIT");
  if (connection.has_attached && expects_failure()) may_have_stale_journals_ = true;
  if (Accept(code, "COMMIT")) {
    Committed(contents, connection.synchronous >= 2);
    Forget(connection);
  } else if (sqlite3_get_autocommit(connection.db) == 0) {
    NotCommitted();
  } else {
    CommitMayHaveFailed(contents);
    Forget(connection);
    Resolve(connection);
  }
}

void Session::Rollback(SimulatedConnection& connection) {
  if (!connection.in_transaction) return;
  Accept(Execute(connection, "ROLLBACK"), "ROLLBACK");
  NoteEndedTransaction(connection);
}

void Session::Savepoint(SimulatedConnection& connection) {
  if (!connection.in_transaction || connection.savepoints.size() == kMaxSavepoints) return;
  const std::string sql = "SAVEPOINT s" + std::to_string(connection.savepoints.size());
  if (Accept(Execute(connection, sql), sql)) {
    connection.savepoints.emplace_back(connection.view, connection.has_written);
  }
  NoteEndedTransaction(connection);
}

void Session::Release(SimulatedConnection& connection) {
  if (connection.savepoints.empty()) return;
  const std::string sql = "RELEASE s" + std::to_string(connection.savepoints.size() - 1);
  if (Accept(Execute(connection, sql), sql)) connection.savepoints.pop_back();
  NoteEndedTransaction(connection);
}

void Session::RollbackTo(const Operation& operation) {
  SimulatedConnection& connection = ConnectionOf(operation);
  if (connection.savepoints.empty()) return;
  const std::size_t index = operation.a % connection.savepoints.size();
  const std::string sql = "ROLLBACK TO s" + std::to_string(index);
  if (!Accept(Execute(connection, sql), sql)) {
    // What it has undone is unknown.
    NoteEndedTransaction(connection);
    Rollback(connection);
    return;
  }
  connection.savepoints.resize(index + 1);
  for (std::size_t i = 0; i < kDatabaseCount; ++i) {
    const ContentPtr& saved = connection.savepoints[index].first[i];
    connection.view[i] = saved ? saved : connection.snapshot[i];
  }
}

}  // namespace sahpool::testing
