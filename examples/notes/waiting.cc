// Opens a pool with a call that waits for it, which in a browser takes a build with Asyncify (emcc
// -sASYNCIFY); without it the call says so.

#include <sahpool/sqlite_pool.h>
#include <sqlite3.h>

#include <cstdio>

int main() {
  auto pool = sahpool::SqlitePool::Open({.vfs_name = "waiting", .directory = "waiting"}).Wait();
  std::printf("waited: %s\n", pool.ok() ? "ok" : pool.status().c_str());
  if (!pool.ok()) return 1;
  std::printf("slots: %d\n", pool.value().ReserveCapacity(7).Wait().value());
  std::printf("removed: %d\n", pool.value().Remove().Wait().ok());
  std::printf("end\n");
}
