// Journals that were deleted without a flush, and whose slot or database has another use since: no
// crash brings them back.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "journal_seal_fixture.h"

namespace sahpool::testing {
namespace {

constexpr std::string_view kNoTable = "error 1: no such table: t";
constexpr std::string_view kEmptyTable = "NULL";

class DeletedJournalTest : public JournalSealTest {};

TEST_F(DeletedJournalTest, ASlotForgetsItsJournalBeforeAnotherFileTakesIt) {
  MakeSlots(3);
  ASSERT_TRUE(pool.Import("app.db", MakeDatabase("old")).ok());
  connection.emplace("app.db", pool.vfs().name());
  MakeNew();
  CheckCrashesDuring(
      disk,
      [&] {
        Connection other("other.db", pool.vfs().name());
        EXPECT_EQ(other.Execute("CREATE TABLE t(a); INSERT INTO t VALUES(1)"), SQLITE_OK);
      },
      [](PoolOnDisk& left) { EXPECT_EQ(DescribeFile(left, "app.db"), "new*10"); });
}

TEST_F(DeletedJournalTest, ADeletedDatabasesJournalIsNotAppliedToItsSuccessor) {
  MakeOldDatabase();
  MakeNew();
  connection.reset();
  CheckCrashesDuring(
      disk,
      [&] {
        EXPECT_TRUE(pool.pool().order().DeleteDatabase(*pool.Find("app.db")).ok());
        connection.emplace("app.db", pool.vfs().name());
        Run("PRAGMA page_size=1024; CREATE TABLE t(tag, filling);"
            "INSERT INTO t VALUES('newer', zeroblob(9000))");
      },
      [](PoolOnDisk& left) {
        // Never the rows of the first one under the pages of the second, or the other way round.
        ExpectOneOf(DescribeFile(left, "app.db"),
                    {"new*10", "not to be opened", "newer*1", kNoTable, kEmptyTable});
      });
}

TEST_F(DeletedJournalTest, AnImportedDatabaseIsNotTakenBack) {
  MakeOldDatabase();
  MakeNew();
  connection.reset();
  CheckCrashesDuring(
      disk, [&] { EXPECT_TRUE(pool.Import("app.db", MakeDatabase("imported", 5)).ok()); },
      [](PoolOnDisk& left) {
        ExpectOneOf(DescribeFile(left, "app.db"), {"new*10", "imported*5"});
      });
}

TEST_F(DeletedJournalTest, ATransactionWithoutAJournalIsNotTakenBack) {
  MakeOldDatabase();
  MakeNew();
  Run("PRAGMA journal_mode=memory; UPDATE t SET tag='newer'");
  ExpectAfterEachCrash(disk, "newer*10");
}

// It was found by a start, which made no journal of its own.
TEST_F(DeletedJournalTest, ATransactionAfterARollbackIsNotTakenBack) {
  MakeOldDatabase();
  std::vector<SlotBytes> killed;
  disk.before_change = [&] { killed.push_back(disk.Everything()); };
  MakeNew();
  disk.before_change = nullptr;
  for (const SlotBytes& slots : killed) {
    FaultDisk left(slots);
    PoolOnDisk next(left);
    ASSERT_TRUE(next.Start().ok());
    Connection app("app.db", next.vfs().name());
    EXPECT_EQ(app.Execute("PRAGMA journal_mode=memory; UPDATE t SET tag='newer'"), SQLITE_OK);
    ExpectAfterEachCrash(left, "newer*10");
  }
}

// The bytes of a deleted journal stay in its slot until the next journal is written over them. A
// crash may let through the next one's header and nothing else.
TEST_F(DeletedJournalTest, ItsBytesDoNotComeBackUnderTheNextHeader) {
  MakeOldDatabase();
  for (const char* mode : {"memory", "wal"}) {
    SCOPED_TRACE(mode);
    MakeNew();
    Run(std::string("PRAGMA journal_mode=") + mode);
    Run("UPDATE t SET tag='newer'; PRAGMA journal_mode=delete");
    const auto moment = BeforeFlushOf(kJournalName, "UPDATE t SET tag='newest'");
    SlotBytes left;
    for (const auto& [name, slot] : moment) left[name] = slot.durable;
    const std::string name = SlotNameOf(Written(moment), kJournalName);
    std::copy_n(moment.at(name).now.begin(), FaultDisk::kSectorSize * 2, left.at(name).begin());
    EXPECT_EQ(DescribeAfterStart(left), "newer*10");
  }
}

TEST_F(DeletedJournalTest, AWalIsNotTakenBack) {
  MakeOldDatabase();
  MakeNew();
  CheckCrashesDuring(
      disk,
      [&] {
        Run("PRAGMA journal_mode=wal; BEGIN; CREATE TABLE u(a); UPDATE t SET tag='newer'; COMMIT;"
            "PRAGMA wal_checkpoint(TRUNCATE)");
      },
      [](PoolOnDisk& left) { ExpectOneOf(DescribeFile(left, "app.db"), {"new*10", "newer*10"}); });
}

// The start renames a database whose name no open could reach: after it knows which journals are
// void.
TEST_F(DeletedJournalTest, ARenamedDatabaseIsNotTakenBack) {
  MakeOldDatabase();
  MakeNew();
  SlotBytes left = disk.CrashState(1);
  for (const std::string_view suffix : {"", "-journal"}) {
    Bytes& slot = SlotAt(left, "/app.db" + std::string(suffix));
    slot = Renamed(slot, "/folder/../app.db" + std::string(suffix));
  }
  EXPECT_EQ(DescribeAfterStart(left), "new*10");
}

// The commit over two databases dies before the second journal's header is written. SQLite rolls
// back nothing by such a journal, and leaves it there, with the super-journal's name at its end.
TEST(IncompleteJournalTest, TheNextTransactionCanBeRolledBack) {
  FaultDisk disk;
  AddFreeSlots(disk, 6);
  std::vector<SlotBytes> killed;
  {
    PoolOnDisk pool(disk);
    ASSERT_TRUE(pool.Start().ok());
    Connection both("a.db", pool.vfs().name());
    ASSERT_EQ(both.Execute("ATTACH 'b.db' AS other; CREATE TABLE t(v); CREATE TABLE other.u(v);"
                           "INSERT INTO t VALUES('old'); INSERT INTO u VALUES('old')"),
              SQLITE_OK);
    disk.before_change = [&] { killed.push_back(disk.Everything()); };
    ASSERT_EQ(both.Execute("BEGIN; UPDATE t SET v='new'; UPDATE u SET v='new'; COMMIT"), SQLITE_OK);
    disk.before_change = nullptr;
  }
  int had_super_journal = 0;
  for (const SlotBytes& slots : killed) {
    FaultDisk left(slots);
    PoolOnDisk pool(left);
    ASSERT_TRUE(pool.Start().ok());
    Connection both("a.db", pool.vfs().name());
    ASSERT_EQ(both.Execute("ATTACH 'b.db' AS other; SELECT * FROM t; SELECT * FROM u"), SQLITE_OK);
    // What is left of it takes a slot; SQLite never deletes it.
    for (const std::string& name : pool.Names()) {
      if (name.find("-mj") == std::string::npos) continue;
      ++had_super_journal;
      ASSERT_TRUE(pool.pool().order().Delete(*pool.Find(name)).ok());
    }
    const std::string before = both.Query("SELECT v FROM u");
    ASSERT_EQ(both.Execute("BEGIN; UPDATE u SET v='lost'; ROLLBACK"), SQLITE_OK);
    EXPECT_EQ(both.Query("SELECT v FROM u"), before);
  }
  EXPECT_GT(had_super_journal, 0);
}

// A commit whose end fails leaves a journal beside a database that vouches for the transaction; the
// import then writes the database itself.
void ImportAfterFailedCommit(const Fault& fault, bool& has_hit) {
  FaultDisk disk;
  AddFreeSlots(disk, 4);
  PoolOnDisk pool(disk);
  ASSERT_TRUE(pool.Start().ok());
  ASSERT_TRUE(pool.Import("app.db", MakeDatabase("old")).ok());
  {
    Connection connection("app.db", pool.vfs().name());
    disk.Arm(fault);
    connection.Execute("UPDATE t SET tag='new'");
  }
  has_hit = disk.has_hit();
  disk.Disarm();
  CheckCrashesDuring(
      disk, [&] { EXPECT_TRUE(pool.Import("app.db", MakeDatabase("imported", 5)).ok()); },
      [](PoolOnDisk& left) {
        ExpectOneOf(DescribeFile(left, "app.db"), {"old*10", "new*10", "imported*5"});
      });
}

TEST(DeletedJournalFaultTest, AnImportAfterAFailedCommitIsNotTakenBack) {
  for (const Fault::Kind kind : {Fault::Kind::kError, Fault::Kind::kErrorAfterEffect}) {
    for (const bool persists : {false, true}) {
      bool has_hit = true;
      for (int nth = 1; has_hit && !::testing::Test::HasFailure(); ++nth) {
        SCOPED_TRACE("kind " + std::to_string(static_cast<int>(kind)) + ", call " +
                     std::to_string(nth) + (persists ? " and all later ones" : ""));
        ImportAfterFailedCommit({.kind = kind, .nth = nth, .persists = persists}, has_hit);
      }
    }
  }
}

}  // namespace
}  // namespace sahpool::testing
