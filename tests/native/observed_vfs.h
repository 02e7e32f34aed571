// An SQLite VFS over the unix one that tells of every change to a file before it is made, so that
// a test can look at the files as a crash at that instant would leave them. It can also pretend to
// be another kind of device, and it leaves out fsync: no test here pulls the plug.
#ifndef SAHPOOL_TESTS_NATIVE_OBSERVED_VFS_H_
#define SAHPOOL_TESTS_NATIVE_OBSERVED_VFS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

#include "sqlite3.h"

namespace sahpool::testing {

class ObservedVfs {
 public:
  struct Change {
    std::string_view path;                 // empty for a nameless temporary file
    std::span<const std::byte> written{};  // empty unless it is a write
    std::int64_t offset = 0;
  };

  // SQLite knows it by `name`, which must outlive it.
  explicit ObservedVfs(const char* name);
  ~ObservedVfs();
  ObservedVfs(const ObservedVfs&) = delete;
  ObservedVfs& operator=(const ObservedVfs&) = delete;

  // Called before each write, truncation and removal.
  std::function<void(const Change&)> on_change;
  // Called in the place of each fsync.
  std::function<void(std::string_view path)> on_sync;
  int sector_size = 512;
  int device_characteristics = SQLITE_IOCAP_POWERSAFE_OVERWRITE;

  void Notify(const Change& change) {
    if (on_change) on_change(change);
  }
  const char* name() const { return vfs_.zName; }
  sqlite3_vfs* unix_vfs() const { return unix_vfs_; }

 private:
  sqlite3_vfs* unix_vfs_;
  sqlite3_vfs vfs_;
};

}  // namespace sahpool::testing

#endif  // SAHPOOL_TESTS_NATIVE_OBSERVED_VFS_H_
