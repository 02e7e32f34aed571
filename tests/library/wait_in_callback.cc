// A callback that waits, which a build with JSPI can't do: it is told so.

#include <sahpool/sqlite_pool.h>

#include <cstdio>

int main() {
  sahpool::SqlitePool::Open({.vfs_name = "nested", .directory = "nested"})
      .Then([](sahpool::Result<sahpool::SqlitePool> pool) {
        const auto capacity = pool.ok() ? pool.value().ReserveCapacity(7).Wait()
                                        : sahpool::Result<int>(pool.status());
        std::printf("waited: %s\n", capacity.status().c_str());
      });
}
