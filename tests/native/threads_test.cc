// Threads that share a pool: no increment is lost, no reader sees half of a transfer, and nothing
// races. Made for ThreadSanitizer; the numbers are small enough for it.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "database_files.h"
#include "sql_connection.h"
#include "transfer/import.h"
#include "transfer/snapshot.h"

namespace sahpool {
namespace {

using testing::Connection;
using testing::Export;
using testing::FreeCount;
using testing::OpenPool;
using testing::TemporaryDirectory;

constexpr int kThreads = 4;
constexpr int kAccounts = 10;
constexpr int kTotal = kAccounts * 100;

// Waits for as long as it takes: a test that hangs has found a deadlock.
int WaitALittle(void* /*unused*/, int /*attempts*/) {
  std::this_thread::sleep_for(std::chrono::microseconds(200));
  return 1;
}

struct Setting {
  const char* name;
  const char* journal_mode;
  int threading;  // of each connection
};

class ThreadsTest : public ::testing::TestWithParam<Setting> {
 protected:
  void SetUp() override {
    ASSERT_NE(pool_, nullptr);
    Connection db("/bank.db", *pool_);
    ASSERT_EQ(db.Execute(std::string("PRAGMA journal_mode=") + GetParam().journal_mode +
                         "; CREATE TABLE counter(n); INSERT INTO counter VALUES(0);"
                         "CREATE TABLE account(id INTEGER PRIMARY KEY, balance);"
                         "WITH RECURSIVE n(k) AS (SELECT 0 UNION ALL SELECT k + 1 FROM n "
                         "WHERE k < 9) INSERT INTO account SELECT k, 100 FROM n"),
              SQLITE_OK);
  }

  std::unique_ptr<Connection> Connect() {
    auto db = std::make_unique<Connection>("/bank.db", *pool_,
                                           Connection::kReadWriteCreate | GetParam().threading);
    EXPECT_EQ(db->open_code(), SQLITE_OK);
    sqlite3_busy_handler(db->get(), WaitALittle, nullptr);
    if (std::string(GetParam().journal_mode) != "WAL") {
      EXPECT_EQ(db->Execute(std::string("PRAGMA journal_mode=") + GetParam().journal_mode),
                SQLITE_OK);
    }
    return db;
  }

  // Runs each task in a thread of its own.
  static void RunAll(const std::vector<std::function<void()>>& tasks) {
    std::vector<std::thread> threads;
    for (const auto& task : tasks) threads.emplace_back(task);
    for (std::thread& thread : threads) thread.join();
  }

  void CheckAtRest() {
    Connection db("/bank.db", *pool_);
    EXPECT_EQ(db.Query("SELECT sum(balance) FROM account"), std::to_string(kTotal));
    EXPECT_EQ(db.Query("PRAGMA integrity_check"), "ok");
  }

  TemporaryDirectory directory_;
  std::unique_ptr<DirectoryPool> pool_ = OpenPool(directory_.PathOf("pool"), 20);
};

std::string Transfer(int from, int to, int amount) {
  const auto change = [](int account, int by) {
    return "UPDATE account SET balance = balance + " + std::to_string(by) +
           " WHERE id = " + std::to_string(account % kAccounts) + ";";
  };
  return "BEGIN IMMEDIATE;" + change(from, -amount) + change(to, amount) + "COMMIT;";
}

TEST_P(ThreadsTest, NoIncrementIsLostAndNoReaderSeesHalf) {
  constexpr int kIncrements = 40;
  std::atomic<int> writers = kThreads;
  const auto write = [&](int number) {
    const auto db = Connect();
    for (int i = 0; i < kIncrements; ++i) {
      EXPECT_EQ(db->Execute("UPDATE counter SET n = n + 1"), SQLITE_OK);
      EXPECT_EQ(db->Execute(Transfer(number + i, number * 3 + i * 7, i)), SQLITE_OK);
    }
    --writers;
  };
  const auto read = [&] {
    const auto db = Connect();
    do {
      EXPECT_EQ(db->Query("SELECT sum(balance) FROM account"), std::to_string(kTotal));
      EXPECT_EQ(db->Query("BEGIN; SELECT (SELECT n FROM counter) >= 0;"
                          "SELECT sum(balance) FROM account; COMMIT"),
                "1\n" + std::to_string(kTotal));
    } while (writers > 0);
  };
  std::vector<std::function<void()>> tasks{read, read};
  for (int i = 0; i < kThreads; ++i) tasks.emplace_back([&write, i] { write(i); });
  RunAll(tasks);
  Connection db("/bank.db", *pool_);
  EXPECT_EQ(db.Query("SELECT n FROM counter"), std::to_string(kThreads * kIncrements));
  CheckAtRest();
}

TEST_P(ThreadsTest, ConnectionsComeAndGo) {
  constexpr int kRounds = 15;
  const auto work = [&](int number) {
    for (int i = 0; i < kRounds; ++i) {
      const auto db = Connect();
      EXPECT_EQ(db->Execute(Transfer(number, i, 1)), SQLITE_OK);
      EXPECT_EQ(db->Query("SELECT sum(balance) FROM account"), std::to_string(kTotal));
      const std::string own = "/own-" + std::to_string(number) + ".db";
      Connection other(own, *pool_);
      EXPECT_EQ(other.Execute("CREATE TABLE IF NOT EXISTS t(a); INSERT INTO t VALUES(1)"),
                SQLITE_OK);
      EXPECT_EQ(other.Query("SELECT count(*) FROM t"), std::to_string(i + 1));
    }
  };
  std::vector<std::function<void()>> tasks;
  for (int i = 0; i < kThreads; ++i) tasks.emplace_back([&work, i] { work(i); });
  RunAll(tasks);
  EXPECT_EQ(pool_->vfs().open_count(), 0);
  CheckAtRest();
}

Status ImportAs(PoolVfs& vfs, std::string_view name, std::span<const std::byte> bytes) {
  std::unique_ptr<Import> import;
  Status status = vfs.WithPool([&](Pool& pool) -> Status {
    const auto resolved = pool.names().Resolve(name);
    if (!resolved.ok()) return resolved.status();
    auto begun = Import::Begin(pool, resolved.value());
    if (begun.ok()) import = std::move(begun.value());
    return begun.status();
  });
  if (!status.ok()) return status;
  // In two parts, so that connections do their work in between.
  const std::size_t half = bytes.size() / 2;
  for (const auto part : {bytes.first(half), bytes.subspan(half)}) {
    status = vfs.WithPool([&](Pool&) { return import->Write(part); });
    if (!status.ok()) break;
  }
  return vfs.WithPool([&](Pool&) {
    if (status.ok()) status = import->Finish();
    import.reset();
    return status;
  });
}

TEST_P(ThreadsTest, ExportsAndImportsAreConsistentBesideWriters) {
  constexpr int kExports = 12;
  std::atomic<bool> is_done = false;
  const auto write = [&](int number) {
    const auto db = Connect();
    for (int i = 0; !is_done; ++i) {
      EXPECT_EQ(db->Execute(Transfer(number, i, 1)), SQLITE_OK);
    }
  };
  const auto copy = [&] {
    for (int i = 0; i < kExports; ++i) {
      auto bytes = Export(pool_->vfs(), "/bank.db");
      // Another thread may have deleted its journal and not yet given up its lock.
      while (bytes.status().code() == Code::kBusy) bytes = Export(pool_->vfs(), "/bank.db");
      EXPECT_TRUE(bytes.ok()) << bytes.status().text();
      const Status imported = ImportAs(pool_->vfs(), "/copy.db", bytes.value());
      EXPECT_TRUE(imported.ok()) << imported.text();
      Connection db("/copy.db", *pool_, SQLITE_OPEN_READWRITE);
      EXPECT_EQ(db.Query("SELECT sum(balance) FROM account"), std::to_string(kTotal));
      EXPECT_EQ(db.Query("PRAGMA integrity_check"), "ok");
    }
    is_done = true;
  };
  const auto change_capacity = [&] {
    while (!is_done) {
      EXPECT_TRUE(pool_->AddCapacity(1).ok());
      const auto removed = pool_->ReduceCapacity(1);
      EXPECT_TRUE(removed.ok() && removed.value() == 1);
      EXPECT_GE(FreeCount(*pool_), 10);
      std::this_thread::yield();
    }
  };
  RunAll({copy, change_capacity, [&] { write(1); }, [&] { write(2); }});
  CheckAtRest();
}

// One piece after the other, and between them all that the writers do.
Result<std::vector<std::byte>> ExportInPieces(PoolVfs& vfs, std::string_view name) {
  std::unique_ptr<Snapshot> snapshot;
  Status status = vfs.WithPool([&](Pool& pool) -> Status {
    auto opened = vfs.OpenSnapshot(*pool.files().Find(name));
    if (opened.ok()) snapshot = std::move(opened.value());
    return opened.status();
  });
  std::vector<std::byte> bytes;
  if (snapshot) bytes.resize(static_cast<std::size_t>(snapshot->size()));
  constexpr std::size_t kPiece = 1024;
  for (std::size_t at = 0; status.ok() && at < bytes.size(); at += kPiece) {
    status = vfs.WithPool([&](Pool&) {
      return snapshot->Read(std::span(bytes).subspan(at, std::min(kPiece, bytes.size() - at)),
                            static_cast<std::int64_t>(at));
    });
    std::this_thread::sleep_for(std::chrono::microseconds(50));
  }
  static_cast<void>(vfs.WithPool([&](Pool&) -> Status {
    snapshot.reset();
    return {};
  }));
  if (!status.ok()) return status;
  return bytes;
}

TEST_P(ThreadsTest, ExportsInPiecesAreWhole) {
  constexpr int kExports = 8;
  std::atomic<bool> is_done = false;
  const auto write = [&](int number) {
    const auto db = Connect();
    EXPECT_EQ(db->Execute("PRAGMA wal_autocheckpoint=3"), SQLITE_OK);
    for (int i = 0; !is_done; ++i) EXPECT_EQ(db->Execute(Transfer(number, i, 1)), SQLITE_OK);
  };
  const auto copy = [&] {
    for (int i = 0; i < kExports;) {
      const auto bytes = ExportInPieces(pool_->vfs(), "/bank.db");
      if (bytes.status().code() == Code::kBusy) continue;
      ++i;
      ASSERT_TRUE(bytes.ok()) << bytes.status().text();
      EXPECT_TRUE(ImportAs(pool_->vfs(), "/copy.db", bytes.value()).ok());
      Connection db("/copy.db", *pool_, SQLITE_OPEN_READWRITE);
      EXPECT_EQ(db.Query("SELECT sum(balance) FROM account"), std::to_string(kTotal));
      EXPECT_EQ(db.Query("PRAGMA integrity_check"), "ok");
    }
  };
  RunAll({[&] {
            copy();
            is_done = true;
          },
          [&] { write(1); }, [&] { write(2); }});
  CheckAtRest();
}

INSTANTIATE_TEST_SUITE_P(All, ThreadsTest,
                         ::testing::Values(Setting{"Delete", "DELETE", SQLITE_OPEN_FULLMUTEX},
                                           Setting{"Truncate", "TRUNCATE", SQLITE_OPEN_NOMUTEX},
                                           Setting{"Wal", "WAL", SQLITE_OPEN_NOMUTEX},
                                           Setting{"WalFullMutex", "WAL", SQLITE_OPEN_FULLMUTEX}),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(VfsThreads, RegisterAndUnregister) {
  const TemporaryDirectory directory;
  auto pool = OpenPool(directory.PathOf("pool"), 1);
  ASSERT_NE(pool, nullptr);
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 50; ++j) {
        EXPECT_TRUE(pool->vfs().Unregister().ok());
        EXPECT_TRUE(pool->vfs().Register().ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_NE(sqlite3_vfs_find(pool->vfs().name()), nullptr);
}

// A pool is destroyed as soon as no file is open, while threads are about to open one: with SQLite,
// which has looked up the VFS before it calls it, and by a pointer that was looked up long ago.
TEST(VfsThreads, PoolsComeAndGoBesideThreadsThatOpenFiles) {
  constexpr int kRounds = 100;
  const TemporaryDirectory directory;
  const std::string name = testing::UniqueVfsName();
  const auto open = [&] {
    return DirectoryPool::Open(directory.PathOf("pool"), {.vfs_name = name, .initial_capacity = 4});
  };
  auto pool = open();
  ASSERT_TRUE(pool.ok());
  sqlite3_vfs* const vfs = sqlite3_vfs_find(name.c_str());
  std::atomic<bool> is_done = false;
  std::atomic<int> opened = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&, i] {
      const std::string file = "/" + std::to_string(i) + ".db";
      while (!is_done) {
        Connection db(file, name.c_str());
        if (db.open_code() == SQLITE_OK)
          opened += db.Query(
                        "SELECT 1 + count(*) FROM "
                        "sqlite_schema") == "1";
        std::this_thread::sleep_for(std::chrono::microseconds(50));
      }
    });
    threads.emplace_back([&] {
      std::vector<std::byte> memory(static_cast<std::size_t>(vfs->szOsFile));
      auto* const file = reinterpret_cast<sqlite3_file*>(memory.data());
      while (!is_done) {
        char random = 0;
        int result = 0;
        vfs->xSleep(vfs, 50);
        vfs->xRandomness(vfs, 1, &random);
        vfs->xAccess(vfs, "/0.db", SQLITE_ACCESS_EXISTS, &result);
        const int code = vfs->xOpen(
            vfs, nullptr, file,
            Connection::kReadWriteCreate | SQLITE_OPEN_TRANSIENT_DB | SQLITE_OPEN_DELETEONCLOSE,
            &result);
        if (code == SQLITE_OK) file->pMethods->xClose(file);
      }
    });
  }
  for (int i = 0; i < kRounds; ++i) {
    while (!pool.value()->vfs().Unregister().ok()) std::this_thread::yield();
    pool.value().reset();
    pool = open();
    ASSERT_TRUE(pool.ok()) << pool.status().text();
    while (opened == 0) std::this_thread::yield();
  }
  is_done = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(sqlite3_vfs_find(name.c_str()), vfs);
}

TEST(VfsThreads, ManyUseOneConnection) {
  const TemporaryDirectory directory;
  auto pool = OpenPool(directory.PathOf("pool"), 4);
  ASSERT_NE(pool, nullptr);
  Connection db("/app.db", *pool, Connection::kReadWriteCreate | SQLITE_OPEN_FULLMUTEX);
  ASSERT_EQ(db.Execute("CREATE TABLE counter(n); INSERT INTO counter VALUES(0)"), SQLITE_OK);
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 50; ++j) {
        EXPECT_EQ(db.Execute("UPDATE counter SET n = n + 1"), SQLITE_OK);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(db.Query("SELECT n FROM counter"), std::to_string(kThreads * 50));
}

}  // namespace
}  // namespace sahpool
