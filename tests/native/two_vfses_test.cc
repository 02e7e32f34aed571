// Transactions over databases of which not all are in one pool: what SQLite can't make atomic there
// is refused, and all else goes on as in one pool.
#include <gtest/gtest.h>

#include <memory>
#include <ostream>
#include <string>

#include "database_files.h"
#include "sql_connection.h"

namespace sahpool::testing {
namespace {

struct Setting {
  const char* name;
  bool main_is_ours;
  bool other_is_ours;
  const char* journal_mode;

  friend std::ostream& operator<<(std::ostream& out, const Setting& one) {
    return out << one.name << ", " << one.journal_mode;
  }
};

constexpr const char* kRows =
    "CREATE TABLE #.t(k INTEGER PRIMARY KEY, v, pad); CREATE INDEX #.i ON t(v, pad);"
    "WITH RECURSIVE n(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n WHERE k < 500) "
    "INSERT INTO #.t SELECT k, 0, hex(zeroblob(100)) FROM n;";
constexpr const char* kValues = "SELECT (SELECT sum(v) FROM main.t), (SELECT sum(v) FROM other.t)";

// `text` with `schema` in the place of each '#'.
std::string For(const std::string& schema, std::string text) {
  for (std::size_t at = 0; (at = text.find('#', at)) != std::string::npos;) {
    text.replace(at, 1, schema);
  }
  return text;
}

struct Databases {
  Databases(bool main_is_ours, bool other_is_ours)
      : first(OpenPool(directory.PathOf("first"))),
        second(OpenPool(directory.PathOf("second"))),
        main(main_is_ours ? "/app.db" : directory.PathOf("main.db"),
             main_is_ours ? first->vfs().name() : "unix") {
    Attach("other", other_is_ours ? "/other.db" : directory.PathOf("other.db"),
           other_is_ours ? second->vfs().name() : "unix");
  }
  void Attach(const std::string& schema, const std::string& path, const std::string& vfs) {
    Run("ATTACH 'file:" + path + "?vfs=" + vfs + "' AS " + schema);
  }
  void Run(const std::string& sql) {
    const Outcome outcome = main.Run(sql);
    EXPECT_EQ(outcome.code, SQLITE_OK) << sql << ": " << outcome.message;
  }
  void SetJournalMode(const std::string& schema, const std::string& mode) {
    Run("PRAGMA " + schema + ".journal_mode=" + mode);
  }

  TemporaryDirectory directory;
  std::unique_ptr<DirectoryPool> first;
  std::unique_ptr<DirectoryPool> second;
  Connection main;
};

class TwoVfsesTest : public ::testing::TestWithParam<Setting> {};

TEST_P(TwoVfsesTest, ACommitThatCouldBeTornIsRefusedAndRolledBack) {
  Databases both(GetParam().main_is_ours, GetParam().other_is_ours);
  for (const char* schema : {"main", "other"}) {
    both.SetJournalMode(schema, GetParam().journal_mode);
    both.Run(For(schema, kRows));
  }
  for (const char* cache_size : {"5", "2000"}) {
    both.Run(std::string("PRAGMA main.cache_size=") + cache_size);
    both.Run(std::string("PRAGMA other.cache_size=") + cache_size);
    both.Run("BEGIN; UPDATE main.t SET v = 1; UPDATE other.t SET v = 1");
    EXPECT_EQ(both.main.Execute("COMMIT"), SQLITE_IOERR_WRITE);
    const Status error = (GetParam().main_is_ours ? both.first : both.second)->vfs().last_error();
    EXPECT_NE(error.text().find("two VFSes"), std::string_view::npos) << error.text();
    EXPECT_EQ(both.main.Query(kValues), "0|0");
    EXPECT_EQ(both.main.Query("PRAGMA integrity_check"), "ok");
    // Statements that commit by themselves, too.
    both.Run(
        "CREATE TEMP TRIGGER IF NOT EXISTS both AFTER UPDATE ON main.t BEGIN "
        "UPDATE other.t SET v = NEW.v WHERE k = NEW.k; END");
    EXPECT_EQ(both.main.Execute("UPDATE main.t SET v = 1"), SQLITE_IOERR_WRITE);
    EXPECT_EQ(both.main.Query(kValues), "0|0");
  }
  // One database after the other is no such transaction.
  both.Run("DROP TRIGGER temp.both; UPDATE main.t SET v = 2; UPDATE other.t SET v = 3");
  EXPECT_EQ(both.main.Query(kValues), "1000|1500");
  EXPECT_EQ(both.main.Query("PRAGMA integrity_check"), "ok");
}

INSTANTIATE_TEST_SUITE_P(All, TwoVfsesTest,
                         ::testing::Values(Setting{"two pools", true, true, "DELETE"},
                                           Setting{"two pools", true, true, "TRUNCATE"},
                                           Setting{"two pools", true, true, "PERSIST"},
                                           Setting{"ours and unix", true, false, "DELETE"},
                                           Setting{"ours and unix", true, false, "TRUNCATE"},
                                           Setting{"ours and unix", true, false, "PERSIST"},
                                           Setting{"unix and ours", false, true, "DELETE"},
                                           Setting{"unix and ours", false, true, "TRUNCATE"},
                                           Setting{"unix and ours", false, true, "PERSIST"}));

TEST(TwoVfses, DatabasesOfOneNameAreTwo) {
  Databases both(true, true);
  both.Run(For("main", kRows));
  both.Attach("same", "/app.db", both.second->vfs().name());
  both.Run(For("same", kRows));
  both.Run("BEGIN; UPDATE main.t SET v = 1; UPDATE same.t SET v = 1");
  EXPECT_EQ(both.main.Execute("COMMIT"), SQLITE_IOERR_WRITE);
  EXPECT_EQ(both.main.Query("SELECT (SELECT sum(v) FROM main.t), (SELECT sum(v) FROM same.t)"),
            "0|0");
}

TEST(TwoVfses, WhatNeedsNoSuperJournalGoesOn) {
  for (const bool main_is_ours : {true, false}) {
    for (const bool other_is_ours : {true, false}) {
      for (const char* mode : {"WAL", "MEMORY", "OFF"}) {
        for (const bool of_main : {true, false}) {
          Databases both(main_is_ours, other_is_ours);
          both.Run(For("main", kRows));
          both.Run(For("other", kRows));
          both.SetJournalMode(of_main ? "main" : "other", mode);
          both.Run("CREATE TEMP TABLE u(x); ATTACH ':memory:' AS memory; CREATE TABLE memory.m(x)");
          both.Run(
              "BEGIN; UPDATE main.t SET v = 1; UPDATE other.t SET v = 1;"
              "INSERT INTO u VALUES(1); INSERT INTO memory.m VALUES(1); COMMIT");
          EXPECT_EQ(both.main.Query(kValues), "500|500");
        }
      }
    }
  }
}

TEST(TwoVfses, ASuperJournalOfOnePoolServesItsDatabasesInAllModes) {
  for (const char* mode : {"DELETE", "TRUNCATE", "PERSIST", "WAL", "MEMORY", "OFF"}) {
    for (const char* locking : {"NORMAL", "EXCLUSIVE"}) {
      Databases both(true, true);
      for (const char* schema : {"second", "third", "fourth"}) {
        both.Attach(schema, std::string("/") + schema + ".db", both.first->vfs().name());
        both.Run(For(schema, kRows));
      }
      both.Run(For("main", kRows));
      // That of the other pool, too; BEGIN IMMEDIATE would begin to write one that is empty.
      both.Run(For("other", kRows));
      both.Run(std::string("PRAGMA locking_mode=") + locking);
      both.SetJournalMode("fourth", mode);
      both.Run("CREATE TEMP TABLE u(x); ATTACH ':memory:' AS memory; CREATE TABLE memory.m(x)");
      for (int i = 0; i < 2; ++i) {
        // Of the third one and the other pool's nothing is changed.
        both.Run(
            "BEGIN IMMEDIATE; UPDATE main.t SET v = v + 1; UPDATE second.t SET v = v + 1;"
            "UPDATE fourth.t SET v = v + 1; INSERT INTO u VALUES(1);"
            "INSERT INTO memory.m VALUES(1); COMMIT");
      }
      EXPECT_EQ(both.main.Query("SELECT (SELECT sum(v) FROM main.t), (SELECT sum(v) FROM second.t),"
                                "(SELECT sum(v) FROM third.t), (SELECT sum(v) FROM fourth.t)"),
                "1000|1000|0|1000")
          << mode << ", " << locking;
    }
  }
}

}  // namespace
}  // namespace sahpool::testing
