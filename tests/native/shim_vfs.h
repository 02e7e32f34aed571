// A small VFS between SQLite and another one, as encrypting or compressing ones are: it changes the
// bytes or the names that it passes on, or when it passes them on.
#ifndef SAHPOOL_TESTS_NATIVE_SHIM_VFS_H_
#define SAHPOOL_TESTS_NATIVE_SHIM_VFS_H_

#include <cstddef>
#include <string>

#include "sqlite3.h"

namespace sahpool::testing {

enum class ShimKind {
  kEncryptsPages,       // of the database, and those in a journal or a WAL, whose headers it leaves
  kEncryptsAll,         // all bytes of these three
  kShortensNames,       // "x.db-wal" is "x.wal" and so on, as with SQLITE_ENABLE_8_3_NAMES
  kFlushesEachPage,     // of the database
  kWritesLastPageLate,  // of the database, after the flush that SQLite has asked for
};

class ShimVfs {
 public:
  static constexpr std::byte kKey{0x5a};

  // Over the VFS `base`, which outlives it, under a name of its own.
  ShimVfs(ShimKind kind, const char* base);
  ~ShimVfs();
  ShimVfs(const ShimVfs&) = delete;
  ShimVfs& operator=(const ShimVfs&) = delete;

  const char* name() const { return name_.c_str(); }
  ShimKind kind() const { return kind_; }
  sqlite3_vfs* base() const { return base_; }

 private:
  const ShimKind kind_;
  sqlite3_vfs* const base_;
  const std::string name_;
  sqlite3_vfs vfs_{};
};

}  // namespace sahpool::testing

#endif  // SAHPOOL_TESTS_NATIVE_SHIM_VFS_H_
