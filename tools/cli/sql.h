// SQLite's C API in the manner of the standard library: connections and statements that close
// themselves, and errors that are Failures with SQLite's text.
//
// Threads: as SQLite's. Ownership: a Statement must not outlive its Connection.
#ifndef SAHPOOL_TOOLS_CLI_SQL_H_
#define SAHPOOL_TOOLS_CLI_SQL_H_

#include <sqlite3.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "cli/failure.h"

namespace sahpool::cli {

class Connection {
 public:
  // `vfs` may be null: SQLite's own.
  Connection(const std::string& name, const char* vfs);
  // A file that nobody changes meanwhile: nothing is locked and nothing made beside it.
  static Connection OpenImmutable(const std::filesystem::path& path);
  // A database that consists of a copy of `bytes`.
  static Connection OpenBytes(std::span<const std::byte> bytes);

  sqlite3* get() const { return database_.get(); }
  // For a database of which nobody knows who made it: its schema may do nothing but describe it.
  void Distrust();
  void Execute(const char* sql);
  // The error of the last call.
  Failure Error() const;

 private:
  explicit Connection(sqlite3* opened) : database_(opened) {}

  struct Close {
    void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
  };

  std::unique_ptr<sqlite3, Close> database_;
};

class Statement {
 public:
  // The first statement of `sql`; what follows it becomes `rest`. Empty when there is none.
  Statement(Connection& connection, std::string_view sql, std::string_view* rest = nullptr);

  bool empty() const { return statement_ == nullptr; }
  sqlite3_stmt* get() const { return statement_.get(); }
  void Bind(const char* parameter, std::string_view text);
  // Whether there is a row.
  bool Step();

  int column_count() const { return sqlite3_column_count(statement_.get()); }
  std::int64_t Integer(int column) const { return sqlite3_column_int64(statement_.get(), column); }
  std::string Text(int column) const;
  std::span<const std::byte> Blob(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };

  Connection& connection_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

}  // namespace sahpool::cli

#endif  // SAHPOOL_TOOLS_CLI_SQL_H_
