// Databases as files of a pool, by all the ways in which SQLite gets at files: names and URIs,
// backup, VACUUM INTO, ATTACH, several pools.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "database_files.h"
#include "sql_connection.h"

namespace sahpool {
namespace {

using testing::Connection;
using testing::Export;
using testing::FileCount;
using testing::FreeCount;
using testing::OpenPool;
using testing::TemporaryDirectory;

class SqlFilesTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_NE(pool_, nullptr); }

  std::string VfsName() const { return pool_->vfs().name(); }

  TemporaryDirectory directory_;
  std::unique_ptr<DirectoryPool> pool_ = OpenPool(directory_.PathOf("pool"), 16);
};

TEST_F(SqlFilesTest, EveryNameIsAFileOfItsOwn) {
  const std::vector<std::string> names = {
      "/plain.db", "with space.db", "hash#1.db", "hash#2.db",      "question?1.db", "question?2.db",
      "dir/b.db",  "/dir/c.db",     "ünïcode-ß", "日本語.sqlite3", "100%.db",       "emoji-🦊"};
  const int no_uri = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  for (const std::string& name : names) {
    Connection db(name, *pool_, no_uri);
    // In a transaction that is rolled back, and with a journal, before the one that stays.
    ASSERT_EQ(db.Execute("CREATE TABLE t(a); BEGIN; INSERT INTO t VALUES('x'); ROLLBACK;"
                         "INSERT INTO t VALUES('" +
                         name + "')"),
              SQLITE_OK)
        << name;
  }
  EXPECT_EQ(FileCount(*pool_), static_cast<int>(names.size()));
  pool_.reset();
  pool_ = OpenPool(directory_.PathOf("pool"));
  ASSERT_NE(pool_, nullptr);
  for (const std::string& name : names) {
    Connection db(name, *pool_, SQLITE_OPEN_READWRITE);
    EXPECT_EQ(db.Query("SELECT a FROM t"), name);
  }
}

TEST_F(SqlFilesTest, RelativeAndAbsoluteNamesAreOneFile) {
  Connection db("a/../b/./app.db", *pool_);
  ASSERT_EQ(db.Execute("CREATE TABLE t(a)"), SQLITE_OK);
  Connection same("/b/app.db", *pool_);
  EXPECT_EQ(same.Query("SELECT count(*) FROM t"), "0");
  EXPECT_STREQ(sqlite3_db_filename(db.get(), "main"), "/b/app.db");
}

TEST_F(SqlFilesTest, ExtensionsAreLoadedFromTheSystem) {
  Connection db("/app.db", *pool_);
  sqlite3_db_config(db.get(), SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 1, nullptr);
  const auto load = [&](const char* library) {
    char* message = nullptr;
    EXPECT_EQ(sqlite3_load_extension(db.get(), library, "sahpool_no_such_entry", &message),
              SQLITE_ERROR);
    const std::string text = message != nullptr ? message : "";
    sqlite3_free(message);
    return text;
  };
  EXPECT_NE(load("/none/extension").find("cannot open shared object file"), std::string::npos);
  // A library that is there, and is no extension.
  EXPECT_NE(load("libm.so.6").find("undefined symbol: sahpool_no_such_entry"), std::string::npos);
}

// A VFS above the pool's, and the default, as those that encrypt or add checksums are.
TEST_F(SqlFilesTest, ExtensionsAreLoadedBelowAShim) {
  sqlite3_vfs* const before = sqlite3_vfs_find(nullptr);
  sqlite3_vfs shim = *sqlite3_vfs_find(pool_->vfs().name());
  shim.zName = "shim";
  static sqlite3_vfs* below = nullptr;
  below = sqlite3_vfs_find(pool_->vfs().name());
  shim.xDlOpen = [](sqlite3_vfs*, const char* path) { return below->xDlOpen(below, path); };
  shim.xDlError = [](sqlite3_vfs*, int size, char* out) { below->xDlError(below, size, out); };
  ASSERT_EQ(sqlite3_vfs_register(&shim, 1), SQLITE_OK);
  for (const char* vfs : {pool_->vfs().name(), "shim"}) {
    Connection db("/app.db", vfs);
    sqlite3_db_config(db.get(), SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 1, nullptr);
    char* message = nullptr;
    EXPECT_EQ(sqlite3_load_extension(db.get(), "/none/extension", nullptr, &message), SQLITE_ERROR);
    EXPECT_NE(std::string(message).find("cannot open shared object file"), std::string::npos);
    sqlite3_free(message);
  }
  sqlite3_vfs_unregister(&shim);
  sqlite3_vfs_register(before, 1);
}

TEST_F(SqlFilesTest, UrisNameFileVfsAndMode) {
  const std::string uri = "file:/dir/a%20b%23c%3fd.db?vfs=" + VfsName();
  {
    Connection created(uri, nullptr);
    ASSERT_EQ(created.Execute("CREATE TABLE t(a); INSERT INTO t VALUES(1)"), SQLITE_OK);
  }
  Connection by_name("/dir/a b#c?d.db", *pool_, SQLITE_OPEN_READWRITE);
  EXPECT_EQ(by_name.Query("SELECT a FROM t"), "1");
  Connection read_only(uri + "&mode=ro", nullptr);
  EXPECT_EQ(read_only.Query("SELECT a FROM t"), "1");
  EXPECT_EQ(read_only.Execute("INSERT INTO t VALUES(2)"), SQLITE_READONLY);
  Connection missing("file:/missing.db?mode=rw&vfs=" + VfsName(), nullptr);
  EXPECT_EQ(missing.open_code(), SQLITE_CANTOPEN);
  Connection immutable(uri + "&immutable=1", nullptr);
  EXPECT_EQ(immutable.Query("SELECT a FROM t"), "1");
}

TEST_F(SqlFilesTest, ANameThatIsTooLongIsRefused) {
  Connection db("/" + std::string(600, 'x'), *pool_);
  EXPECT_EQ(db.open_code(), SQLITE_CANTOPEN);
  EXPECT_EQ(FileCount(*pool_), 0);
  // Room must be left for "-mjXXXXXX9XX".
  Connection longest("/" + std::string(497, 'x'), *pool_);
  EXPECT_EQ(longest.Execute("CREATE TABLE t(a); INSERT INTO t VALUES(1)"), SQLITE_OK);
}

void Backup(Connection& from, Connection& to, int pages_per_step) {
  sqlite3_backup* const backup = sqlite3_backup_init(to.get(), "main", from.get(), "main");
  ASSERT_NE(backup, nullptr) << sqlite3_errmsg(to.get());
  int code = SQLITE_OK;
  while (code == SQLITE_OK) code = sqlite3_backup_step(backup, pages_per_step);
  EXPECT_EQ(code, SQLITE_DONE);
  EXPECT_EQ(sqlite3_backup_finish(backup), SQLITE_OK);
}

TEST_F(SqlFilesTest, BackupWithinThePoolAndToMemoryAndBack) {
  const std::string fill =
      "CREATE TABLE t(a, b);"
      "WITH RECURSIVE n(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n WHERE k < 300)"
      "INSERT INTO t SELECT k, zeroblob(500) FROM n";
  const char* const count = "SELECT count(*), sum(a), sum(length(b)) FROM t";
  Connection source("/source.db", *pool_);
  ASSERT_EQ(source.Execute("PRAGMA journal_mode=WAL;" + fill), SQLITE_OK);
  Connection copy("/copy.db", *pool_);
  Backup(source, copy, 7);
  EXPECT_EQ(copy.Query(count), source.Query(count));
  EXPECT_EQ(copy.Query("PRAGMA integrity_check"), "ok");

  Connection memory(":memory:", nullptr);
  Backup(copy, memory, -1);
  EXPECT_EQ(memory.Query(count), "300|45150|150000");
  ASSERT_EQ(memory.Execute("DELETE FROM t WHERE a > 100"), SQLITE_OK);
  Connection returned("/returned.db", *pool_);
  ASSERT_EQ(returned.Execute(fill), SQLITE_OK);
  Backup(memory, returned, 11);
  EXPECT_EQ(returned.Query(count), "100|5050|50000");
  EXPECT_EQ(returned.Query("PRAGMA integrity_check"), "ok");
}

TEST_F(SqlFilesTest, VacuumIntoMakesACopy) {
  Connection db("/app.db", *pool_);
  ASSERT_EQ(db.Execute("CREATE TABLE t(a); INSERT INTO t VALUES(1), (2)"), SQLITE_OK);
  ASSERT_EQ(db.Execute("VACUUM INTO '/copies/one.db'"), SQLITE_OK);
  EXPECT_EQ(db.Execute("VACUUM INTO '/copies/one.db'"), SQLITE_ERROR) << "the file exists";
  Connection copy("/copies/one.db", *pool_, SQLITE_OPEN_READWRITE);
  EXPECT_EQ(copy.Query("SELECT sum(a) FROM t"), "3");
  EXPECT_EQ(copy.Query("PRAGMA integrity_check"), "ok");
}

TEST_F(SqlFilesTest, AnEmptyWalDoesNotMakeADatabaseAWalDatabase) {
  {
    Connection db("/app.db", *pool_);
    int persist = 1;
    ASSERT_EQ(db.FileControl(SQLITE_FCNTL_PERSIST_WAL, &persist), SQLITE_OK);
    ASSERT_EQ(db.Execute("PRAGMA journal_size_limit=0; PRAGMA journal_mode=WAL; CREATE TABLE t(a)"),
              SQLITE_OK);
    ASSERT_EQ(db.Query("PRAGMA journal_mode=DELETE"), "delete");
  }
  const auto wal = Export(pool_->vfs(), "/app.db-wal");
  ASSERT_TRUE(wal.ok() && wal.value().empty()) << "the empty WAL is what this is about";
  Connection db("/app.db", *pool_);
  EXPECT_EQ(db.Query("SELECT count(*) FROM t"), "0");
  EXPECT_EQ(db.Query("PRAGMA journal_mode"), "delete");
}

TEST_F(SqlFilesTest, ConnectionsWithDifferentJournalModesCommitBesideEachOther) {
  Connection persist("/app.db", *pool_);
  Connection truncate("/app.db", *pool_);
  Connection remove("/app.db", *pool_);
  ASSERT_EQ(persist.Execute("CREATE TABLE t(a); PRAGMA journal_mode=PERSIST"), SQLITE_OK);
  ASSERT_EQ(truncate.Query("PRAGMA journal_mode=TRUNCATE"), "truncate");
  for (int round = 0; round < 3; ++round) {
    for (Connection* const db : {&persist, &truncate, &remove}) {
      EXPECT_EQ(db->Execute("INSERT INTO t VALUES(1)"), SQLITE_OK);
    }
  }
  EXPECT_EQ(remove.Query("SELECT count(*) FROM t"), "9");
}

// A cursor keeps the first connection's lock, and with it its journal, after a commit. The second
// fails to commit because of the lock, and in its own mode deletes the journal then.
TEST_F(SqlFilesTest, AJournalThatAnotherConnectionHasOpenCanBeDeleted) {
  Connection truncate("/app.db", *pool_);
  Connection remove("/app.db", *pool_);
  ASSERT_EQ(truncate.Execute("PRAGMA journal_mode=TRUNCATE; CREATE TABLE t(a);"
                             "INSERT INTO t VALUES(1), (2)"),
            SQLITE_OK);
  sqlite3_stmt* cursor = nullptr;
  ASSERT_EQ(sqlite3_prepare_v2(truncate.get(), "SELECT a FROM t", -1, &cursor, nullptr), SQLITE_OK);
  ASSERT_EQ(sqlite3_step(cursor), SQLITE_ROW);
  ASSERT_EQ(truncate.Execute("INSERT INTO t VALUES(3)"), SQLITE_OK);
  EXPECT_EQ(remove.Execute("INSERT INTO t VALUES(4)"), SQLITE_BUSY);
  EXPECT_TRUE(Export(pool_->vfs(), "/app.db-journal").value().empty());
  EXPECT_EQ(truncate.Execute("INSERT INTO t VALUES(5)"), SQLITE_OK);
  sqlite3_finalize(cursor);
  EXPECT_EQ(remove.Execute("INSERT INTO t VALUES(6)"), SQLITE_OK);
  EXPECT_EQ(truncate.Query("SELECT group_concat(a) FROM t"), "1,2,3,5,6");
}

TEST(TwoPools, ShareNothing) {
  const TemporaryDirectory directory;
  auto first = OpenPool(directory.PathOf("first"), 4);
  auto second = OpenPool(directory.PathOf("second"), 6);
  ASSERT_TRUE(first && second);
  EXPECT_NE(sqlite3_vfs_find(first->vfs().name()), sqlite3_vfs_find(second->vfs().name()));
  Connection a("/app.db", *first);
  Connection b("/app.db", *second);
  ASSERT_EQ(a.Execute("CREATE TABLE t(a); BEGIN EXCLUSIVE; INSERT INTO t VALUES('first')"),
            SQLITE_OK);
  ASSERT_EQ(b.Execute("CREATE TABLE t(a); INSERT INTO t VALUES('second')"), SQLITE_OK);
  ASSERT_EQ(a.Execute("COMMIT"), SQLITE_OK);
  EXPECT_EQ(a.Query("SELECT a FROM t"), "first");
  EXPECT_EQ(b.Query("SELECT a FROM t"), "second");
  EXPECT_EQ(FreeCount(*first), 3);
  EXPECT_EQ(FreeCount(*second), 5);
}

TEST(TwoPools, ADatabaseOfOneIsAttachedToAnother) {
  const TemporaryDirectory directory;
  auto first = OpenPool(directory.PathOf("first"), 6);
  auto second = OpenPool(directory.PathOf("second"), 6);
  ASSERT_TRUE(first && second);
  Connection db("/app.db", *first);
  ASSERT_EQ(db.Execute(std::string("ATTACH 'file:/app.db?vfs=") + second->vfs().name() +
                       "' AS other; CREATE TABLE main.t(a); CREATE TABLE other.t(a);"
                       "INSERT INTO main.t VALUES(1); INSERT INTO other.t VALUES(2);"
                       "BEGIN; DELETE FROM main.t; DELETE FROM other.t; ROLLBACK"),
            SQLITE_OK);
  Connection alone("/app.db", *second);
  EXPECT_EQ(alone.Query("SELECT a FROM t"), "2");
  EXPECT_EQ(db.Query("SELECT a FROM main.t"), "1");
  EXPECT_EQ(FileCount(*first), 1);
  EXPECT_EQ(FileCount(*second), 1);
}

TEST(VfsRegistration, LastsAsLongAsThePool) {
  const TemporaryDirectory directory;
  auto pool = OpenPool(directory.PathOf("pool"), 2);
  ASSERT_NE(pool, nullptr);
  const std::string name = pool->vfs().name();
  sqlite3_vfs* const vfs = sqlite3_vfs_find(name.c_str());
  ASSERT_NE(vfs, nullptr);
  EXPECT_EQ(vfs->zName, name);
  EXPECT_NE(sqlite3_vfs_find(nullptr), vfs) << "it is not the default";
  const auto same_name =
      DirectoryPool::Open(directory.PathOf("other"), {.vfs_name = name, .initial_capacity = 1});
  EXPECT_EQ(same_name.status().code(), Code::kExists);
  EXPECT_EQ(sqlite3_vfs_find(name.c_str()), vfs);
  {
    Connection db("/app.db", *pool);
    EXPECT_EQ(pool->vfs().Unregister().code(), Code::kBusy);
    EXPECT_EQ(db.Execute("CREATE TABLE t(a)"), SQLITE_OK);
  }
  EXPECT_TRUE(pool->vfs().Unregister().ok());
  EXPECT_EQ(sqlite3_vfs_find(name.c_str()), nullptr);
  EXPECT_TRUE(pool->vfs().Register().ok());
  pool.reset();
  EXPECT_EQ(sqlite3_vfs_find(name.c_str()), nullptr);
}

// As of a VFS above it, or of a thread that was about to open something.
TEST(VfsRegistration, WhoStillHasTheVfsAfterwardsIsRefused) {
  const TemporaryDirectory directory;
  auto pool = OpenPool(directory.PathOf("pool"), 2);
  ASSERT_NE(pool, nullptr);
  const std::string name = pool->vfs().name();
  sqlite3_vfs* const vfs = sqlite3_vfs_find(name.c_str());
  Connection memory(":memory:", name.c_str());
  const auto expect_refusals = [&] {
    std::vector<std::byte> file(static_cast<std::size_t>(vfs->szOsFile));
    auto* const opened = reinterpret_cast<sqlite3_file*>(file.data());
    int result = 0;
    std::array<char, 600> text{};
    EXPECT_EQ(vfs->xOpen(vfs, "/app.db", opened, Connection::kReadWriteCreate | SQLITE_OPEN_MAIN_DB,
                         &result),
              SQLITE_CANTOPEN);
    EXPECT_EQ(opened->pMethods, nullptr);
    EXPECT_NE(vfs->xAccess(vfs, "/app.db", SQLITE_ACCESS_EXISTS, &result), SQLITE_OK);
    EXPECT_NE(vfs->xDelete(vfs, "/app.db", 0), SQLITE_OK);
    EXPECT_EQ(vfs->xFullPathname(vfs, "app.db", 600, text.data()), SQLITE_CANTOPEN);
    EXPECT_EQ(vfs->xGetLastError(vfs, 600, text.data()), SQLITE_OK);
    EXPECT_NE(memory.Execute("ATTACH '/app.db' AS a"), SQLITE_OK);
  };
  ASSERT_TRUE(pool->vfs().Unregister().ok());
  expect_refusals();
  pool.reset();
  expect_refusals();
  vfs->xRandomness(vfs, 0, nullptr);
  vfs->xSleep(vfs, 0);
  memory.Execute("SELECT datetime('now')");
  // The next pool of that name has the same VFS.
  auto opened = DirectoryPool::Open(directory.PathOf("pool"), {.vfs_name = name});
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ(sqlite3_vfs_find(name.c_str()), vfs);
  EXPECT_EQ(memory.Execute("ATTACH '/app.db' AS a; CREATE TABLE a.t(x)"), SQLITE_OK);
  memory.Close();
}

}  // namespace
}  // namespace sahpool
