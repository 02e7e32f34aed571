// SqlitePool: a pool of slots that SQLite uses as a VFS, in a browser's OPFS or in a directory.
//
//   sahpool::SqlitePool::Open({.vfs_name = "app", .make_default = true})
//       .Then([](sahpool::Result<sahpool::SqlitePool> pool) {
//         if (!pool.ok()) return Report(pool.status().text());
//         // sqlite3_open("app.db", &db), and keep the pool for as long as db is open.
//       });
//
// What may take the event loop of a browser returns a Pending (pending.h); all else is done when it
// returns. The bytes on disk are those of SQLite's own "opfs-sahpool" VFS.
//
// Threads: calls for one pool must not overlap. Natively any thread may make them; in a browser
// only the thread that opened the pool, where its connections live too, and threads that have pools
// of their own must not open or close them at the same time. Natively connections may be used by
// other threads meanwhile, as SQLite's threading mode allows. Ownership: a SqlitePool owns its pool
// and closes it. It must outlive the connections: destroying it earlier leaves the pool open for
// good, and says so in the log. Errors: Status and Result; status().text() is for people. While a
// pool is paused, and of one that was moved from or removed, calls give kMisuse and counts are 0.
// No exceptions, no RTTI.
#ifndef SAHPOOL_SQLITE_POOL_H_
#define SAHPOOL_SQLITE_POOL_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sahpool/pending.h"
#include "sahpool/sahpool.h"
#include "sahpool/status.h"

namespace sahpool {

// As sahpool_options of sahpool.h, where each is described.
struct PoolOptions {
  std::string vfs_name = "opfs-sahpool";
  std::string directory = {};
  int initial_capacity = 6;
  bool clear_on_init = false;
  int keep_free = 0;
  int acquire_timeout_ms = 3000;
  bool make_default = false;
  sahpool_log_function log = nullptr;
  void* log_context = nullptr;
  bool is_slot_folder = false;
};

// A slot whose header can't be believed, so that it is left exactly as it is.
struct QuarantinedSlot {
  std::string slot;    // the slot's file name
  std::string name;    // the file name that its header claims, "" when unreadable
  std::string reason;  // for people
  std::int64_t bytes = 0;
};

// The slots whose header is damaged. Their pool must outlive it.
class Quarantine {
 public:
  // Of no pool.
  Quarantine() = default;
  explicit Quarantine(sahpool_pool* pool) : pool_(pool) {}

  std::vector<QuarantinedSlot> List() const;
  // Makes one a file again, under `name`. kExists when that is taken, kNotFound when no such slot
  // is in quarantine.
  Status Recover(std::string_view slot, std::string_view name);
  // Deletes what one holds. kNotFound as above.
  Status Discard(std::string_view slot);

 private:
  sahpool_pool* pool_ = nullptr;
};

// How a pool's slots are used.
struct PoolCounts {
  int capacity = 0;  // slots in all
  int files = 0;     // that have a name
  int free = 0;      // for new files
  int open = 0;      // files that connections have open
};

// An import that takes a database piece by piece. Destroying an unfinished one aborts it, as does
// Abort(); the database that had the name is untouched until Finish() has succeeded. Its pool must
// outlive it.
class ImportStream {
 public:
  ImportStream() = default;
  ImportStream(ImportStream&& other) noexcept;
  ImportStream& operator=(ImportStream&& other) noexcept;
  ~ImportStream();

  // Appends bytes of any number. After an error the import can only be aborted.
  Status Write(std::span<const std::byte> bytes);
  // Makes the bytes, which need not be a plain database, a file under a temporary name, to be
  // opened and checked by whoever has the key. Finish() then gives it the name, Abort() deletes it.
  Status Stage(std::string_view temporary_name);
  // Checks what arrived and gives it the name. kNotADatabase, kBusy while the old database is open.
  Status Finish();
  void Abort();

 private:
  friend class SqlitePool;
  ImportStream(sahpool_pool* pool, sahpool_import* import) : pool_(pool), import_(import) {}

  sahpool_pool* pool_ = nullptr;
  sahpool_import* import_ = nullptr;
};

class SqlitePool {
 public:
  // Opens a pool and registers its VFS. kBusy when somebody else has it open, kUnsupported when
  // this browser, or this place in it, can't have one.
  static Pending<SqlitePool> Open(PoolOptions options);

  // No pool.
  SqlitePool() = default;
  SqlitePool(SqlitePool&& other) noexcept;
  // Closes the pool that it had.
  SqlitePool& operator=(SqlitePool&& other) noexcept;
  ~SqlitePool();

  // Unregisters the VFS and closes the pool. kBusy, and no effect, while a file is open, an import
  // or export is under way or an operation pends.
  Status Close();

  // The pool for the C functions of sahpool.h; null when there is none.
  sahpool_pool* get() const { return pool_; }

  // Adds `count` slots, or slots until there are `minimum`; gives the capacity. After a failure
  // natively none is added; in a browser those that were made stay.
  Pending<int> AddCapacity(int count);
  Pending<int> ReserveCapacity(int minimum);
  // Removes up to `count` slots, free ones only; gives how many.
  Pending<int> ReduceCapacity(int count);

  PoolCounts counts() const;

  // The stored names of the files: absolute, escaped as in a URL.
  std::vector<std::string> FileNames() const;
  // The stored form of a name.
  Result<std::string> ResolveName(std::string_view name) const;

  // Imports a database under `name`, replacing the one that has it. kNotADatabase, kNoFreeSlot,
  // kBusy while the old one is open.
  Status Import(std::string_view name, std::span<const std::byte> bytes);
  // The same piece by piece.
  Result<ImportStream> BeginImport(std::string_view name);

  // What is committed of a file, as of now.
  Result<std::vector<std::byte>> Export(std::string_view name) const;
  // The same in pieces of at most 256 KiB, given to `sink` in their order; a failure that it
  // returns ends the export and is its result. Meanwhile connections that would write the database
  // get SQLITE_BUSY. kBusy when one that was allowed to before has done it, or is in a transaction
  // that can't be told from what is committed.
  Status Export(std::string_view name,
                const std::function<Status(std::span<const std::byte>)>& sink) const;

  // Deletes a file, a database with its journals. False when there was none; kBusy while it is
  // open.
  Result<bool> Unlink(std::string_view name);
  // Deletes all files; the slots stay. kBusy while one is open.
  Status WipeFiles();

  // Lets go of the pool, so that another tab, worker or process can open it. kBusy, and no effect,
  // while a file is open or an import or export runs.
  Status Pause();
  // Takes it back; kBusy when somebody else has it, and then it stays paused. Gives 0.
  Pending<int> Unpause();
  bool is_paused() const;

  // Deletes the pool with all its files, and its directory when nothing else is in it. kBusy while
  // a file is open. After success this object has no pool. Gives 0. The object must stay where it
  // is until then.
  Pending<int> Remove();

  Quarantine quarantine() const { return Quarantine(pool_); }

 private:
  explicit SqlitePool(sahpool_pool* pool) : pool_(pool) {}

  void CloseOrLeave();

  sahpool_pool* pool_ = nullptr;
};

}  // namespace sahpool

#endif  // SAHPOOL_SQLITE_POOL_H_
