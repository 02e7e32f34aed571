// SQLITE_FCNTL_xyz: what SQLite and apps ask of an open file beside reading and writing.

#include <algorithm>
#include <cstring>
#include <string_view>

#include "vfs/pool_vfs.h"
#include "vfs/result_code.h"

namespace sahpool {
namespace {

// The protocol of SQLite's boolean file controls: negative asks, 0 and 1 set.
int QueryOrSet(bool& setting, int* argument) {
  if (*argument < 0) {
    *argument = setting ? 1 : 0;
  } else {
    setting = *argument != 0;
  }
  return SQLITE_OK;
}

int ReportVfsName(const OpenFile& self, char** argument) {
  *argument = CopyForSqlite(self.vfs->name());
  return *argument != nullptr ? SQLITE_OK : SQLITE_NOMEM;
}

// Grows the file in whole chunks ahead of the writes that SQLite announces.
int Preallocate(OpenFile& self, sqlite3_int64 hint) {
  if (self.chunk_size <= 0) return SQLITE_OK;
  const sqlite3_int64 size = (hint + self.chunk_size - 1) / self.chunk_size * self.chunk_size;
  if (size <= self.file().size()) return SQLITE_OK;
  Status s = self.vfs->pool().order().Begin(self.file());
  if (s.ok()) s = self.file().Truncate(size);
  return s.ok() ? SQLITE_OK : self.vfs->Fail(s, SQLITE_IOERR_TRUNCATE);
}

}  // namespace

char* CopyForSqlite(std::string_view text) {
  auto* const copy = static_cast<char*>(sqlite3_malloc64(text.size() + 1));
  if (copy == nullptr) return nullptr;
  *std::copy(text.begin(), text.end(), copy) = '\0';
  return copy;
}

int FileControl(OpenFile& self, int operation, void* argument) {
  switch (operation) {
    case SQLITE_FCNTL_LOCKSTATE:
      *static_cast<int*>(argument) = static_cast<int>(self.lock.level);
      return SQLITE_OK;
    case SQLITE_FCNTL_LAST_ERRNO:
      *static_cast<int*>(argument) = ToErrno(self.vfs->error().code());
      return SQLITE_OK;
    case SQLITE_FCNTL_CHUNK_SIZE:
      self.chunk_size = std::max(*static_cast<int*>(argument), 0);
      return SQLITE_OK;
    case SQLITE_FCNTL_SIZE_HINT:
      return Preallocate(self, *static_cast<sqlite3_int64*>(argument));
    case SQLITE_FCNTL_PERSIST_WAL:
      return QueryOrSet(self.persists_wal, static_cast<int*>(argument));
    case SQLITE_FCNTL_POWERSAFE_OVERWRITE:
      return QueryOrSet(self.is_powersafe, static_cast<int*>(argument));
    case SQLITE_FCNTL_VFSNAME:
      return ReportVfsName(self, static_cast<char**>(argument));
    case SQLITE_FCNTL_HAS_MOVED:
      // A file that is open can be neither renamed nor deleted.
      *static_cast<int*>(argument) = 0;
      return SQLITE_OK;
    case SQLITE_FCNTL_COMMIT_PHASETWO:
      self.shared->has_uncommitted_writes = false;
      if (const Status s = self.vfs->pool().order().DrainBefore(self.file()); !s.ok()) {
        return self.vfs->Fail(s, SQLITE_IOERR_WRITE);
      }
      self.vfs->ForgetError();
      return SQLITE_NOTFOUND;
    case SQLITE_FCNTL_SYNC:
      // A nameless file need not outlive anything, and its rollback must find room on a full disk.
      if (self.file().slot().state() == SlotState::kTemporary) return SQLITE_NOTFOUND;
      // Of a database, when all pages of its transaction are written, before the flush: where a
      // failure can still be undone, with synchronous=OFF too. A flush that a VFS above makes by
      // itself is no commit.
      self.vfs->pool().journals().PrepareCommit(self.file());
      if (const Status s = self.file().Drain(); !s.ok()) {
        return self.vfs->Fail(s, SQLITE_IOERR_WRITE);
      }
      return SQLITE_NOTFOUND;
    case SQLITE_FCNTL_PRAGMA:
      return PoolPragma(self, static_cast<char**>(argument));
    default:
      return SQLITE_NOTFOUND;
  }
}

}  // namespace sahpool
