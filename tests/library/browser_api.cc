// The C++ API in a browser's worker: a program that uses all of it and prints "end" when every
// check held, otherwise the line of the one that did not.

#include <sahpool/sqlite_pool.h>
#include <sqlite3.h>

#include <cstddef>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

namespace {

using sahpool::Code;
using sahpool::PoolOptions;
using sahpool::SqlitePool;
using sahpool::Status;

struct Detached {
  struct promise_type {
    Detached get_return_object() { return {}; }
    sahpool::coroutines::suspend_never initial_suspend() noexcept { return {}; }
    sahpool::coroutines::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() {}
  };
};

std::vector<std::string> messages;

PoolOptions Options(const char* vfs_name) {
  PoolOptions options;
  options.vfs_name = vfs_name;
  options.directory = "api/pool";
  // Firefox takes a moment to let go of files that were closed.
  options.acquire_timeout_ms = 1000;
  options.log = [](void*, int level, const char* text) {
    messages.push_back(std::to_string(level) + " " + text);
  };
  return options;
}

int Execute(const char* vfs_name, const char* name, const char* sql) {
  sqlite3* db = nullptr;
  int code = sqlite3_open_v2(name, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, vfs_name);
  if (code == SQLITE_OK) code = sqlite3_exec(db, sql, nullptr, nullptr, nullptr);
  sqlite3_close(db);
  return code;
}

#define CHECK(condition)                                        \
  if (!(condition)) {                                           \
    std::printf("failed: line %d: %s\n", __LINE__, #condition); \
    co_return;                                                  \
  }

Detached Run() {
  PoolOptions options = Options("api");
  options.clear_on_init = true;
  auto opened = co_await SqlitePool::Open(options);
  CHECK(opened.ok());
  SqlitePool pool = std::move(opened.value());
  CHECK(!messages.empty() && messages[0] == "2 api: VFS initialized.");
  CHECK(sqlite3_vfs_find("api") != nullptr);
  CHECK(sqlite3_vfs_find(nullptr) != sqlite3_vfs_find("api"));
  CHECK(pool.counts().capacity == 6 && pool.counts().files == 0 && pool.counts().free == 6);

  CHECK(Execute("api", "a b.db", "CREATE TABLE t(x); INSERT INTO t VALUES(1)") == SQLITE_OK);
  CHECK(pool.FileNames() == std::vector<std::string>{"/a%20b.db"});
  const auto bytes = pool.Export("a b.db");
  CHECK(bytes.ok() && bytes.value().size() == 8192);
  CHECK(pool.Import("b.db", bytes.value()).ok());
  CHECK(Execute("api", "b.db", "UPDATE t SET x = 2") == SQLITE_OK);
  CHECK(pool.Import("b.db", std::vector<std::byte>(4096)).code() == Code::kNotADatabase);
  CHECK(pool.Unlink("none").ok() && !pool.Unlink("none").value());

  // Capacity, and what is refused in the middle of an operation.
  Code refused = Code::kOk;
  pool.AddCapacity(2).Then([](const sahpool::Result<int>&) {});
  refused = pool.Pause().code();
  CHECK(refused == Code::kMisuse);
  CHECK(pool.Close().code() == Code::kBusy);
  auto capacity = co_await pool.ReserveCapacity(10);
  CHECK(capacity.ok() && capacity.value() == 10);
  auto removed = co_await pool.ReduceCapacity(100);
  CHECK(removed.ok() && removed.value() == 8);
  auto negative = co_await pool.AddCapacity(-1);
  CHECK(negative.status().code() == Code::kInvalid);

  // Others can't have the pool until it is paused.
  const PoolOptions other_options = Options("other");
  auto busy = co_await SqlitePool::Open(other_options);
  CHECK(busy.status().code() == Code::kBusy && busy.status().text().size() > 0);
  {
    auto import = pool.BeginImport("b.db");
    CHECK(import.status().code() == Code::kNoFreeSlot);
  }
  CHECK(pool.Unlink("b.db").value());
  {
    auto import = pool.BeginImport("b.db");
    CHECK(import.ok() && pool.Pause().code() == Code::kBusy);
  }
  CHECK(pool.Pause().ok() && pool.is_paused() && pool.counts().capacity == 0);
  CHECK(pool.WipeFiles().code() == Code::kMisuse);
  auto other = co_await SqlitePool::Open(other_options);
  CHECK(other.ok() && other.value().counts().files == 1);
  auto taken = co_await pool.Unpause();
  CHECK(taken.status().code() == Code::kBusy && pool.is_paused());
  CHECK(other.value().Close().ok() && sqlite3_vfs_find("other") == nullptr);
  auto unpaused = co_await pool.Unpause();
  CHECK(unpaused.ok() && !pool.is_paused() && pool.counts().capacity == 2);

  // Removal, of a pool that is in use and of one that is not.
  sqlite3* db = nullptr;
  CHECK(sqlite3_open_v2("a b.db", &db, SQLITE_OPEN_READWRITE, "api") == SQLITE_OK);
  CHECK(sqlite3_exec(db, "SELECT * FROM t", nullptr, nullptr, nullptr) == SQLITE_OK);
  auto in_use = co_await pool.Remove();
  CHECK(in_use.status().code() == Code::kBusy && pool.counts().files == 1);
  sqlite3_close(db);
  auto gone = co_await pool.Remove();
  CHECK(gone.ok() && pool.get() == nullptr && sqlite3_vfs_find("api") == nullptr);

  // What is left is nothing; and a pool that grows by itself.
  options = Options("api");
  options.initial_capacity = 1;
  options.keep_free = 3;
  auto grown = co_await SqlitePool::Open(options);
  CHECK(grown.ok() && grown.value().counts().files == 0 && grown.value().counts().capacity == 3);
  CHECK(Execute("api", "c.db", "CREATE TABLE t(x)") == SQLITE_OK);
  auto settled = co_await grown.value().ReserveCapacity(0);
  CHECK(settled.ok() && grown.value().counts().free == 3);
  CHECK(grown.value().WipeFiles().ok());
  auto removal = co_await grown.value().Remove();
  CHECK(removal.ok());
  options.vfs_name = "";
  auto nameless = co_await SqlitePool::Open(options);
  CHECK(nameless.status().code() == Code::kInvalid);
  std::printf("end\n");
}

}  // namespace

int main() { Run(); }
