// A pool of its own for each test of the C++ library.
#ifndef SAHPOOL_TESTS_LIBRARY_SQLITE_POOL_FIXTURE_H_
#define SAHPOOL_TESTS_LIBRARY_SQLITE_POOL_FIXTURE_H_

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <string>
#include <utility>

#include "database_files.h"
#include "sahpool/sqlite_pool.h"
#include "sql_connection.h"

namespace sahpool::testing {

struct SqlitePoolTest : ::testing::Test {
  PoolOptions Options() const {
    return {.vfs_name = vfs, .directory = path, .acquire_timeout_ms = 0};
  }
  SqlitePool Open() const { return Open(Options()); }
  static SqlitePool Open(const PoolOptions& options) {
    auto opened = SqlitePool::Open(options).Wait();
    EXPECT_TRUE(opened.ok()) << opened.status().text();
    return std::move(opened.value());
  }
  sqlite3* Connect(const char* name) const {
    sqlite3* db = nullptr;
    EXPECT_EQ(sqlite3_open_v2(name, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, vfs.c_str()),
              SQLITE_OK)
        << sqlite3_errmsg(db);
    return db;
  }
  // Makes a database with the number in it.
  void Make(const char* name, int number) const {
    sqlite3* const db = Connect(name);
    const std::string sql =
        "CREATE TABLE t(x); INSERT INTO t VALUES(" + std::to_string(number) + ")";
    EXPECT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(db);
  }
  int NumberIn(const char* name) const {
    sqlite3* const db = Connect(name);
    sqlite3_stmt* statement = nullptr;
    int number = -1;
    if (sqlite3_prepare_v2(db, "SELECT x FROM t", -1, &statement, nullptr) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW) {
      number = sqlite3_column_int(statement, 0);
    }
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return number;
  }

  const TemporaryDirectory directory;
  const std::string path = directory.PathOf("a/pool");
  const std::string vfs = UniqueVfsName();
};

}  // namespace sahpool::testing

#endif  // SAHPOOL_TESTS_LIBRARY_SQLITE_POOL_FIXTURE_H_
