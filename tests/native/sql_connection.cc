#include "sql_connection.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <ostream>

namespace sahpool::testing {
namespace {

namespace fs = std::filesystem;

std::int32_t CountOf(DirectoryPool& pool, std::int32_t (PoolFiles::*count)() const) {
  std::int32_t result = 0;
  EXPECT_TRUE(pool.vfs()
                  .WithPool([&](Pool& inner) {
                    result = (inner.files().*count)();
                    return Status();
                  })
                  .ok());
  return result;
}

}  // namespace

std::string UniqueVfsName() {
  static std::atomic<int> number{0};
  return "sql-test-" + std::to_string(++number);
}

std::unique_ptr<DirectoryPool> OpenPool(const std::string& directory,
                                        std::int32_t initial_capacity) {
  auto pool = DirectoryPool::Open(
      directory, {.vfs_name = UniqueVfsName(), .initial_capacity = initial_capacity});
  EXPECT_TRUE(pool.ok()) << pool.status().text();
  return pool.ok() ? std::move(pool.value()) : nullptr;
}

std::int32_t FreeCount(DirectoryPool& pool) { return CountOf(pool, &PoolFiles::free_count); }
std::int32_t FileCount(DirectoryPool& pool) { return CountOf(pool, &PoolFiles::file_count); }

void CopySlots(const std::string& from, const std::string& to) {
  fs::remove_all(to);
  fs::create_directories(to);
  fs::copy(from, to, fs::copy_options::recursive);
}

Result<std::vector<std::byte>> Export(PoolVfs& vfs, std::string_view name) {
  std::vector<std::byte> bytes;
  const Status status = vfs.WithPool([&](Pool& pool) -> Status {
    const auto resolved = pool.names().Resolve(name);
    if (!resolved.ok()) return resolved.status();
    File* const file = pool.files().Find(resolved.value());
    if (file == nullptr) return {Code::kNotFound, "no such file"};
    const auto snapshot = vfs.OpenSnapshot(*file);
    if (!snapshot.ok()) return snapshot.status();
    bytes.resize(static_cast<std::size_t>(snapshot.value()->size()));
    return snapshot.value()->Read(bytes, 0);
  });
  if (!status.ok()) return status;
  return bytes;
}

std::ostream& operator<<(std::ostream& out, const Outcome& outcome) {
  return out << outcome.code << " (" << outcome.message << ") rows:\n" << outcome.rows;
}

Connection::Connection(const std::string& path, const char* vfs, int flags) {
  const int code = sqlite3_open_v2(path.c_str(), &db_, flags, vfs);
  open_code_ = code == SQLITE_OK ? code : sqlite3_extended_errcode(db_);
  sqlite3_extended_result_codes(db_, 1);
}

void Connection::Close() {
  EXPECT_EQ(sqlite3_close(db_), SQLITE_OK);
  db_ = nullptr;
}

Outcome Connection::Run(const std::string& sql) {
  Outcome outcome;
  const char* rest = sql.c_str();
  while (*rest != '\0' && outcome.code == SQLITE_OK) {
    sqlite3_stmt* statement = nullptr;
    outcome.code = sqlite3_prepare_v2(db_, rest, -1, &statement, &rest);
    if (statement == nullptr) continue;
    int code = sqlite3_step(statement);
    for (; code == SQLITE_ROW; code = sqlite3_step(statement)) {
      outcome.rows += RowText(statement);
    }
    outcome.code = code == SQLITE_DONE ? SQLITE_OK : code;
    if (outcome.code != SQLITE_OK) outcome.message = sqlite3_errmsg(db_);
    sqlite3_finalize(statement);
  }
  if (outcome.code != SQLITE_OK && outcome.message.empty()) outcome.message = sqlite3_errmsg(db_);
  return outcome;
}

std::string Connection::Query(const std::string& sql) {
  Outcome outcome = Run(sql);
  if (outcome.code != SQLITE_OK) {
    return "error " + std::to_string(outcome.code) + ": " + outcome.message;
  }
  if (!outcome.rows.empty()) outcome.rows.pop_back();
  return outcome.rows;
}

std::string RowText(sqlite3_stmt* statement) {
  std::string row;
  for (int i = 0; i < sqlite3_column_count(statement); ++i) {
    if (i > 0) row += '|';
    const auto* const text = reinterpret_cast<const char*>(sqlite3_column_text(statement, i));
    row += text == nullptr ? "NULL" : text;
  }
  return row + '\n';
}

}  // namespace sahpool::testing
