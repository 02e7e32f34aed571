// What an open file is: one SharedFile for each file that is open, one OpenFile for each open of
// it.
//
// Threads: protected by the mutex of the PoolVfs.
// Ownership: an OpenFile lives in memory that SQLite gives to xOpen and takes back after xClose; a
// SharedFile lives from the first open of its file to the last close and pins it.
#ifndef SAHPOOL_VFS_OPEN_FILE_H_
#define SAHPOOL_VFS_OPEN_FILE_H_

#include <sqlite3.h>

#include <cstdint>

#include "file/file.h"
#include "vfs/file_lock.h"
#include "vfs/wal_index.h"

namespace sahpool {

class PoolVfs;

struct SharedFile {
  File* file = nullptr;
  FileLock lock;
  WalIndex wal_index;
  std::int32_t open_count = 0;
  // Bytes were changed since the last commit or unlock with neither a journal nor a WAL in the
  // pool, by which what is committed could be told from what is not. Not what such a file has
  // undone or let through: a connection in exclusive locking mode keeps its lock when that file has
  // gone.
  bool has_uncommitted_writes = false;
  SharedFile* next = nullptr;
};

// Begins with sqlite3_file, as SQLite demands of what xOpen fills.
struct OpenFile {
  sqlite3_file base{};
  PoolVfs* vfs = nullptr;
  SharedFile* shared = nullptr;
  int flags = 0;
  // By the flags, whatever the slot's header says.
  FileKind opened_as = FileKind::kPlain;
  FileLock::Holder lock;
  WalIndex::Holder wal_index;
  std::int64_t chunk_size = 0;  // SQLITE_FCNTL_CHUNK_SIZE, in bytes; 0 is off
  bool persists_wal = false;    // SQLITE_FCNTL_PERSIST_WAL
  bool is_powersafe = true;     // SQLITE_FCNTL_POWERSAFE_OVERWRITE

  File& file() const { return *shared->file; }
};

}  // namespace sahpool

#endif  // SAHPOOL_VFS_OPEN_FILE_H_
