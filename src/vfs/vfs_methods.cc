// The sqlite3_vfs methods: names, opening, deleting, time and randomness.

#include <algorithm>
#include <cstring>
#include <string_view>

#include "vfs/pool_vfs.h"
#include "vfs/result_code.h"

namespace sahpool {
namespace {

// Julian day of 1970-01-01 in milliseconds, as xCurrentTimeInt64 counts.
constexpr sqlite3_int64 kUnixEpochJulianMs = 210866760000000;
constexpr double kMsPerDay = 86400000.0;

VfsEntry& EntryOf(sqlite3_vfs* vfs) { return *static_cast<VfsEntry*>(vfs->pAppData); }

// The pool, for as long as it is in use; none of a VFS that is not registered any more.
class Entered {
 public:
  explicit Entered(sqlite3_vfs* vfs) : guard_(EntryOf(vfs).mutex), pool_(EntryOf(vfs).pool) {}
  explicit operator bool() const { return pool_ != nullptr; }
  PoolVfs& operator*() const { return *pool_; }

 private:
  MutexLock guard_;
  PoolVfs* pool_;
};

Result<File*> FindOrCreate(Pool& pool, const char* name, int flags) {
  const auto resolved = pool.names().Resolve(name);
  if (!resolved.ok()) return resolved.status();
  if ((flags & SQLITE_OPEN_MAIN_DB) != 0) {
    if (Status s = pool.names().CheckQuarantine(resolved.value()); !s.ok()) return s;
  }
  if (File* const file = pool.files().Find(resolved.value()); file != nullptr) {
    constexpr int kCreateNew = SQLITE_OPEN_CREATE | SQLITE_OPEN_EXCLUSIVE;
    if ((flags & kCreateNew) != kCreateNew) return file;
    Text text(resolved.value().view());
    return Status(Code::kExists, text.Append(" exists already"));
  }
  if ((flags & SQLITE_OPEN_CREATE) == 0) {
    Text text("there is no file ");
    return Status(Code::kNotFound, text.Append(resolved.value().view()));
  }
  return pool.Create(resolved.value(), static_cast<std::uint32_t>(flags));
}

int OpenMethod(sqlite3_vfs* vfs, const char* name, sqlite3_file* into, int flags, int* out_flags) {
  into->pMethods = nullptr;
  const Entered entered(vfs);
  if (!entered) return SQLITE_CANTOPEN;
  PoolVfs& self = *entered;
  // In a header these bits have a meaning of their own.
  flags &= ~(SQLITE_OPEN_MEMORY | SQLITE_OPEN_AUTOPROXY);
  if ((flags & SQLITE_OPEN_MAIN_DB) != 0) self.ForgetError();

  const bool is_nameless = name == nullptr || *name == '\0';
  auto file = is_nameless ? self.pool().CreateTemporary(static_cast<std::uint32_t>(flags))
                          : FindOrCreate(self.pool(), name, flags);
  OpenFile& opened = *reinterpret_cast<OpenFile*>(into);
  Status status = file.status();
  if (status.ok()) {
    status = self.Open(*file.value(), flags, opened);
    if (!status.ok() && is_nameless) static_cast<void>(file.value()->SetFree());
  }
  if (!status.ok()) {
    const int code = self.Fail(status, SQLITE_IOERR);
    const bool is_of_host = code == SQLITE_IOERR || code == SQLITE_FULL || code == SQLITE_NOMEM;
    return is_of_host ? code : SQLITE_CANTOPEN;
  }
  // Without the URI flag nothing says that parameters follow the name.
  constexpr int kDatabaseUri = SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_URI;
  if ((flags & kDatabaseUri) == kDatabaseUri) {
    opened.is_powersafe = sqlite3_uri_boolean(name, "psow", 1) != 0;
  }
  if (out_flags != nullptr) *out_flags = flags;
  return SQLITE_OK;
}

// SQLite resolves names first, but its Worker1 deletes by the URI that it opened a database with.
std::string_view PathOf(std::string_view name) {
  if (!name.starts_with("file:")) return name;
  name.remove_prefix(5);
  if (name.starts_with("//")) name.remove_prefix(std::min(name.find('/', 2), name.size()));
  return name.substr(0, name.find_first_of("?#"));
}

int DeleteMethod(sqlite3_vfs* vfs, const char* name, int /*sync_directory*/) {
  const Entered entered(vfs);
  if (!entered) return SQLITE_IOERR_DELETE;
  PoolVfs& self = *entered;
  const auto resolved = self.pool().names().Resolve(PathOf(name));
  if (!resolved.ok()) return self.Fail(resolved.status(), SQLITE_IOERR_DELETE);
  File* const file = self.pool().files().Find(resolved.value());
  if (file == nullptr) return SQLITE_IOERR_DELETE_NOENT;
  if (const Status s = self.pool().order().DeleteOrEmpty(*file); !s.ok()) {
    // SQLITE_BUSY has no meaning to a caller of xDelete.
    const int code = self.Fail(s, SQLITE_IOERR_DELETE);
    return code == SQLITE_BUSY ? SQLITE_IOERR_DELETE : code;
  }
  return SQLITE_OK;
}

// SQLite asks for the journals of a database in every transaction, by names that are resolved.
const File* FindAsGiven(const Pool& pool, const char* name) {
  if (IsPlainName(name)) return pool.files().Find(name);
  const auto resolved = pool.names().Resolve(name);
  return resolved.ok() ? pool.files().Find(resolved.value()) : nullptr;
}

// What exists can be read and written. But as in SQLite's own VFSes an empty file does not exist to
// SQLITE_ACCESS_EXISTS, by which SQLite asks for journals: an empty WAL must not put a database
// into WAL mode, and an empty super-journal commands nothing.
int AccessMethod(sqlite3_vfs* vfs, const char* name, int flags, int* result) {
  const Entered entered(vfs);
  if (!entered) return SQLITE_IOERR_ACCESS;
  const Pool& pool = (*entered).pool();
  const File* const file = FindAsGiven(pool, name);
  // SQLite rolls nothing back by a journal whose super-journal is gone.
  if (file == nullptr && pool.files().quarantined_count() > 0) {
    if (const auto resolved = pool.names().Resolve(name); resolved.ok()) {
      if (Status s = pool.names().CheckAbsence(resolved.value()); !s.ok()) {
        (*entered).Fail(s, SQLITE_IOERR_ACCESS);
        return SQLITE_IOERR_ACCESS;
      }
    }
  }
  *result = file != nullptr && (flags != SQLITE_ACCESS_EXISTS || file->size() > 0) ? 1 : 0;
  return SQLITE_OK;
}

int FullPathnameMethod(sqlite3_vfs* vfs, const char* name, int size, char* out) {
  const Entered entered(vfs);
  if (!entered) return SQLITE_CANTOPEN;
  PoolVfs& self = *entered;
  // SQLite may refuse the name itself, without an open.
  self.ForgetError();
  const auto resolved = self.pool().names().Resolve(name);
  if (!resolved.ok()) {
    self.Fail(resolved.status(), SQLITE_CANTOPEN);
    return SQLITE_CANTOPEN;
  }
  const std::string_view path = resolved.value().view();
  if (path.size() >= static_cast<std::size_t>(size)) return SQLITE_CANTOPEN;
  std::copy(path.begin(), path.end(), out);
  out[path.size()] = '\0';
  return SQLITE_OK;
}

int RandomnessMethod(sqlite3_vfs* vfs, int count, char* out) {
  Host* const host = EntryOf(vfs).host;
  const std::span<char> bytes(out, static_cast<std::size_t>(count));
  return host != nullptr ? static_cast<int>(host->Randomness(std::as_writable_bytes(bytes))) : 0;
}

// Not as one who is in the pool: others must be able to go on meanwhile.
int SleepMethod(sqlite3_vfs* vfs, int microseconds) {
  Host* const host = EntryOf(vfs).host;
  return host != nullptr ? static_cast<int>(host->SleepMicroseconds(microseconds)) : 0;
}

int CurrentTimeInt64Method(sqlite3_vfs* vfs, sqlite3_int64* out) {
  Host* const host = EntryOf(vfs).host;
  if (host == nullptr) return SQLITE_ERROR;
  *out = kUnixEpochJulianMs + host->NowMilliseconds();
  return SQLITE_OK;
}

int CurrentTimeMethod(sqlite3_vfs* vfs, double* out) {
  sqlite3_int64 milliseconds = 0;
  const int code = CurrentTimeInt64Method(vfs, &milliseconds);
  *out = static_cast<double>(milliseconds) / kMsPerDay;
  return code;
}

int GetLastErrorMethod(sqlite3_vfs* vfs, int size, char* out) {
  const Entered entered(vfs);
  if (!entered) return SQLITE_OK;
  const Status& error = (*entered).error();
  if (size > 0 && out != nullptr) {
    const std::size_t count = std::min(error.text().size(), static_cast<std::size_t>(size) - 1);
    error.text().copy(out, count);
    out[count] = '\0';
  }
  return ToSqliteCode(error);
}

// Extensions are the system's, not the pool's: SQLite's own VFS loads them. No other is asked, for
// it may stand above this one and ask back. Null in a build of SQLite that has none.
sqlite3_vfs* Loader() { return sqlite3_vfs_find("unix"); }

void* DlOpenMethod(sqlite3_vfs* /*vfs*/, const char* path) {
  sqlite3_vfs* const loader = Loader();
  return loader != nullptr ? loader->xDlOpen(loader, path) : nullptr;
}

// Without a loader SQLite's own text stays in `out`.
void DlErrorMethod(sqlite3_vfs* /*vfs*/, int size, char* out) {
  if (sqlite3_vfs* const loader = Loader()) loader->xDlError(loader, size, out);
}

// SQLite calls these two with what DlOpenMethod() returned, never with null.
void (*DlSymMethod(sqlite3_vfs* /*vfs*/, void* library, const char* symbol))() {
  sqlite3_vfs* const loader = Loader();
  return loader != nullptr ? loader->xDlSym(loader, library, symbol) : nullptr;
}

void DlCloseMethod(sqlite3_vfs* /*vfs*/, void* library) {
  if (sqlite3_vfs* const loader = Loader()) loader->xDlClose(loader, library);
}

}  // namespace

void FillVfsMethods(sqlite3_vfs& vfs) {
  vfs.iVersion = 2;
  vfs.szOsFile = sizeof(OpenFile);
  // SQLite opens no database whose name with "-journal" is longer.
  vfs.mxPathname = static_cast<int>(FileName::kMaxSize + kJournalSuffix.size());
  vfs.xOpen = OpenMethod;
  vfs.xDelete = DeleteMethod;
  vfs.xAccess = AccessMethod;
  vfs.xFullPathname = FullPathnameMethod;
  vfs.xDlOpen = DlOpenMethod;
  vfs.xDlError = DlErrorMethod;
  vfs.xDlSym = DlSymMethod;
  vfs.xDlClose = DlCloseMethod;
  vfs.xRandomness = RandomnessMethod;
  vfs.xSleep = SleepMethod;
  vfs.xCurrentTime = CurrentTimeMethod;
  vfs.xCurrentTimeInt64 = CurrentTimeInt64Method;
  vfs.xGetLastError = GetLastErrorMethod;
}

}  // namespace sahpool
