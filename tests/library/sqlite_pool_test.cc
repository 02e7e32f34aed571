#include "sahpool/sqlite_pool.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include "sqlite_pool_fixture.h"

namespace sahpool::testing {
namespace {

namespace fs = std::filesystem;

// A coroutine that nobody waits for.
struct Detached {
  struct promise_type {
    Detached get_return_object() { return {}; }
    coroutines::suspend_never initial_suspend() noexcept { return {}; }
    coroutines::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() {}
  };
};

TEST_F(SqlitePoolTest, KeepsDatabasesBetweenStarts) {
  {
    const SqlitePool pool = Open();
    EXPECT_EQ(pool.counts().capacity, 6);
    Make("app.db", 42);
  }
  EXPECT_EQ(sqlite3_vfs_find(vfs.c_str()), nullptr);
  const SqlitePool pool = Open();
  EXPECT_EQ(NumberIn("app.db"), 42);
  EXPECT_EQ(pool.FileNames(), std::vector<std::string>{"/app.db"});
  EXPECT_EQ(pool.counts().files, 1);
  EXPECT_EQ(pool.counts().free, 5);
}

TEST_F(SqlitePoolTest, TellsACallback) {
  std::string name;
  SqlitePool kept;
  SqlitePool::Open(Options()).Then([&](Result<SqlitePool> pool) {
    ASSERT_TRUE(pool.ok());
    kept = std::move(pool.value());
    name = kept.ResolveName("a b.db").value();
  });
  EXPECT_EQ(name, "/a%20b.db");
}

TEST_F(SqlitePoolTest, ContinuesACoroutine) {
  int capacity = 0;
  Code second = Code::kOk;
  [](const PoolOptions options, int& into, Code& code) -> Detached {
    auto pool = co_await SqlitePool::Open(options);
    if (!pool.ok()) co_return;
    into = (co_await pool.value().AddCapacity(3)).value();
    code = (co_await SqlitePool::Open(options)).status().code();
  }(Options(), capacity, second);
  EXPECT_EQ(capacity, 9);
  EXPECT_EQ(second, Code::kBusy);
}

TEST_F(SqlitePoolTest, RefusesBadOptions) {
  for (const auto& options :
       {PoolOptions{.vfs_name = "", .directory = path},
        PoolOptions{.vfs_name = vfs, .directory = path, .initial_capacity = -1},
        PoolOptions{.vfs_name = vfs, .directory = path, .keep_free = 1'000'000},
        PoolOptions{.vfs_name = vfs, .directory = path, .acquire_timeout_ms = -1}}) {
    EXPECT_EQ(SqlitePool::Open(options).Wait().status().code(), Code::kInvalid);
  }
  EXPECT_FALSE(fs::exists(path));
}

TEST_F(SqlitePoolTest, IsTheDefaultVfsOnlyWhenAsked) {
  sqlite3_vfs* const before = sqlite3_vfs_find(nullptr);
  PoolOptions options = Options();
  {
    const SqlitePool pool = Open(options);
    EXPECT_EQ(sqlite3_vfs_find(nullptr), before);
  }
  options.make_default = true;
  {
    SqlitePool pool = Open(options);
    EXPECT_STREQ(sqlite3_vfs_find(nullptr)->zName, vfs.c_str());
    ASSERT_TRUE(pool.Pause().ok());
    EXPECT_EQ(sqlite3_vfs_find(nullptr), before);
    ASSERT_TRUE(pool.Unpause().Wait().ok());
    EXPECT_STREQ(sqlite3_vfs_find(nullptr)->zName, vfs.c_str());
  }
  EXPECT_EQ(sqlite3_vfs_find(nullptr), before);
}

TEST_F(SqlitePoolTest, ClearsOnlyWhenAsked) {
  {
    const SqlitePool pool = Open();
    Make("app.db", 1);
  }
  PoolOptions options = Options();
  options.clear_on_init = true;
  const SqlitePool pool = Open(options);
  EXPECT_EQ(pool.counts().files, 0);
  EXPECT_EQ(pool.counts().capacity, 6);
}

TEST_F(SqlitePoolTest, ChangesItsCapacity) {
  SqlitePool pool = Open();
  Make("app.db", 1);
  EXPECT_EQ(pool.AddCapacity(2).Wait().value(), 8);
  EXPECT_EQ(pool.ReserveCapacity(5).Wait().value(), 8);
  EXPECT_EQ(pool.ReserveCapacity(10).Wait().value(), 10);
  EXPECT_EQ(pool.ReserveCapacity(std::numeric_limits<int>::min()).Wait().value(), 10);
  EXPECT_EQ(pool.ReduceCapacity(3).Wait().value(), 3);
  EXPECT_EQ(pool.ReduceCapacity(100).Wait().value(), 6);
  EXPECT_EQ(pool.counts().capacity, 1);
  EXPECT_EQ(pool.ReduceCapacity(-1).Wait().status().code(), Code::kInvalid);
}

// Slots whose journals have come and gone stay slots, also those that a killed process has left
// with the bytes of a journal under an empty header.
TEST_F(SqlitePoolTest, HasTheCapacityThatItHadWhenItIsOpenedAgain) {
  const std::vector<std::string> modes = {"delete", "truncate", "persist", "wal"};
  const std::string copy = directory.PathOf("copy");
  {
    SqlitePool pool = Open();
    ASSERT_EQ(pool.AddCapacity(4).Wait().value(), 10);
    std::vector<sqlite3*> connections;
    for (const std::string& mode : modes) {
      connections.push_back(Connect((mode + ".db").c_str()));
      const std::string sql = "PRAGMA journal_mode=" + mode +
                              "; CREATE TABLE t(x); INSERT INTO t VALUES(0); UPDATE t SET x=1";
      ASSERT_EQ(sqlite3_exec(connections.back(), sql.c_str(), nullptr, nullptr, nullptr),
                SQLITE_OK);
    }
    CopySlots(path, copy);
    for (sqlite3* const db : connections) sqlite3_close(db);
  }
  for (const std::string& from : {path, path, copy, copy}) {
    PoolOptions options = Options();
    options.directory = from;
    const SqlitePool pool = Open(options);
    EXPECT_EQ(pool.counts().capacity, 10);
    for (const std::string& mode : modes) EXPECT_EQ(NumberIn((mode + ".db").c_str()), 1) << mode;
  }
}

// A wrong directory, for instance, in which somebody has his files.
TEST_F(SqlitePoolTest, LeavesFilesAloneThatAreNotItsOwn) {
  fs::create_directories(path);
  WriteFile(path + "/disk.img", Bytes(132'768));
  WriteFile(path + "/empty.txt", {});
  {
    Connection connection(path + "/notes.db", nullptr);
    ASSERT_EQ(connection.Execute("CREATE TABLE t(x)"), SQLITE_OK);
  }
  const auto notes = ReadFile(path + "/notes.db");
  PoolOptions options = Options();
  options.clear_on_init = true;
  for (int i = 0; i < 2; ++i) {
    SqlitePool pool = Open(options);
    Make("app.db", 1);
    EXPECT_EQ(pool.counts().files, 1);
    EXPECT_EQ(pool.counts().capacity, 6);
    ASSERT_TRUE(pool.Remove().Wait().ok());
    EXPECT_EQ(ReadFile(path + "/disk.img"), Bytes(132'768));
    EXPECT_EQ(ReadFile(path + "/empty.txt"), Bytes());
    EXPECT_EQ(ReadFile(path + "/notes.db"), notes);
    EXPECT_FALSE(fs::exists(path + "/.opaque"));
  }
}

TEST_F(SqlitePoolTest, OpensAFolderOfSlotsThatIsNamedAsOne) {
  {
    const SqlitePool pool = Open();
    Make("app.db", 42);
  }
  PoolOptions options = Options();
  options.directory = directory.PathOf("copy");
  options.is_slot_folder = true;
  EXPECT_EQ(SqlitePool::Open(options).Wait().status().code(), Code::kNotFound);
  fs::copy(path + "/.opaque", options.directory);
  WriteFile(options.directory + "/disk.img", Bytes(132'768));
  SqlitePool pool = Open(options);
  EXPECT_EQ(NumberIn("app.db"), 42);
  ASSERT_TRUE(pool.Remove().Wait().ok());
  EXPECT_EQ(ReadFile(options.directory + "/disk.img"), Bytes(132'768));
}

TEST_F(SqlitePoolTest, IsNotLetGoOfInsideAnExport) {
  SqlitePool pool = Open();
  Make("app.db", 7);
  int pieces = 0;
  ASSERT_TRUE(pool.Export("app.db",
                          [&](std::span<const std::byte>) {
                            ++pieces;
                            EXPECT_EQ(pool.Pause().code(), Code::kBusy);
                            EXPECT_EQ(pool.Remove().Wait().status().code(), Code::kBusy);
                            EXPECT_EQ(pool.Close().code(), Code::kBusy);
                            return Status();
                          })
                  .ok());
  EXPECT_EQ(pieces, 1);
  EXPECT_EQ(NumberIn("app.db"), 7);
  EXPECT_TRUE(pool.Pause().ok());
}

TEST_F(SqlitePoolTest, ImportsWhatItExports) {
  SqlitePool pool = Open();
  Make("a.db", 42);
  const auto bytes = pool.Export("a.db");
  ASSERT_TRUE(bytes.ok());
  ASSERT_TRUE(pool.Import("b.db", bytes.value()).ok());
  EXPECT_EQ(NumberIn("b.db"), 42);

  auto import = pool.BeginImport("c.db");
  ASSERT_TRUE(import.ok());
  for (const std::byte byte : bytes.value()) ASSERT_TRUE(import.value().Write({&byte, 1}).ok());
  EXPECT_EQ(pool.counts().files, 2);
  ASSERT_TRUE(import.value().Finish().ok());
  EXPECT_EQ(import.value().Finish().code(), Code::kMisuse);
  EXPECT_EQ(NumberIn("c.db"), 42);

  std::vector<std::byte> streamed;
  ASSERT_TRUE(pool.Export("c.db",
                          [&](std::span<const std::byte> piece) {
                            streamed.insert(streamed.end(), piece.begin(), piece.end());
                            return Status();
                          })
                  .ok());
  EXPECT_EQ(streamed, bytes.value());
  const Status stopped = pool.Export(
      "c.db", [](std::span<const std::byte>) { return Status(Code::kFull, "no room"); });
  EXPECT_EQ(stopped.code(), Code::kFull);
  EXPECT_EQ(stopped.text(), "no room");
}

TEST_F(SqlitePoolTest, AnImportThatFailsLeavesTheOldDatabase) {
  SqlitePool pool = Open();
  Make("app.db", 1);
  const std::vector<std::byte> nonsense(4096, std::byte{42});
  EXPECT_EQ(pool.Import("app.db", nonsense).code(), Code::kNotADatabase);
  {
    auto dropped = pool.BeginImport("app.db");
    ASSERT_TRUE(dropped.value().Write(nonsense).ok());
    EXPECT_EQ(pool.Pause().code(), Code::kBusy);
  }
  EXPECT_EQ(pool.counts().free, 5);
  EXPECT_EQ(NumberIn("app.db"), 1);
  EXPECT_EQ(pool.Import("", nonsense).code(), Code::kInvalid);
  EXPECT_EQ(pool.Import({"a\0b", 3}, nonsense).code(), Code::kInvalid);
}

TEST_F(SqlitePoolTest, UnlinksAndWipes) {
  SqlitePool pool = Open();
  Make("a.db", 1);
  Make("b.db", 2);
  EXPECT_TRUE(pool.Unlink("a.db").value());
  EXPECT_FALSE(pool.Unlink("a.db").value());
  sqlite3* const db = Connect("b.db");
  EXPECT_EQ(sqlite3_exec(db, "SELECT * FROM t", nullptr, nullptr, nullptr), SQLITE_OK);
  EXPECT_EQ(pool.counts().open, 1);
  EXPECT_EQ(pool.Unlink("b.db").status().code(), Code::kBusy);
  EXPECT_EQ(pool.WipeFiles().code(), Code::kBusy);
  EXPECT_EQ(pool.Pause().code(), Code::kBusy);
  EXPECT_EQ(pool.Close().code(), Code::kBusy);
  EXPECT_EQ(pool.Remove().Wait().status().code(), Code::kBusy);
  sqlite3_close(db);
  EXPECT_TRUE(pool.WipeFiles().ok());
  EXPECT_EQ(pool.counts().files, 0);
}

TEST_F(SqlitePoolTest, LetsAnotherHaveThePoolWhilePaused) {
  SqlitePool pool = Open();
  Make("app.db", 1);
  ASSERT_TRUE(pool.Pause().ok());
  ASSERT_TRUE(pool.Pause().ok());
  EXPECT_TRUE(pool.is_paused());
  EXPECT_EQ(pool.counts().capacity, 0);
  EXPECT_TRUE(pool.FileNames().empty());
  EXPECT_EQ(pool.Unlink("app.db").status().code(), Code::kMisuse);
  EXPECT_EQ(pool.AddCapacity(1).Wait().status().code(), Code::kMisuse);
  {
    PoolOptions options = Options();
    options.vfs_name = UniqueVfsName();
    const SqlitePool other = Open(options);
    EXPECT_EQ(other.counts().files, 1);
    EXPECT_EQ(pool.Unpause().Wait().status().code(), Code::kBusy);
    EXPECT_TRUE(pool.is_paused());
  }
  ASSERT_TRUE(pool.Unpause().Wait().ok());
  EXPECT_FALSE(pool.is_paused());
  EXPECT_EQ(NumberIn("app.db"), 1);
}

TEST_F(SqlitePoolTest, RemovesItself) {
  SqlitePool pool = Open();
  Make("app.db", 1);
  ASSERT_TRUE(pool.Remove().Wait().ok());
  EXPECT_FALSE(fs::exists(path));
  EXPECT_TRUE(fs::exists(fs::path(path).parent_path()));
  EXPECT_EQ(pool.get(), nullptr);
  EXPECT_EQ(pool.Remove().Wait().status().code(), Code::kMisuse);
}

TEST_F(SqlitePoolTest, RemovesAPausedPoolAndNothingElse) {
  SqlitePool pool = Open();
  std::ofstream(fs::path(path) / "other") << "text";
  ASSERT_TRUE(pool.Pause().ok());
  ASSERT_TRUE(pool.Remove().Wait().ok());
  EXPECT_TRUE(fs::exists(fs::path(path) / "other"));
  EXPECT_FALSE(fs::exists(fs::path(path) / ".opaque"));
}

TEST_F(SqlitePoolTest, WithoutAPoolEverythingIsRefused) {
  SqlitePool pool;
  EXPECT_TRUE(pool.Close().ok());
  EXPECT_EQ(pool.counts().capacity, 0);
  EXPECT_TRUE(pool.FileNames().empty());
  EXPECT_TRUE(pool.quarantine().List().empty());
  EXPECT_TRUE(pool.is_paused());
  EXPECT_EQ(pool.WipeFiles().code(), Code::kMisuse);
  EXPECT_EQ(pool.Export("a").status().code(), Code::kMisuse);
  EXPECT_EQ(pool.BeginImport("a").status().code(), Code::kMisuse);
  EXPECT_EQ(pool.AddCapacity(1).Wait().status().code(), Code::kMisuse);
  EXPECT_EQ(pool.Unpause().Wait().status().code(), Code::kMisuse);
}

struct QuarantineOfSqlitePool : SqlitePoolTest {
  // Flips a byte of the header of the only slot that has a name.
  void Damage() const {
    for (const auto& entry : fs::directory_iterator(fs::path(path) / ".opaque")) {
      std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
      if (file.peek() != '/') continue;
      file.seekp(518);
      file.put('!');
    }
  }
};

TEST_F(QuarantineOfSqlitePool, ListsRecoversAndDiscards) {
  {
    const SqlitePool pool = Open();
    Make("app.db", 42);
  }
  Damage();
  std::vector<std::string> messages;
  PoolOptions options = Options();
  options.log_context = &messages;
  options.log = [](void* into, int level, const char* text) {
    static_cast<std::vector<std::string>*>(into)->push_back(std::to_string(level) + text);
  };
  SqlitePool pool = Open(options);
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_EQ(messages[0].substr(0, 17), "1quarantined slot");
  auto slots = pool.quarantine().List();
  ASSERT_EQ(slots.size(), 1U);
  EXPECT_EQ(slots[0].name, "/app.db");
  EXPECT_EQ(slots[0].bytes, 8192);
  EXPECT_NE(slots[0].reason, "");

  EXPECT_EQ(pool.quarantine().Recover("none", "x.db").code(), Code::kNotFound);
  ASSERT_TRUE(pool.quarantine().Recover(slots[0].slot, "found.db").ok());
  EXPECT_EQ(NumberIn("found.db"), 42);
  ASSERT_TRUE(pool.Close().ok());

  Damage();
  pool = Open(options);
  slots = pool.quarantine().List();
  ASSERT_EQ(slots.size(), 1U);
  Make("found2.db", 1);
  EXPECT_EQ(pool.quarantine().Recover(slots[0].slot, "found2.db").code(), Code::kExists);
  ASSERT_TRUE(pool.quarantine().Discard(slots[0].slot).ok());
  EXPECT_EQ(pool.quarantine().Discard(slots[0].slot).code(), Code::kNotFound);
  EXPECT_EQ(pool.counts().free, 5);
}

}  // namespace
}  // namespace sahpool::testing
