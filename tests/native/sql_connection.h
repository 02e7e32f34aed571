// SQL for tests: pools in directories, connections to their databases, and the outcome of a
// statement in a form that two runs can be compared by.
#ifndef SAHPOOL_TESTS_NATIVE_SQL_CONNECTION_H_
#define SAHPOOL_TESTS_NATIVE_SQL_CONNECTION_H_

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "native/directory_pool.h"
#include "sahpool/status.h"
#include "sqlite3.h"

namespace sahpool::testing {

// A name that no other VFS of this process has had.
std::string UniqueVfsName();

// Opens the pool in `directory` under a unique VFS name and reports a failure to GoogleTest. Null
// after a failure.
std::unique_ptr<DirectoryPool> OpenPool(const std::string& directory,
                                        std::int32_t initial_capacity = 8);

// How many slots of the pool hold nothing, and how many a named file.
std::int32_t FreeCount(DirectoryPool& pool);
std::int32_t FileCount(DirectoryPool& pool);

// Copies the slots of a pool as they lie on the disk: what a crash at this moment leaves when every
// write has reached the disk. The copy is a pool's directory too.
void CopySlots(const std::string& from, const std::string& to);

// The committed content of the file `name`, as an export gives it.
Result<std::vector<std::byte>> Export(PoolVfs& vfs, std::string_view name);

// The extended result code of a statement, its rows ("a|b\nc|d\n") and its error text.
struct Outcome {
  int code = SQLITE_OK;
  std::string rows;
  std::string message;

  friend bool operator==(const Outcome&, const Outcome&) = default;
};
std::ostream& operator<<(std::ostream& out, const Outcome& outcome);

class Connection {
 public:
  static constexpr int kReadWriteCreate =
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI;

  // `vfs` may be null: SQLite's default VFS.
  Connection(const std::string& path, const char* vfs, int flags = kReadWriteCreate);
  Connection(const std::string& path, DirectoryPool& pool, int flags = kReadWriteCreate)
      : Connection(path, pool.vfs().name(), flags) {}
  ~Connection() { Close(); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  sqlite3* get() const { return db_; }
  // The extended result code of the open.
  int open_code() const { return open_code_; }

  // Runs one or more statements up to the first that fails.
  Outcome Run(const std::string& sql);
  int Execute(const std::string& sql) { return Run(sql).code; }
  // The rows without the last newline, or "error <code>: <text>".
  std::string Query(const std::string& sql);

  // SQLITE_FCNTL_xyz on the main database.
  int FileControl(int operation, void* argument) {
    return sqlite3_file_control(db_, "main", operation, argument);
  }

  void Close();

 private:
  sqlite3* db_ = nullptr;
  int open_code_ = SQLITE_OK;
};

// The current row of a statement: "a|b\n", with "NULL" for what is null.
std::string RowText(sqlite3_stmt* statement);

}  // namespace sahpool::testing

#endif  // SAHPOOL_TESTS_NATIVE_SQL_CONNECTION_H_
