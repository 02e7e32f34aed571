// What a workload's connections read and write.
#include <array>

#include "file/write_buffer.h"
#include "judge.h"
#include "session.h"

namespace sahpool::testing {

Content Session::Changed(const Content& content, const Operation& operation) const {
  const Change change = ChangeOf(operation);
  Content changed = content;
  auto& rows = changed[change.table];
  for (std::int64_t key = change.first_key; key < change.first_key + change.count; ++key) {
    const auto row = rows.find(key);
    switch (operation.action) {
      case Action::kInsert:
        rows[key] = {.version = version_, .size = change.size};
        break;
      case Action::kUpdate:
        if (row != rows.end()) row->second = {.version = version_, .size = change.size};
        break;
      default:
        rows.erase(key);
    }
  }
  return changed;
}

std::string Session::SqlOf(const Operation& operation, const std::string& schema) const {
  const Change change = ChangeOf(operation);
  const std::string table = schema + ".t" + std::to_string(change.table);
  const std::string first = std::to_string(change.first_key);
  const std::string last = std::to_string(change.first_key + change.count - 1);
  const std::string version = std::to_string(version_);
  const std::string size = std::to_string(change.size);
  switch (operation.action) {
    case Action::kInsert:
      return "WITH RECURSIVE key(i) AS (SELECT " + first +
             " UNION ALL SELECT i + 1 FROM key WHERE i < " + last + ") INSERT OR REPLACE INTO " +
             table + " SELECT i, " + version + ", payload(i, " + version + ", " + size +
             ") FROM key";
    case Action::kUpdate:
      return "UPDATE " + table + " SET version = " + version + ", payload = payload(id, " +
             version + ", " + size + ") WHERE id BETWEEN " + first + " AND " + last;
    default:
      return "DELETE FROM " + table + " WHERE id BETWEEN " + first + " AND " + last;
  }
}

void Session::Write(const Operation& operation) {
  SimulatedConnection& connection = ConnectionOf(operation);
  const std::size_t database = operation.database;
  if (!Sees(connection, database)) return;
  const bool is_open_question = is_uncertain_[database] || live_[database].size() > 1;
  if (is_open_question && !ReadThrough(connection, database)) return;
  if (!Sees(connection, database) || !failure_.empty()) return;
  const ContentPtr seen = Look(connection, database);
  if (!seen) return;
  ++version_;
  const ContentPtr changed = Shared(Changed(*seen, operation));
  const std::string sql = SqlOf(operation, SchemaOf(connection, database));
  if (!connection.in_transaction) {
    Views contents{};
    contents[database] = changed;
    ExpectCommit(contents, false);
    const int code = Execute(connection, sql);
    if (Accept(code, sql)) return Committed(contents, connection.synchronous >= 2);
    if ((code & 0xff) == SQLITE_BUSY) return NotCommitted();
    CommitMayHaveFailed(contents);
    return Resolve(connection);
  }
  if (Accept(Execute(connection, sql), sql)) {
    if (IsWrittenByOther(connection, database)) return Fail("two transactions write at once");
    if (!connection.snapshot[database]) connection.snapshot[database] = seen;
    connection.view[database] = changed;
    connection.has_written[database] = true;
    return;
  }
  NoteEndedTransaction(connection);
  // Whether the failed statement has begun to read, and so fixed what is seen, is unknown.
  if (!connection.view[database]) Rollback(connection);
}

void Session::Read(const Operation& operation) {
  SimulatedConnection& connection = ConnectionOf(operation);
  if (Sees(connection, operation.database)) ReadThrough(connection, operation.database);
}

// False when nothing could be read.
bool Session::ReadThrough(SimulatedConnection& connection, std::size_t database) {
  const ReadOutcome outcome = ReadContent(connection.db, SchemaOf(connection, database));
  if (!outcome.problem.empty()) {
    Fail(Path(database) + ": " + outcome.problem);
    return false;
  }
  if (!Accept(outcome.code, "reading " + Path(database))) {
    NoteEndedTransaction(connection);
    if (connection.in_transaction && !connection.view[database]) Rollback(connection);
    return false;
  }
  if (connection.view[database]) {
    if (*connection.view[database] != outcome.content) {
      Fail(Path(database) + " is seen otherwise than written: " +
           DescribeDifference(outcome.content, *connection.view[database]));
    }
    return true;
  }
  Settle(database, outcome.content);
  if (connection.in_transaction) {
    connection.snapshot[database] = connection.view[database] = live_[database].front();
  }
  return true;
}

// Reads what a failed commit has left.
void Session::Resolve(SimulatedConnection& connection) {
  if (connection.in_transaction) return;
  for (std::size_t i = 0; i < kDatabaseCount; ++i) {
    if (live_[i].size() > 1 && Sees(connection, i)) ReadThrough(connection, i);
  }
}

void Session::Sort(const Operation& operation) {
  SimulatedConnection& connection = ConnectionOf(operation);
  if (connection.db == nullptr || connection.in_transaction) return;
  // Some temporary databases are larger than what a slot keeps back, so that they reach the disk.
  // The size of the cache can be set when there is one, no sooner.
  const std::size_t more = operation.a % 2 == 0 ? WriteBuffer::kCapacity : 10'000;
  const std::string sql =
      "CREATE TEMP TABLE IF NOT EXISTS sorted(payload); PRAGMA temp.cache_size = 2;"
      "INSERT INTO sorted VALUES(zeroblob(" +
      std::to_string(more) +
      "));"
      "INSERT INTO sorted SELECT payload FROM main.t0 ORDER BY payload;"
      "INSERT INTO sorted SELECT payload FROM sorted ORDER BY payload DESC;"
      "DELETE FROM sorted";
  Accept(Execute(connection, sql), "sort");
}

void Session::Vacuum(const Operation& operation) {
  SimulatedConnection& connection = ConnectionOf(operation);
  if (!Sees(connection, operation.database) || connection.in_transaction) return;
  const std::string schema = SchemaOf(connection, operation.database);
  const std::string sql =
      operation.action == Action::kVacuum
          ? "VACUUM " + schema
          : "PRAGMA " + schema + ".incremental_vacuum(" + std::to_string(1 + operation.a % 5) + ")";
  Accept(Execute(connection, sql), sql);
}

void Session::Checkpoint(const Operation& operation) {
  SimulatedConnection& connection = ConnectionOf(operation);
  const std::size_t database = operation.database;
  if (!Sees(connection, database) || connection.in_transaction) return;
  constexpr std::array kModes = {SQLITE_CHECKPOINT_PASSIVE, SQLITE_CHECKPOINT_FULL,
                                 SQLITE_CHECKPOINT_RESTART, SQLITE_CHECKPOINT_TRUNCATE};
  int frames = 0;
  int done = 0;
  const int code = sqlite3_wal_checkpoint_v2(connection.db, SchemaOf(connection, database).c_str(),
                                             kModes[operation.a % kModes.size()], &frames, &done);
  if (!Accept(code, "checkpoint")) return;
  const bool is_complete = frames >= 0 && frames == done && UsesWal(connection, database);
  if (is_complete && !is_uncertain_[database] && live_[database].size() == 1) {
    expectation_.permitted[database] = live_[database];
  }
}

}  // namespace sahpool::testing
