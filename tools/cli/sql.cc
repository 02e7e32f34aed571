#include "cli/sql.h"

#include <fmt/format.h>

#include <cctype>
#include <cstring>

namespace sahpool::cli {
namespace {

ExitCode ExitCodeFor(int result) {
  switch (result & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return ExitCode::kDamaged;
    case SQLITE_BUSY:
      return ExitCode::kInUse;
    default:
      return ExitCode::kFailed;
  }
}

}  // namespace

Connection::Connection(const std::string& name, const char* vfs) {
  sqlite3* opened = nullptr;
  const int result = sqlite3_open_v2(name.c_str(), &opened, SQLITE_OPEN_READWRITE, vfs);
  database_.reset(opened);
  if (opened == nullptr) throw Failure(ExitCode::kFailed, "out of memory");
  if (result != SQLITE_OK) throw Error();
}

Connection Connection::OpenImmutable(const std::filesystem::path& path) {
  std::string uri = "file:";
  for (const char c : path.string()) {
    const bool is_plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '/';
    uri += is_plain ? std::string(1, c)
                    : fmt::format("%{:02x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
  }
  uri += "?immutable=1";
  sqlite3* opened = nullptr;
  const int result =
      sqlite3_open_v2(uri.c_str(), &opened, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, nullptr);
  Connection connection(opened);
  if (opened == nullptr) throw Failure(ExitCode::kFailed, "out of memory");
  if (result != SQLITE_OK) throw connection.Error();
  connection.Distrust();
  return connection;
}

Connection Connection::OpenBytes(std::span<const std::byte> bytes) {
  Connection connection(":memory:", nullptr);
  auto* const copy = static_cast<unsigned char*>(sqlite3_malloc64(bytes.size()));
  if (copy == nullptr) throw Failure(ExitCode::kFailed, "out of memory");
  std::memcpy(copy, bytes.data(), bytes.size());
  // In WAL mode SQLite would look for a WAL, which a copy in memory can't have.
  constexpr std::size_t kFormatVersions = 18;
  if (bytes.size() > kFormatVersions + 1) copy[kFormatVersions] = copy[kFormatVersions + 1] = 1;
  const auto size = static_cast<sqlite3_int64>(bytes.size());
  if (sqlite3_deserialize(connection.get(), "main", copy, size, size,
                          SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_RESIZEABLE) !=
      SQLITE_OK) {
    throw connection.Error();
  }
  return connection;
}

void Connection::Distrust() {
  sqlite3_db_config(get(), SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(get(), SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
}

void Connection::Execute(const char* sql) {
  if (sqlite3_exec(get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) throw Error();
}

Failure Connection::Error() const {
  return {ExitCodeFor(sqlite3_errcode(get())), sqlite3_errmsg(get())};
}

Statement::Statement(Connection& connection, std::string_view sql, std::string_view* rest)
    : connection_(connection) {
  sqlite3_stmt* prepared = nullptr;
  const char* tail = nullptr;
  const int result = sqlite3_prepare_v2(connection.get(), sql.data(), static_cast<int>(sql.size()),
                                        &prepared, &tail);
  statement_.reset(prepared);
  if (result != SQLITE_OK) throw connection.Error();
  if (rest != nullptr) *rest = sql.substr(static_cast<std::size_t>(tail - sql.data()));
}

void Statement::Bind(const char* parameter, std::string_view text) {
  const int index = sqlite3_bind_parameter_index(get(), parameter);
  if (sqlite3_bind_text64(get(), index, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8) !=
      SQLITE_OK) {
    throw connection_.Error();
  }
}

bool Statement::Step() {
  const int result = sqlite3_step(get());
  if (result != SQLITE_ROW && result != SQLITE_DONE) throw connection_.Error();
  return result == SQLITE_ROW;
}

std::string Statement::Text(int column) const {
  const auto* const text = reinterpret_cast<const char*>(sqlite3_column_text(get(), column));
  if (text == nullptr) return {};
  return {text, static_cast<std::size_t>(sqlite3_column_bytes(get(), column))};
}

std::span<const std::byte> Statement::Blob(int column) const {
  const auto* const bytes = static_cast<const std::byte*>(sqlite3_column_blob(get(), column));
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(get(), column))};
}

}  // namespace sahpool::cli
