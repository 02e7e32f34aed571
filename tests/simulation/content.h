// What a simulated database holds, as a model beside SQLite, and how it is written and read in SQL.
//
// Every row is known by its key, its version and its size: its payload follows from these, so that
// a row with another row's bytes, or with half of its own, is noticed.
// Threads: none. Errors: the SQLite result code, or a text that says what is wrong.
#ifndef SAHPOOL_TESTS_SIMULATION_CONTENT_H_
#define SAHPOOL_TESTS_SIMULATION_CONTENT_H_

#include <sqlite3.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace sahpool::testing {

struct Row {
  std::int64_t version;
  std::int64_t size;
  friend bool operator==(const Row&, const Row&) = default;
};

inline constexpr std::size_t kTableCount = 2;

// The rows of each table by their key. A database that does not exist and one without tables have
// no rows, like one whose tables are empty.
using Content = std::array<std::map<std::int64_t, Row>, kTableCount>;
// Contents are compared, kept and shared, never changed.
using ContentPtr = std::shared_ptr<const Content>;
inline ContentPtr Shared(Content content) {
  return std::make_shared<const Content>(std::move(content));
}

// Makes the tables that are missing in `schema`.
std::string CreateTablesSql(const std::string& schema);

// Makes the SQL function payload(key, version, size) known to a connection.
int AddPayloadFunction(sqlite3* db);

// What the database `schema` of a connection holds now. Also reads by the indexes.
struct ReadOutcome {
  int code = SQLITE_OK;
  std::string problem;  // set when what was read can't have been written
  Content content;
};
ReadOutcome ReadContent(sqlite3* db, const std::string& schema);

// "ok", or what PRAGMA integrity_check says, or an SQLite error.
std::string CheckIntegrity(sqlite3* db, const std::string& schema);

// For messages: how many rows, and the first difference.
std::string Describe(const Content& content);
std::string DescribeDifference(const Content& found, const Content& wanted);

// A whole database with that content, as a file.
std::vector<std::byte> MakeDatabaseImage(const Content& content, int page_size, bool is_wal);
// The content of a database file; `problem` is set when it is none.
ReadOutcome ReadDatabaseImage(const std::vector<std::byte>& image);

}  // namespace sahpool::testing

#endif  // SAHPOOL_TESTS_SIMULATION_CONTENT_H_
