// sahpool query: SQL on a database of a pool, which stays as it is.

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/open_pool.h"
#include "cli/output.h"
#include "cli/printable.h"

namespace sahpool::cli {
namespace {

std::string Hex(std::span<const std::byte> bytes) {
  std::string text;
  for (const std::byte byte : bytes) {
    text += fmt::format("{:02x}", std::to_integer<unsigned>(byte));
  }
  return text;
}

Json JsonValue(const Statement& row, int column) {
  switch (sqlite3_column_type(row.get(), column)) {
    case SQLITE_NULL:
      return nullptr;
    case SQLITE_INTEGER:
      return row.Integer(column);
    case SQLITE_FLOAT:
      return sqlite3_column_double(row.get(), column);
    case SQLITE_BLOB:
      return {{"hex", Hex(row.Blob(column))}};
    default:
      return row.Text(column);
  }
}

std::string TextValue(const Statement& row, int column) {
  switch (sqlite3_column_type(row.get(), column)) {
    case SQLITE_NULL:
      return "NULL";
    case SQLITE_BLOB:
      return "x'" + Hex(row.Blob(column)) + "'";
    default:
      return row.Text(column);
  }
}

// A name that a row has twice gets a number, as keys must differ.
Json JsonRow(const Statement& row) {
  Json json = Json::object();
  for (int i = 0; i < row.column_count(); ++i) {
    const std::string name = sqlite3_column_name(row.get(), i);
    std::string key = name;
    for (int number = 1; json.contains(key); ++number) key = name + ":" + std::to_string(number);
    json[key] = JsonValue(row, i);
  }
  return json;
}

class Rows {
 public:
  Rows(bool json, bool header) : json_(json), header_(header) {}

  void Print(Statement& statement) {
    bool is_first = true;
    while (statement.Step()) {
      if (json_) {
        fmt::print("{}{}", printed_ == 0 ? "[\n" : ",\n", TextOf(JsonRow(statement)));
      } else {
        if (is_first && header_) {
          PrintCells(statement, [&](int i) { return sqlite3_column_name(statement.get(), i); });
        }
        PrintCells(statement, [&](int i) { return TextValue(statement, i); });
      }
      is_first = false;
      ++printed_;
    }
  }

  void End() const {
    if (json_) fmt::print("{}\n", printed_ == 0 ? "[]" : "\n]");
  }

 private:
  template <typename Cell>
  static void PrintCells(const Statement& statement, Cell cell) {
    // Tabs within a cell are escaped, as all that could be taken for the end of one.
    for (int i = 0; i < statement.column_count(); ++i) {
      fmt::print("{}{}", i == 0 ? "" : "\t", Printable(cell(i)));
    }
    fmt::print("\n");
  }

  const bool json_;
  const bool header_;
  std::int64_t printed_ = 0;
};

}  // namespace

ExitCode Query(const Arguments& arguments) {
  const PoolPlace place = FindPool(arguments.dir, arguments.pool);
  WarnOfUser(place);
  OpenPool pool(place, Access::kRead);
  pool.RequireAllSlots();
  Connection connection = pool.Connect(pool.Find(arguments.name));
  connection.Execute("PRAGMA query_only = ON");
  Rows rows(arguments.json, arguments.header);
  std::string_view rest = arguments.sql;
  while (!rest.empty()) {
    Statement statement(connection, rest, &rest);
    if (!statement.empty()) rows.Print(statement);
  }
  rows.End();
  return ExitCode::kDone;
}

}  // namespace sahpool::cli
