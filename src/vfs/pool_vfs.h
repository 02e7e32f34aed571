// A pool as an SQLite VFS: owns the pool, the sqlite3_vfs and the table of open files.
//
// Threads: any thread may call any function and any connection may be used as SQLite's threading
// mode allows; one mutex per PoolVfs serialises all. In a browser there is one thread.
// Ownership: a PoolVfs must not be destroyed while a file is open. The host outlives it, and where
// there are threads all calls of SQLite: one may be asleep in it. What SQLite has of a pool, its
// VfsEntry, is never freed.
// Errors: functions returning `int` give an SQLite result code; last_error() has the text.
#ifndef SAHPOOL_VFS_POOL_VFS_H_
#define SAHPOOL_VFS_POOL_VFS_H_

#include <sqlite3.h>

#include <memory>
#include <string_view>

#include "pool/pool.h"
#include "sahpool/status.h"
#include "transfer/snapshot.h"
#include "vfs/mutex.h"
#include "vfs/open_file.h"

namespace sahpool {

class PoolVfs;

// The sqlite3_vfs of a pool, and what its methods find without the pool. A thread may have looked
// it up just before it was unregistered, and a connection that has no file, or a VFS above this
// one, may keep it for good: so it outlives the pool, and serves the next one of that name.
struct VfsEntry {
  sqlite3_vfs vfs{};
  sqlite3_io_methods io_methods{};
  Mutex mutex;                     // of the pool
  PoolVfs* pool = nullptr;         // null while the VFS is not registered: every open then fails
  Unlocked<Host*> host = nullptr;  // null when the pool has gone
  bool is_taken = true;
  VfsEntry* next = nullptr;
};

class PoolVfs {
 public:
  // Null when memory has run out. `name` is copied.
  static std::unique_ptr<PoolVfs> Create(Host& host, std::string_view name);
  ~PoolVfs();
  PoolVfs(const PoolVfs&) = delete;
  PoolVfs& operator=(const PoolVfs&) = delete;

  const char* name() const { return entry_.vfs.zName; }

  // Makes the VFS known to SQLite under name(); kExists when that name is taken.
  Status Register(bool make_default = false);
  // kBusy, and no effect, while a file is open. From then on none can be opened, even by a thread
  // that has found the VFS before.
  Status Unregister();

  // Calls `operation(pool)` while no connection is inside the VFS. Its Status becomes last_error()
  // when it is one.
  template <typename Operation>
  Status WithPool(Operation operation) {
    const MutexLock guard(entry_.mutex);
    Status status = operation(pool_);
    Note(status);
    return status;
  }

  // The same for an `operation` that only looks, and gives what it sees.
  template <typename Operation>
  auto Inspect(Operation operation) {
    const MutexLock guard(entry_.mutex);
    return operation(static_cast<const Pool&>(pool_));
  }

  // The image of `file` for an export. Opened, read and destroyed inside WithPool(). While it is
  // open, connections get SQLITE_BUSY when they would begin to write the database, and a WAL grows,
  // but is neither checkpointed nor begun anew. Where a connection is allowed to write already, as
  // in the middle of a transaction or with exclusive locking, that goes on, and when it has
  // written, reads of the image are kBusy. kBusy, too, in the middle of a write transaction that no
  // journal here is seen to undo: journal_mode MEMORY or OFF, a VFS above that encrypts its
  // journal, and the moment in which another thread has deleted it. kNotADatabase where a journal
  // or WAL can't be read otherwise (format/committed_image.h).
  Result<std::unique_ptr<Snapshot>> OpenSnapshot(File& file);

  // How often files of the pool are open now.
  int open_count();

  // The last failure of any call, kept until the next transaction or open begins.
  Status last_error();

  // --- For the method tables of the VFS; the caller holds mutex(). ---
  Mutex& mutex() { return entry_.mutex; }
  Pool& pool() { return pool_; }
  SharedFile* FindShared(const File& file) const;
  // SQLITE_BUSY, with a text, of a file that an export keeps as it is.
  int RefuseWhileExported(const File& file);
  // Whether a connection has the database's journal or its WAL open. What is then written to the
  // database can be told from what is committed: the journal undoes it until it is committed or
  // undone, and beside a WAL only what is committed is written, by checkpoints.
  bool HasOpenJournal(const File& database) const;
  // Fills `opened`, on whose memory xOpen was called.
  Status Open(File& file, int flags, OpenFile& opened);
  Status Close(OpenFile& opened);
  // Records a failure and gives its result code.
  int Fail(const Status& status, int io_error);
  void ForgetError() { error_ = Status(); }
  const Status& error() const { return error_; }

 private:
  void Note(const Status& status);

  PoolVfs(Host& host, VfsEntry& entry);

  VfsEntry& entry_;
  SharedFile* open_files_ = nullptr;
  Pool pool_;
  Status error_;
};

// The method tables; in vfs_methods.cc and io_methods.cc. Code fills them, because it would also
// have to relocate every pointer of a constant.
void FillVfsMethods(sqlite3_vfs& vfs);
void FillIoMethods(sqlite3_io_methods& methods);

// SQLITE_FCNTL_xyz; in file_control.cc. The caller holds the mutex.
int FileControl(OpenFile& self, int operation, void* argument);

// A copy that SQLite frees, null when memory has run out; in file_control.cc.
char* CopyForSqlite(std::string_view text);

// SQLITE_FCNTL_PRAGMA, for PRAGMA sahpool_...; in pragma.cc. The caller holds the mutex.
int PoolPragma(OpenFile& self, char** arguments);

}  // namespace sahpool

#endif  // SAHPOOL_VFS_POOL_VFS_H_
