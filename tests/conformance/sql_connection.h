// A connection of SQLite's, and what cases ask of it.
//
// Ownership: closes the connection; it must not outlive the VFS. Errors: SQLite's result codes.
#ifndef SAHPOOL_TESTS_CONFORMANCE_SQL_CONNECTION_H_
#define SAHPOOL_TESTS_CONFORMANCE_SQL_CONNECTION_H_

#include <sqlite3.h>

#include "tests/conformance/pool_fixture.h"

namespace sahpool::conformance {

class Connection {
 public:
  Connection() = default;
  ~Connection() { Close(); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  int Open(const TestVfs& vfs, const char* name,
           int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) {
    return sqlite3_open_v2(name, &db_, flags, vfs.name());
  }
  void Close() { sqlite3_close_v2(std::exchange(db_, nullptr)); }

  sqlite3* get() const { return db_; }

  // The result code of all of `sql`.
  int Exec(const char* sql) { return sqlite3_exec(db_, sql, nullptr, nullptr, nullptr); }

  // The rows as text, values with '|' and rows with ' ' between them; "error <code>" when it fails.
  Text Query(const char* sql);

 private:
  sqlite3* db_ = nullptr;
};

inline Text Connection::Query(const char* sql) {
  Text rows;
  sqlite3_stmt* statement = nullptr;
  int code = sqlite3_prepare_v2(db_, sql, -1, &statement, nullptr);
  while (code == SQLITE_OK || code == SQLITE_ROW) {
    code = sqlite3_step(statement);
    if (code != SQLITE_ROW) break;
    if (!rows.empty()) rows.Append(" ");
    for (int column = 0; column < sqlite3_column_count(statement); ++column) {
      const auto* const text = sqlite3_column_text(statement, column);
      if (column > 0) rows.Append("|");
      rows.Append(text != nullptr ? reinterpret_cast<const char*>(text) : "null");
    }
  }
  sqlite3_finalize(statement);
  return code == SQLITE_DONE ? rows : Text("error ").Append(code);
}

#define REQUIRE_SQL(connection, sql) REQUIRE_EQ((connection).Exec(sql), SQLITE_OK)
#define REQUIRE_ROWS(connection, sql, expected) \
  REQUIRE_EQ((connection).Query(sql).view(), std::string_view(expected))

// Makes table t and fills it with the rows 1 to `count`, each some 200 bytes.
inline int MakeRows(Connection& connection, int count) {
  Text sql(
      "CREATE TABLE t(id INTEGER PRIMARY KEY, text);"
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ");
  sql.Append(count).Append(
      ") INSERT INTO t SELECT i, 'row ' || i || ' ' || hex(zeroblob(100)) FROM n");
  return connection.Exec(sql.c_str());
}

}  // namespace sahpool::conformance

#endif  // SAHPOOL_TESTS_CONFORMANCE_SQL_CONNECTION_H_
