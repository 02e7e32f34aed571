// What cases use that call a VFS through its sqlite3_vfs and sqlite3_io_methods, as SQLite does.
//
// Ownership: a VfsFile closes its file; it must not outlive the VFS.
#ifndef SAHPOOL_TESTS_CONFORMANCE_VFS_FIXTURE_H_
#define SAHPOOL_TESTS_CONFORMANCE_VFS_FIXTURE_H_

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

#include "tests/conformance/pool_fixture.h"

namespace sahpool::conformance {

inline constexpr int kOpenDatabase =
    SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
inline constexpr int kOpenJournal =
    SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;

// A file name as SQLite passes it to xOpen: behind it a list of URI parameters, here an empty one,
// and before it zeros.
class SqliteFileName {
 public:
  SqliteFileName() = default;
  explicit SqliteFileName(std::string_view name) {
    std::copy_n(name.data(), std::min(name.size(), kMaxSize), bytes_.begin() + kPrefix);
  }

  const char* c_str() const { return bytes_.data() + kPrefix; }

 private:
  static constexpr std::size_t kPrefix = 4;
  static constexpr std::size_t kMaxSize = 800;

  std::array<char, kPrefix + kMaxSize + 4> bytes_{};
};

class VfsFile {
 public:
  VfsFile() = default;
  ~VfsFile() { static_cast<void>(Close()); }
  VfsFile(const VfsFile&) = delete;
  VfsFile& operator=(const VfsFile&) = delete;

  // The result code of xOpen. A null `name` asks for a nameless temporary file.
  int Open(const TestVfs& test_vfs, const char* name, int flags, int* out_flags = nullptr) {
    sqlite3_vfs* const vfs = test_vfs.sqlite();
    if (!memory_) return SQLITE_NOMEM;
    if (vfs->szOsFile > memory_.size()) return SQLITE_MISUSE;
    name_ = SqliteFileName(name != nullptr ? name : "");
    return vfs->xOpen(vfs, name != nullptr ? name_.c_str() : nullptr, get(), flags, out_flags);
  }
  // The result code of xClose; SQLITE_OK when nothing is open.
  int Close() { return is_open() ? get()->pMethods->xClose(get()) : SQLITE_OK; }

  bool is_open() const { return memory_ && get()->pMethods != nullptr; }
  sqlite3_file* get() const { return reinterpret_cast<sqlite3_file*>(memory_.data()); }

  int Read(std::span<std::byte> into, sqlite3_int64 offset) {
    return methods().xRead(get(), into.data(), static_cast<int>(into.size()), offset);
  }
  int Write(std::span<const std::byte> bytes, sqlite3_int64 offset) {
    return methods().xWrite(get(), bytes.data(), static_cast<int>(bytes.size()), offset);
  }
  int Truncate(sqlite3_int64 size) { return methods().xTruncate(get(), size); }
  int Sync() { return methods().xSync(get(), SQLITE_SYNC_NORMAL); }
  // -1 when xFileSize fails.
  sqlite3_int64 Size() {
    sqlite3_int64 size = -1;
    return methods().xFileSize(get(), &size) == SQLITE_OK ? size : -1;
  }
  int Lock(int level) { return methods().xLock(get(), level); }
  int Unlock(int level) { return methods().xUnlock(get(), level); }
  // -1 when xCheckReservedLock fails.
  int CheckReservedLock() {
    int result = -1;
    return methods().xCheckReservedLock(get(), &result) == SQLITE_OK ? result : -1;
  }
  int Control(int operation, void* argument) {
    return methods().xFileControl(get(), operation, argument);
  }
  // The answer of a control that takes an int; -1 when it fails.
  int ControlInt(int operation, int argument = -1) {
    return Control(operation, &argument) == SQLITE_OK ? argument : -1;
  }
  int ShmLock(int first, int count, int flags) {
    return methods().xShmLock(get(), first, count, flags);
  }
  int ShmMap(int index, bool create, volatile void** region) {
    return methods().xShmMap(get(), index, kShmRegionSize, create ? 1 : 0, region);
  }
  int ShmUnmap() { return methods().xShmUnmap(get(), 0); }
  const sqlite3_io_methods& methods() const { return *get()->pMethods; }

  static constexpr int kShmRegionSize = 32768;

 private:
  SqliteFileName name_;
  Buffer memory_{512};
};

// 1 or 0 as xAccess says, be the file empty or not; -1 when it fails.
inline int Exists(const TestVfs& test_vfs, const char* name) {
  sqlite3_vfs* const vfs = test_vfs.sqlite();
  int result = -1;
  return vfs->xAccess(vfs, name, SQLITE_ACCESS_READWRITE, &result) == SQLITE_OK ? result : -1;
}

}  // namespace sahpool::conformance

#endif  // SAHPOOL_TESTS_CONFORMANCE_VFS_FIXTURE_H_
