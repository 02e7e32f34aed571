// PRAGMA sahpool_...: what a pool tells of itself in SQL, so that it can be asked for in any app.
//
//   sahpool_stats         calls to the storage, bytes and time, as JSON; "reset" starts anew
//   sahpool_pool          slots and files, as JSON
//   sahpool_read_ahead    bytes read at once by a sequential reader; 0 turns that off
//   sahpool_keep_wal      1 lets the connection's last close leave the WAL file, as
//                         SQLITE_FCNTL_PERSIST_WAL does; with a journal_size_limit it is emptied

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "vfs/pool_vfs.h"

namespace sahpool {
namespace {

// SQLite frees the text.
int Answer(char** arguments, const Text& text, int code = SQLITE_OK) {
  arguments[0] = CopyForSqlite(text.view());
  return arguments[0] != nullptr ? code : SQLITE_NOMEM;
}

// Appends a member to a JSON object that has been begun with a brace.
[[gnu::noinline]] void AppendMember(Text& json, const char* name, std::int64_t value) {
  json.Append(json.view().size() > 1 ? ",\"" : "\"").Append(name).Append("\":").Append(value);
}

// The name is in it, because every pointer would be relocated by code of its own.
struct Figure {
  char name[17];
  std::int64_t StorageStats::* value;
};

constexpr std::array<Figure, 10> kFigures = {{
    {"reads", &StorageStats::reads},
    {"writes", &StorageStats::writes},
    {"truncates", &StorageStats::truncates},
    {"sizes", &StorageStats::sizes},
    {"flushes", &StorageStats::flushes},
    {"bytesRead", &StorageStats::bytes_read},
    {"bytesWritten", &StorageStats::bytes_written},
    {"mergedWrites", &StorageStats::merged_writes},
    {"readAheadHits", &StorageStats::read_ahead_hits},
    {"hostMicroseconds", &StorageStats::host_microseconds},
}};

int StatsPragma(PoolVfs& vfs, char** arguments) {
  StorageMeter& meter = vfs.pool().files().context().meter;
  if (arguments[2] != nullptr) {
    if (sqlite3_stricmp(arguments[2], "reset") != 0) {
      return Answer(arguments, Text("sahpool_stats takes no value but reset"), SQLITE_ERROR);
    }
    meter.Reset();
  }
  const StorageStats& stats = meter.stats();
  Text json("{");
  for (const Figure& figure : kFigures) {
    AppendMember(json, figure.name, stats.*figure.value);
  }
  return Answer(arguments, json.Append("}"));
}

int PoolFiguresPragma(PoolVfs& vfs, char** arguments) {
  const PoolFiles& files = vfs.pool().files();
  Text json("{");
  AppendMember(json, "capacity", files.capacity());
  AppendMember(json, "files", files.file_count());
  AppendMember(json, "free", files.free_count());
  AppendMember(json, "quarantined", files.quarantined_count());
  return Answer(arguments, json.Append("}"));
}

// At most kMaxWindow, however many digits there are; -1 if it is no number. std::from_chars() would
// multiply in 128 bits, with a function that SQLite's module need not have.
std::int64_t ParseBytes(std::string_view text) {
  if (text.empty()) return -1;
  std::int64_t bytes = 0;
  for (const char digit : text) {
    if (digit < '0' || digit > '9') return -1;
    bytes = std::min(bytes * 10 + (digit - '0'), ReadCache::kMaxWindow);
  }
  return bytes;
}

int ReadAheadPragma(PoolVfs& vfs, char** arguments) {
  std::int64_t& read_ahead_bytes = vfs.pool().files().context().read_ahead_bytes;
  if (arguments[2] != nullptr) {
    const std::int64_t bytes = ParseBytes(arguments[2]);
    if (bytes < 0) {
      return Answer(arguments, Text("sahpool_read_ahead takes a number of bytes"), SQLITE_ERROR);
    }
    read_ahead_bytes = bytes;
  }
  return Answer(arguments, Text().Append(read_ahead_bytes));
}

int KeepWalPragma(OpenFile& self, char** arguments) {
  if (arguments[2] != nullptr) {
    const std::string_view value(arguments[2]);
    if (value != "0" && value != "1") {
      return Answer(arguments, Text("sahpool_keep_wal takes 0 or 1"), SQLITE_ERROR);
    }
    self.persists_wal = value == "1";
  }
  return Answer(arguments, Text(self.persists_wal ? "1" : "0"));
}

}  // namespace

// `arguments`: the answer or the error's text, the pragma's name, and its value or null.
int PoolPragma(OpenFile& self, char** arguments) {
  const char* const name = arguments[1];
  if (sqlite3_stricmp(name, "sahpool_stats") == 0) return StatsPragma(*self.vfs, arguments);
  if (sqlite3_stricmp(name, "sahpool_pool") == 0) return PoolFiguresPragma(*self.vfs, arguments);
  if (sqlite3_stricmp(name, "sahpool_read_ahead") == 0) {
    return ReadAheadPragma(*self.vfs, arguments);
  }
  if (sqlite3_stricmp(name, "sahpool_keep_wal") == 0) return KeepWalPragma(self, arguments);
  return SQLITE_NOTFOUND;
}

}  // namespace sahpool
