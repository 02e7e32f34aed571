#include "content.h"

#include <algorithm>
#include <cstring>
#include <span>

#include "allocation_faults.h"

namespace sahpool::testing {
namespace {

std::vector<std::uint8_t> PayloadOf(std::int64_t key, const Row& row) {
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(row.size));
  auto state = static_cast<std::uint32_t>(key * 2654435761 + row.version * 40503 + row.size);
  for (std::uint8_t& byte : bytes) {
    state = state * 1664525 + 1013904223;
    byte = static_cast<std::uint8_t>(state >> 24);
  }
  return bytes;
}

void PayloadFunction(sqlite3_context* context, int /*count*/, sqlite3_value** values) {
  const auto bytes = PayloadOf(
      sqlite3_value_int64(values[0]),
      {.version = sqlite3_value_int64(values[1]), .size = sqlite3_value_int64(values[2])});
  sqlite3_result_blob64(context, bytes.data(), bytes.size(), SQLITE_TRANSIENT);
}

std::string TableName(std::size_t table) { return "t" + std::to_string(table); }

class Statement {
 public:
  Statement(sqlite3* db, const std::string& sql) {
    code_ = sqlite3_prepare_v2(db, sql.c_str(), -1, &statement_, nullptr);
  }
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  // Whether there is another row; code() tells an end from a failure.
  bool Next() {
    if (code_ == SQLITE_OK) code_ = sqlite3_step(statement_);
    if (code_ == SQLITE_ROW) {
      code_ = SQLITE_OK;
      return true;
    }
    if (code_ == SQLITE_DONE) code_ = SQLITE_OK;
    return false;
  }
  int code() const { return code_; }
  sqlite3_stmt* get() const { return statement_; }

 private:
  sqlite3_stmt* statement_ = nullptr;
  int code_;
};

int ReadTable(sqlite3* db, const std::string& schema, std::size_t table, ReadOutcome& outcome) {
  Statement rows(db, "SELECT id, version, payload FROM " + schema + "." + TableName(table));
  while (rows.Next()) {
    const std::int64_t key = sqlite3_column_int64(rows.get(), 0);
    const Row row = {.version = sqlite3_column_int64(rows.get(), 1),
                     .size = sqlite3_column_bytes(rows.get(), 2)};
    const auto wanted = PayloadOf(key, row);
    const void* const found = sqlite3_column_blob(rows.get(), 2);
    if (row.size > 0 && std::memcmp(found, wanted.data(), wanted.size()) != 0) {
      outcome.problem =
          TableName(table) + " row " + std::to_string(key) + ": a payload of another row";
    }
    outcome.content[table][key] = row;
  }
  if (rows.code() != SQLITE_OK) return rows.code();
  Statement by_index(db, "SELECT count(*) FROM " + schema + "." + TableName(table) +
                             " INDEXED BY " + TableName(table) + "_version WHERE version >= 0");
  if (by_index.Next() && static_cast<std::size_t>(sqlite3_column_int64(by_index.get(), 0)) !=
                             outcome.content[table].size()) {
    outcome.problem = TableName(table) + ": the index has another number of rows";
  }
  return by_index.code();
}

}  // namespace

std::string CreateTablesSql(const std::string& schema) {
  return "BEGIN;"
         "CREATE TABLE IF NOT EXISTS " +
         schema +
         ".t0(id INTEGER PRIMARY KEY, version INT, payload BLOB);"
         "CREATE INDEX IF NOT EXISTS " +
         schema +
         ".t0_version ON t0(version);"
         "CREATE TABLE IF NOT EXISTS " +
         schema +
         ".t1(id INTEGER PRIMARY KEY, version INT, payload BLOB) WITHOUT ROWID;"
         "CREATE INDEX IF NOT EXISTS " +
         schema +
         ".t1_version ON t1(version, payload);"
         "COMMIT";
}

int AddPayloadFunction(sqlite3* db) {
  return sqlite3_create_function_v2(db, "payload", 3, SQLITE_UTF8 | SQLITE_DETERMINISTIC, nullptr,
                                    PayloadFunction, nullptr, nullptr, nullptr);
}

ReadOutcome ReadContent(sqlite3* db, const std::string& schema) {
  ReadOutcome outcome;
  Statement tables(db, "SELECT count(*) FROM " + schema + ".sqlite_schema WHERE type = 'table'");
  const bool has_row = tables.Next();
  const auto count = has_row ? static_cast<std::size_t>(sqlite3_column_int64(tables.get(), 0)) : 0;
  outcome.code = tables.code();
  if (outcome.code != SQLITE_OK || count == 0) return outcome;
  if (count != kTableCount) outcome.problem = std::to_string(count) + " tables";
  for (std::size_t table = 0; table < kTableCount && outcome.code == SQLITE_OK; ++table) {
    outcome.code = ReadTable(db, schema, table, outcome);
  }
  return outcome;
}

std::string CheckIntegrity(sqlite3* db, const std::string& schema) {
  Statement check(db, "PRAGMA " + schema + ".integrity_check(3)");
  std::string found;
  while (check.Next()) {
    if (!found.empty()) found += "; ";
    found += reinterpret_cast<const char*>(sqlite3_column_text(check.get(), 0));
  }
  return check.code() == SQLITE_OK ? found : sqlite3_errmsg(db);
}

std::string Describe(const Content& content) {
  std::string text;
  for (std::size_t table = 0; table < kTableCount; ++table) {
    if (table > 0) text += ", ";
    text += TableName(table) + ": " + std::to_string(content[table].size()) + " rows";
  }
  return text;
}

std::string DescribeDifference(const Content& found, const Content& wanted) {
  const auto describe = [](const auto& rows, std::int64_t key) -> std::string {
    const auto row = rows.find(key);
    if (row == rows.end()) return "none";
    return "version " + std::to_string(row->second.version) + " of " +
           std::to_string(row->second.size) + " bytes";
  };
  for (std::size_t table = 0; table < kTableCount; ++table) {
    std::map<std::int64_t, Row> keys = found[table];
    keys.insert(wanted[table].begin(), wanted[table].end());
    for (const auto& [key, row] : keys) {
      const std::string is = describe(found[table], key);
      const std::string should_be = describe(wanted[table], key);
      if (is != should_be) {
        return TableName(table) + " row " + std::to_string(key) + ": " + is + " instead of " +
               should_be;
      }
    }
  }
  return "none";
}

std::vector<std::byte> MakeDatabaseImage(const Content& content, int page_size, bool is_wal) {
  const AllocationFaults::Suspended no_faults;
  sqlite3* db = nullptr;
  sqlite3_open(":memory:", &db);
  AddPayloadFunction(db);
  std::string sql =
      "PRAGMA page_size = " + std::to_string(page_size) + ";" + CreateTablesSql("main");
  for (std::size_t table = 0; table < kTableCount; ++table) {
    for (const auto& [key, row] : content[table]) {
      const std::string values = std::to_string(key) + ", " + std::to_string(row.version);
      sql += ";INSERT INTO " + TableName(table) + " VALUES(" + values + ", payload(" + values +
             ", " + std::to_string(row.size) + "))";
    }
  }
  sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr);
  sqlite3_int64 size = 0;
  unsigned char* const bytes = sqlite3_serialize(db, "main", &size, 0);
  std::vector<std::byte> image;
  if (bytes != nullptr) {
    const auto all = std::as_bytes(std::span(bytes, static_cast<std::size_t>(size)));
    image.assign(all.begin(), all.end());
  }
  sqlite3_free(bytes);
  sqlite3_close(db);
  if (is_wal && image.size() > 20) image[18] = image[19] = std::byte{2};
  return image;
}

ReadOutcome ReadDatabaseImage(const std::vector<std::byte>& image) {
  const AllocationFaults::Suspended no_faults;
  sqlite3* db = nullptr;
  sqlite3_open(":memory:", &db);
  std::vector<unsigned char> bytes(image.size());
  std::transform(image.begin(), image.end(), bytes.begin(),
                 [](std::byte byte) { return std::to_integer<unsigned char>(byte); });
  // In memory there is no WAL, and the exported image needs none.
  if (bytes.size() > 20) bytes[18] = bytes[19] = 1;
  ReadOutcome outcome;
  if (!bytes.empty()) {
    sqlite3_deserialize(db, "main", bytes.data(), static_cast<sqlite3_int64>(bytes.size()),
                        static_cast<sqlite3_int64>(bytes.size()), SQLITE_DESERIALIZE_READONLY);
    outcome = ReadContent(db, "main");
    const std::string integrity = CheckIntegrity(db, "main");
    if (integrity != "ok") outcome.problem = "integrity_check: " + integrity;
  }
  sqlite3_close(db);
  return outcome;
}

}  // namespace sahpool::testing
