#include "native/directory_pool.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <string>

#include "database_files.h"
#include "sql_connection.h"

namespace sahpool::testing {
namespace {

namespace fs = std::filesystem;

struct DirectoryPoolTest : ::testing::Test {
  Result<std::unique_ptr<DirectoryPool>> Open(const std::string& where, int initial_capacity = 6) {
    return DirectoryPool::Open(where,
                               {.vfs_name = UniqueVfsName(), .initial_capacity = initial_capacity});
  }
  static std::map<std::string, Bytes> FilesIn(const fs::path& folder) {
    std::map<std::string, Bytes> files;
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (entry.is_regular_file()) files[entry.path().filename()] = ReadFile(entry.path()).value();
    }
    return files;
  }

  TemporaryDirectory directory;
  const std::string path = directory.PathOf("some/pool");
  const fs::path slots = fs::path(path) / ".opaque";
};

TEST_F(DirectoryPoolTest, MakesItsDirectoryAndFirstSlots) {
  const auto pool = Open(path, 3);
  ASSERT_TRUE(pool.ok()) << pool.status().text();
  EXPECT_EQ(FilesIn(slots).size(), 3U);
  EXPECT_EQ(FreeCount(*pool.value()), 3);
}

TEST_F(DirectoryPoolTest, KeepsItsCapacityWhenItIsOpenedAgain) {
  {
    ASSERT_TRUE(Open(path, 3).ok());
  }
  const auto pool = Open(path, 8);
  ASSERT_TRUE(pool.ok());
  EXPECT_EQ(FreeCount(*pool.value()), 3);
}

TEST_F(DirectoryPoolTest, KeepsDatabases) {
  {
    const auto pool = Open(path);
    Connection connection("a b.db", *pool.value());
    ASSERT_EQ(connection.Execute("CREATE TABLE t(x); INSERT INTO t VALUES(42)"), SQLITE_OK);
  }
  const auto pool = Open(path);
  ASSERT_TRUE(pool.ok());
  EXPECT_EQ(FileCount(*pool.value()), 1);
  Connection connection("/a%20b.db", *pool.value(), SQLITE_OPEN_READWRITE);
  EXPECT_EQ(connection.Query("SELECT x FROM t"), "42");
}

TEST_F(DirectoryPoolTest, AddsAndRemovesSlots) {
  auto opened = Open(path, 2);
  ASSERT_TRUE(opened.ok());
  DirectoryPool& pool = *opened.value();
  {
    Connection connection("app.db", pool);
    ASSERT_EQ(connection.Execute("CREATE TABLE t(x); INSERT INTO t VALUES(42)"), SQLITE_OK);
  }
  ASSERT_TRUE(pool.AddCapacity(3).ok());
  EXPECT_EQ(FilesIn(slots).size(), 5U);
  EXPECT_EQ(FreeCount(pool), 4);
  EXPECT_EQ(pool.ReduceCapacity(2).value(), 2);
  EXPECT_EQ(FilesIn(slots).size(), 3U);
  // What holds a file stays.
  EXPECT_EQ(pool.ReduceCapacity(99).value(), 2);
  EXPECT_EQ(pool.ReduceCapacity(1).value(), 0);
  EXPECT_EQ(FilesIn(slots).size(), 1U);
  Connection connection("app.db", pool, SQLITE_OPEN_READWRITE);
  EXPECT_EQ(connection.Query("SELECT x FROM t"), "42");
}

TEST_F(DirectoryPoolTest, GivesAFullPoolRoomAgain) {
  auto pool = Open(path, 1);
  ASSERT_TRUE(pool.ok());
  Connection connection("app.db", *pool.value());
  // The database takes the only slot, so that there is none for its journal.
  EXPECT_EQ(connection.Execute("CREATE TABLE t(x)") & 0xff, SQLITE_CANTOPEN);
  ASSERT_TRUE(pool.value()->AddCapacity(1).ok());
  EXPECT_EQ(connection.Execute("CREATE TABLE t(x)"), SQLITE_OK);
}

TEST_F(DirectoryPoolTest, HasOneOwnerAtATime) {
  {
    const auto first = Open(path);
    ASSERT_TRUE(first.ok());
    const auto before = FilesIn(slots);
    const auto second = Open(path);
    EXPECT_EQ(second.status().code(), Code::kBusy);
    EXPECT_TRUE(FilesIn(slots) == before);
    Connection connection("app.db", *first.value());
    EXPECT_EQ(connection.Execute("CREATE TABLE t(x)"), SQLITE_OK);
  }
  EXPECT_TRUE(Open(path).ok());
}

TEST_F(DirectoryPoolTest, TakesAVfsNameOnlyOnce) {
  const auto first = DirectoryPool::Open(path, {.vfs_name = "directory-pool-twice"});
  ASSERT_TRUE(first.ok());
  const auto second =
      DirectoryPool::Open(directory.PathOf("other"), {.vfs_name = "directory-pool-twice"});
  EXPECT_EQ(second.status().code(), Code::kExists);
}

TEST_F(DirectoryPoolTest, OpensAFolderOfSlots) {
  {
    const auto pool = Open(path);
    Connection connection("app.db", *pool.value());
    ASSERT_EQ(connection.Execute("CREATE TABLE t(x); INSERT INTO t VALUES(42)"), SQLITE_OK);
  }
  const std::string copy = directory.PathOf("copy");
  fs::copy(slots, copy);
  for (const std::string& folder : {copy, slots.string()}) {
    const auto pool =
        DirectoryPool::Open(folder, {.vfs_name = UniqueVfsName(), .is_slot_folder = true});
    ASSERT_TRUE(pool.ok()) << folder;
    Connection connection("app.db", *pool.value(), SQLITE_OPEN_READWRITE);
    EXPECT_EQ(connection.Query("SELECT x FROM t"), "42");
    EXPECT_FALSE(fs::exists(fs::path(folder) / ".opaque"));
  }
}

TEST_F(DirectoryPoolTest, TellsWhyItCannotBeOpened) {
  WriteFile(directory.PathOf("file"), Bytes(10));
  const auto pool = Open(directory.PathOf("file"));
  EXPECT_FALSE(pool.ok());
  EXPECT_FALSE(pool.status().text().empty());
}

}  // namespace
}  // namespace sahpool::testing
