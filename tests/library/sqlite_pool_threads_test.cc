// Pools of the C++ library that grow, are waited for and are managed while other threads use them.
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "sqlite_pool_fixture.h"

namespace sahpool::testing {
namespace {

struct SqlitePoolThreadsTest : SqlitePoolTest {};

TEST_F(SqlitePoolThreadsTest, GrowsInTheBackground) {
  PoolOptions options = Options();
  options.initial_capacity = 1;
  options.keep_free = 4;
  SqlitePool pool = Open(options);
  const auto has_free = [&] {
    for (int i = 0; i < 500 && pool.counts().free < 4; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return pool.counts().free >= 4;
  };
  EXPECT_TRUE(has_free());
  Make("a.db", 1);
  Make("b.db", 2);
  EXPECT_TRUE(has_free());
  EXPECT_EQ(pool.counts().files, 2);
}

TEST_F(SqlitePoolThreadsTest, HasItsFreeSlotsFromTheStart) {
  PoolOptions options = Options();
  options.keep_free = 16;
  SqlitePool pool = Open(options);
  EXPECT_EQ(pool.counts().free, 16);
  Make("a.db", 1);
  ASSERT_TRUE(pool.Pause().ok());
  ASSERT_TRUE(pool.Unpause().Wait().ok());
  EXPECT_GE(pool.counts().free, 15);
}

TEST_F(SqlitePoolThreadsTest, LeavesNoSlotThatWasBeingMadeWhenItIsRemoved) {
  PoolOptions options = Options();
  options.initial_capacity = 1;
  options.keep_free = 8;
  for (int i = 0; i < 20; ++i) {
    SqlitePool pool = Open(options);
    // From now on some are made.
    for (const char* name : {"a.db", "b.db", "c.db"}) Make(name, 1);
    ASSERT_TRUE(pool.Remove().Wait().ok());
    ASSERT_FALSE(std::filesystem::exists(path));
  }
}

// Whoever needs a slot that is not there yet waits for it.
TEST_F(SqlitePoolThreadsTest, GrowsAsFastAsFilesAreMade) {
  constexpr int kThreads = 4;
  constexpr int kDatabases = 50;
  PoolOptions options = Options();
  options.initial_capacity = 1;
  options.keep_free = 1;
  SqlitePool pool = Open(options);
  std::vector<std::thread> threads;
  std::vector<std::vector<sqlite3*>> open(kThreads);
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      for (int j = 0; j < kDatabases; ++j) {
        const std::string name = std::to_string(i) + "-" + std::to_string(j);
        sqlite3* const db = open[static_cast<std::size_t>(i)].emplace_back(Connect(name.c_str()));
        EXPECT_EQ(sqlite3_exec(db, "CREATE TABLE t(x)", nullptr, nullptr, nullptr), SQLITE_OK)
            << sqlite3_errmsg(db);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(pool.counts().files, kThreads * kDatabases);
  for (const auto& connections : open) {
    for (sqlite3* const db : connections) sqlite3_close(db);
  }
}

// One that looks for nothing but an occasion to open something.
TEST_F(SqlitePoolThreadsTest, IsLetGoOfWhileOthersOpenFiles) {
  constexpr int kPauses = 30;
  SqlitePool pool = Open();
  Make("app.db", 1);
  std::atomic<bool> is_done = false;
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      while (!is_done) {
        sqlite3* db = nullptr;
        if (sqlite3_open_v2("app.db", &db, SQLITE_OPEN_READWRITE, vfs.c_str()) == SQLITE_OK) {
          const int code = sqlite3_exec(db, "SELECT x FROM t", nullptr, nullptr, nullptr);
          EXPECT_TRUE(code == SQLITE_OK || code == SQLITE_CANTOPEN) << code;
        }
        sqlite3_close(db);
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
    });
  }
  for (int paused = 0; paused < kPauses;) {
    const Status status = pool.Pause();
    EXPECT_TRUE(status.ok() || status.code() == Code::kBusy) << status.text();
    if (!status.ok()) continue;
    ++paused;
    EXPECT_TRUE(pool.Unpause().Wait().ok());
  }
  Status closed;
  do {
    closed = pool.Close();
  } while (closed.code() == Code::kBusy);
  EXPECT_TRUE(closed.ok()) << closed.text();
  is_done = true;
  for (std::thread& thread : threads) thread.join();
}
TEST_F(SqlitePoolThreadsTest, WaitsForAPoolThatIsOpenElsewhere) {
  SqlitePool pool = Open();
  std::thread closer([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    EXPECT_TRUE(pool.Close().ok());
  });
  PoolOptions options = Options();
  options.vfs_name = UniqueVfsName();
  options.acquire_timeout_ms = 10'000;
  EXPECT_TRUE(SqlitePool::Open(options).Wait().ok());
  closer.join();
}

TEST_F(SqlitePoolThreadsTest, AForkedProcessWaitsForNoThreadAndRemovesNothing) {
  PoolOptions options = Options();
  options.keep_free = 2;
  SqlitePool pool = Open(options);
  Make("app.db", 7);
  for (const bool removes : {false, true}) {
    const pid_t child = fork();
    if (child == 0) {
      alarm(10);
      if (removes && pool.Remove().Wait().status().code() != Code::kMisuse) _exit(1);
      pool = SqlitePool();
      _exit(0);
    }
    int status = -1;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
    EXPECT_EQ(NumberIn("app.db"), 7);
  }
  ASSERT_TRUE(pool.Pause().ok());
  ASSERT_TRUE(pool.Unpause().Wait().ok());
  EXPECT_EQ(NumberIn("app.db"), 7);
}

TEST_F(SqlitePoolThreadsTest, ConnectionsOfOtherThreadsGoOnWhileThePoolIsManaged) {
  SqlitePool pool = Open();
  Make("app.db", 0);
  std::thread writer([&] {
    sqlite3* const db = Connect("app.db");
    // An export keeps writers waiting.
    sqlite3_busy_timeout(db, 10'000);
    for (int i = 0; i < 50; ++i) {
      EXPECT_EQ(sqlite3_exec(db, "UPDATE t SET x = x + 1", nullptr, nullptr, nullptr), SQLITE_OK);
    }
    sqlite3_close(db);
  });
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(pool.AddCapacity(1).Wait().ok());
    EXPECT_GE(pool.FileNames().size(), 1U);
    static_cast<void>(pool.Export("app.db"));
  }
  writer.join();
  EXPECT_EQ(NumberIn("app.db"), 50);
}

}  // namespace
}  // namespace sahpool::testing
