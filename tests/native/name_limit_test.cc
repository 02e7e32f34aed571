// How long a database's name may be: the same in every call that gives one, and so that SQLite can
// name all that it makes beside it. Longer ones that others gave are read and go.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <memory>
#include <string>

#include "pool_on_disk.h"
#include "sql_connection.h"
#include "transfer/import.h"

namespace sahpool {
namespace {

using testing::AddFreeSlots;
using testing::Bytes;
using testing::Connection;
using testing::DescribeDatabase;
using testing::DescribeFile;
using testing::FaultDisk;
using testing::kDatabaseFlags;
using testing::kJournalFlags;
using testing::MakeDatabase;
using testing::PoolOnDisk;
using testing::Resolved;
using testing::SlotOf;

constexpr std::size_t kLongest = 498;

std::string NameOf(std::size_t size, char letter = 'n') {
  return "/" + std::string(size - 1, letter);
}

struct NameLimit : ::testing::Test {
  NameLimit() { AddFreeSlots(disk, 8); }

  Connection Open(const std::string& name, int flags = Connection::kReadWriteCreate) {
    return {name, pool.vfs().name(), flags};
  }
  void ExpectRefused(const Status& status) {
    EXPECT_EQ(status.code(), Code::kNameTooLong);
    EXPECT_EQ(status.text(), "the file name takes more than 498 bytes when stored");
  }

  FaultDisk disk;
  PoolOnDisk pool{disk};
};

TEST_F(NameLimit, LeavesRoomForAllThatSqliteMakesBesideADatabase) {
  ASSERT_TRUE(pool.Start().ok());
  const std::string name = NameOf(kLongest);
  Connection db = Open(name);
  ASSERT_EQ(db.Execute("ATTACH '" + NameOf(kLongest, 'm') + "' AS m"), SQLITE_OK);
  ASSERT_EQ(db.Execute("CREATE TABLE t(x); CREATE TABLE m.u(x)"), SQLITE_OK);
  for (const char* const mode : {"delete", "truncate", "persist", "wal"}) {
    EXPECT_EQ(db.Query(std::string("PRAGMA journal_mode=") + mode), mode);
    EXPECT_EQ(db.Execute("BEGIN; INSERT INTO t VALUES(1); INSERT INTO u VALUES(1); COMMIT"),
              SQLITE_OK)
        << mode;
  }
  EXPECT_EQ(db.Query("SELECT (SELECT count(*) FROM t), (SELECT count(*) FROM u)"), "4|4");
  EXPECT_TRUE(pool.Import(NameOf(kLongest, 'i'), MakeDatabase("new")).ok());
}

TEST_F(NameLimit, IsTheSameInEveryCall) {
  Bytes damaged = SlotOf("/lost", kDatabaseFlags, MakeDatabase("lost"));
  damaged[519] ^= std::byte{1};
  disk.AddSlot("q", damaged);
  ASSERT_TRUE(pool.Start().ok());
  ASSERT_EQ(pool.pool().files().quarantined_count(), 1);
  Connection other = Open("/other");
  ASSERT_EQ(other.Execute("CREATE TABLE t(x)"), SQLITE_OK);
  for (const std::size_t size : {kLongest + 1, std::size_t{503}, std::size_t{510}}) {
    const std::string name = NameOf(size);
    EXPECT_EQ(Open(name).open_code(), SQLITE_CANTOPEN);
    ExpectRefused(pool.vfs().last_error());
    EXPECT_EQ(other.Execute("ATTACH '" + name + "' AS a"), SQLITE_CANTOPEN);
    ExpectRefused(pool.vfs().last_error());
    EXPECT_EQ(other.Execute("VACUUM INTO '" + name + "'"), SQLITE_CANTOPEN);
    ExpectRefused(pool.vfs().last_error());
    ExpectRefused(pool.pool().Create(Resolved(name), kDatabaseFlags).status());
    ExpectRefused(Import::Begin(pool.pool(), Resolved(name)).status());
    ExpectRefused(pool.pool().Recover("q", Resolved(name)));
  }
  EXPECT_EQ(pool.Names(), std::vector<std::string>{"/other"});
  EXPECT_TRUE(pool.pool().Recover("q", Resolved(NameOf(kLongest))).ok());
  EXPECT_EQ(DescribeFile(pool, NameOf(kLongest)), "lost*10");
}

TEST_F(NameLimit, DoesNotHideWhatOthersHaveNamed) {
  for (const std::size_t size : {499U, 503U, 510U}) {
    const std::string name = NameOf(size);
    disk.AddSlot("x", SlotOf(name, kDatabaseFlags, MakeDatabase("old")));
    PoolOnDisk pool(disk);
    ASSERT_TRUE(pool.Start().ok());
    EXPECT_EQ(DescribeFile(pool, name), "old*10") << size;
    EXPECT_EQ(DescribeDatabase(pool.Export(name).value()), "old*10");
    // Only what has no room for its journal can't be written.
    Connection db(name, pool.vfs().name());
    EXPECT_EQ(db.Execute("CREATE TABLE more(x)"), size + 8 > 510 ? SQLITE_CANTOPEN : SQLITE_OK);
    db.Close();
    EXPECT_TRUE(pool.pool().order().DeleteDatabase(*pool.Find(name)).ok());
    EXPECT_EQ(pool.pool().files().file_count(), 0);
  }
}

TEST_F(NameLimit, HoldsForDuplicates) {
  const std::string first = NameOf(kLongest - 12, 'a');
  const std::string second = NameOf(kLongest - 11, 'b');
  for (const std::string& name : {first, second}) {
    disk.AddSlot(name.substr(1, 1) + "1", SlotOf(name, kDatabaseFlags, MakeDatabase("one")));
    disk.AddSlot(name.substr(1, 1) + "2", SlotOf(name, kDatabaseFlags, MakeDatabase("two")));
  }
  ASSERT_TRUE(pool.Start().ok());
  EXPECT_EQ(DescribeFile(pool, first + ".duplicate-1"), "two*10");
  EXPECT_EQ(DescribeFile(pool, second), "one*10");
  EXPECT_EQ(pool.pool().files().file_count(), 3);
  ASSERT_TRUE(pool.pool().Recover("b2", Resolved("saved")).ok());
  EXPECT_EQ(DescribeFile(pool, "saved"), "two*10");
}

// Its bytes take more room once they are encoded.
TEST_F(NameLimit, AJournalWhoseNameGrowsTooLongDoesNotStopAStart) {
  const std::string name = NameOf(500) + "\xE9";
  disk.AddSlot("a", SlotOf(name, kDatabaseFlags, MakeDatabase("kept")));
  disk.AddSlot("b", SlotOf(name + "-journal", kJournalFlags, Bytes(1000, std::byte{1})));
  ASSERT_TRUE(pool.Start().ok());
  EXPECT_EQ(pool.pool().files().quarantined_count(), 1);
  ASSERT_TRUE(pool.pool().Recover("a", Resolved("saved")).ok());
  EXPECT_EQ(DescribeFile(pool, "saved"), "kept*10");
}

}  // namespace
}  // namespace sahpool
