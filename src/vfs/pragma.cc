// PRAGMA sahpool_...: what a pool tells of itself in SQL, so that it can be asked for in any app.
//
//   sahpool_stats         calls to the storage, bytes and time, as JSON; "reset" starts anew
//   sahpool_pool          slots and files, as JSON
//   sahpool_read_ahead    bytes read at once by a sequential reader; 0 turns that off

#include <sqlite3.h>

#include <algorithm>
#include <charconv>
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
void AppendMember(Text& json, std::string_view name, std::int64_t value) {
  json.Append(json.view().size() > 1 ? ",\"" : "\"").Append(name).Append("\":").Append(value);
}

int StatsPragma(PoolVfs& vfs, char** arguments) {
  StorageMeter& meter = vfs.pool().meter();
  if (arguments[2] != nullptr) {
    if (sqlite3_stricmp(arguments[2], "reset") != 0) {
      return Answer(arguments, Text("sahpool_stats takes no value but reset"), SQLITE_ERROR);
    }
    meter.Reset();
  }
  const StorageStats& stats = meter.stats();
  Text json("{");
  AppendMember(json, "reads", stats.reads);
  AppendMember(json, "writes", stats.writes);
  AppendMember(json, "truncates", stats.truncates);
  AppendMember(json, "sizes", stats.sizes);
  AppendMember(json, "flushes", stats.flushes);
  AppendMember(json, "bytesRead", stats.bytes_read);
  AppendMember(json, "bytesWritten", stats.bytes_written);
  AppendMember(json, "mergedWrites", stats.merged_writes);
  AppendMember(json, "readAheadHits", stats.read_ahead_hits);
  AppendMember(json, "hostMicroseconds", stats.host_microseconds);
  return Answer(arguments, json.Append("}"));
}

int PoolFiguresPragma(PoolVfs& vfs, char** arguments) {
  const Pool& pool = vfs.pool();
  Text json("{");
  AppendMember(json, "capacity", pool.capacity());
  AppendMember(json, "files", pool.file_count());
  AppendMember(json, "free", pool.free_count());
  AppendMember(json, "quarantined", pool.quarantined_count());
  return Answer(arguments, json.Append("}"));
}

int ReadAheadPragma(PoolVfs& vfs, char** arguments) {
  if (arguments[2] != nullptr) {
    const std::string_view text(arguments[2]);
    std::int64_t bytes = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bytes);
    if (error != std::errc() || end != text.data() + text.size() || bytes < 0) {
      return Answer(arguments, Text("sahpool_read_ahead takes a number of bytes"), SQLITE_ERROR);
    }
    vfs.set_read_ahead_bytes(std::min(bytes, ReadCache::kMaxWindow));
  }
  return Answer(arguments, Text().Append(vfs.read_ahead_bytes()));
}

}  // namespace

// `arguments`: the answer or the error's text, the pragma's name, and its value or null.
int PoolPragma(OpenFile& file, char** arguments) {
  const char* const name = arguments[1];
  if (sqlite3_stricmp(name, "sahpool_stats") == 0) return StatsPragma(*file.vfs, arguments);
  if (sqlite3_stricmp(name, "sahpool_pool") == 0) return PoolFiguresPragma(*file.vfs, arguments);
  if (sqlite3_stricmp(name, "sahpool_read_ahead") == 0) {
    return ReadAheadPragma(*file.vfs, arguments);
  }
  return SQLITE_NOTFOUND;
}

}  // namespace sahpool
