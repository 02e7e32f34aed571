// The sqlite3_io_methods: bytes, sizes, flushes, locks and the wal-index of an open file.

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <span>

#include "vfs/foreign_journals.h"
#include "vfs/pool_vfs.h"
#include "vfs/result_code.h"

namespace sahpool {
namespace {

// The unit in which SQLite assumes that a torn write damages; the official VFS says the same, and a
// journal header takes one of it.
constexpr int kSectorSize = 4096;

OpenFile& Self(sqlite3_file* file) { return *reinterpret_cast<OpenFile*>(file); }

int CloseMethod(sqlite3_file* file) {
  OpenFile& self = Self(file);
  PoolVfs& vfs = *self.vfs;
  const MutexLock guard(vfs.mutex());
  if (const Status s = vfs.Close(self); !s.ok()) return vfs.Fail(s, SQLITE_IOERR_CLOSE);
  return SQLITE_OK;
}

int ReadMethod(sqlite3_file* file, void* into, int count, sqlite3_int64 offset) {
  OpenFile& self = Self(file);
  const MutexLock guard(self.vfs->mutex());
  const std::span<std::byte> wanted(static_cast<std::byte*>(into), static_cast<std::size_t>(count));
  const auto available =
      static_cast<std::size_t>(std::clamp<sqlite3_int64>(self.file().size() - offset, 0, count));
  if (available > 0) {
    if (const Status s = self.file().Read(wanted.first(available), offset, self.opened_as);
        !s.ok()) {
      return self.vfs->Fail(s, SQLITE_IOERR_READ);
    }
  }
  if (available == wanted.size()) return SQLITE_OK;
  const auto missing = wanted.subspan(available);
  std::fill(missing.begin(), missing.end(), std::byte{0});
  return SQLITE_IOERR_SHORT_READ;
}

void NoteUncommittedWrite(OpenFile& self) {
  if (!self.vfs->HasOpenJournal(self.file())) self.shared->has_uncommitted_writes = true;
}

int WriteMethod(sqlite3_file* file, const void* from, int count, sqlite3_int64 offset) {
  OpenFile& self = Self(file);
  const std::span bytes(static_cast<const std::byte*>(from), static_cast<std::size_t>(count));
  Status status;
  if ((self.flags & SQLITE_OPEN_SUPER_JOURNAL) != 0) status = RefuseForeignJournal(self, bytes);
  const MutexLock guard(self.vfs->mutex());
  if (status.ok() && self.opened_as == FileKind::kJournal) {
    status = RefuseForeignSuperJournal(self, bytes, offset);
  }
  if (!status.ok()) return self.vfs->Fail(status, SQLITE_IOERR_WRITE);
  ChangeOrder& order = self.vfs->pool().order();
  NoteUncommittedWrite(self);
  status = order.BeginWrite(self.file(), offset, self.opened_as);
  if (status.ok()) status = self.file().Write(bytes, offset, self.opened_as);
  if (status.ok()) return SQLITE_OK;
  order.OnFailedWrite(self.file());
  return self.vfs->Fail(status, SQLITE_IOERR_WRITE);
}

int TruncateMethod(sqlite3_file* file, sqlite3_int64 size) {
  OpenFile& self = Self(file);
  const MutexLock guard(self.vfs->mutex());
  if (self.chunk_size > 0) {
    size = (size + self.chunk_size - 1) / self.chunk_size * self.chunk_size;
  }
  ChangeOrder& order = self.vfs->pool().order();
  NoteUncommittedWrite(self);
  Status status = order.Begin(self.file());
  if (status.ok()) status = self.file().Truncate(size);
  if (status.ok()) return SQLITE_OK;
  order.OnFailedWrite(self.file());
  return self.vfs->Fail(status, SQLITE_IOERR_TRUNCATE);
}

int SyncMethod(sqlite3_file* file, int /*flags*/) {
  OpenFile& self = Self(file);
  const MutexLock guard(self.vfs->mutex());
  // Nothing is lost of a journal that nothing relies on yet.
  if (self.file().journal().can_wait_for_completion()) return SQLITE_OK;
  ChangeOrder& order = self.vfs->pool().order();
  if (const Status s = self.file().Drain(); !s.ok()) {
    order.OnFailedSync(self.file(), self.opened_as);
    return self.vfs->Fail(s, SQLITE_IOERR_WRITE);
  }
  if (const Status s = order.MakeDurable(self.file()); !s.ok()) {
    return self.vfs->Fail(s, SQLITE_IOERR_FSYNC);
  }
  return SQLITE_OK;
}

int FileSizeMethod(sqlite3_file* file, sqlite3_int64* size) {
  OpenFile& self = Self(file);
  const MutexLock guard(self.vfs->mutex());
  *size = self.file().size();
  return SQLITE_OK;
}

// Not an error of the pool: what is known of an older one does not belong to it.
int LockResult(PoolVfs& vfs, bool is_locked) {
  if (is_locked) return SQLITE_OK;
  vfs.ForgetError();
  return SQLITE_BUSY;
}

int LockMethod(sqlite3_file* file, int level) {
  OpenFile& self = Self(file);
  const MutexLock guard(self.vfs->mutex());
  if (self.lock.level == LockLevel::kNone) self.vfs->ForgetError();
  const auto wanted = static_cast<LockLevel>(level);
  if (wanted == LockLevel::kExclusive && self.lock.level < wanted &&
      self.file().use().is_watched()) {
    return self.vfs->RefuseWhileExported(self.file());
  }
  return LockResult(*self.vfs, self.shared->lock.Raise(self.lock, wanted));
}

int UnlockMethod(sqlite3_file* file, int level) {
  OpenFile& self = Self(file);
  const MutexLock guard(self.vfs->mutex());
  if (self.lock.level >= LockLevel::kReserved) {
    self.shared->has_uncommitted_writes = false;
    // SQLite asks for no result of this call.
    if (const Status s = self.vfs->pool().order().EndTransaction(self.file()); !s.ok()) {
      self.vfs->Fail(s, SQLITE_IOERR_WRITE);
    }
  }
  self.shared->lock.Lower(self.lock, static_cast<LockLevel>(level));
  return SQLITE_OK;
}

int CheckReservedLockMethod(sqlite3_file* file, int* result) {
  OpenFile& self = Self(file);
  const MutexLock guard(self.vfs->mutex());
  *result = self.shared->lock.IsReserved() ? 1 : 0;
  return SQLITE_OK;
}

int FileControlMethod(sqlite3_file* file, int operation, void* argument) {
  OpenFile& self = Self(file);
  const MutexLock guard(self.vfs->mutex());
  return FileControl(self, operation, argument);
}

int SectorSizeMethod(sqlite3_file* /*file*/) { return kSectorSize; }

// Not SQLITE_IOCAP_UNDELETABLE_WHEN_OPEN: with it a connection keeps its journal open between its
// transactions in the journal modes TRUNCATE and PERSIST, and the commit of another connection in
// mode DELETE fails.
int DeviceCharacteristicsMethod(sqlite3_file* file) {
  return Self(file).is_powersafe ? SQLITE_IOCAP_POWERSAFE_OVERWRITE : 0;
}

int ShmMapMethod(sqlite3_file* file, int index, int size, int create, void volatile** region) {
  OpenFile& self = Self(file);
  const MutexLock guard(self.vfs->mutex());
  const auto mapped = self.shared->wal_index.Map(self.wal_index, index, size, create != 0);
  *region = mapped.ok() ? mapped.value() : nullptr;
  return mapped.ok() ? SQLITE_OK : self.vfs->Fail(mapped.status(), SQLITE_IOERR_SHMMAP);
}

int ShmLockMethod(sqlite3_file* file, int first, int count, int flags) {
  OpenFile& self = Self(file);
  const MutexLock guard(self.vfs->mutex());
  WalIndex& index = self.shared->wal_index;
  if ((flags & SQLITE_SHM_UNLOCK) != 0) {
    index.Unlock(self.wal_index, first, count);
    return SQLITE_OK;
  }
  const bool is_shared = (flags & SQLITE_SHM_SHARED) != 0;
  // A transaction on a WAL begins so.
  if (is_shared) self.vfs->ForgetError();
  if (!is_shared && WalIndex::OverwritesFiles(first, count) && self.file().use().is_watched()) {
    return self.vfs->RefuseWhileExported(self.file());
  }
  const bool locked = is_shared ? index.LockShared(self.wal_index, first)
                                : index.LockExclusive(self.wal_index, first, count);
  return LockResult(*self.vfs, locked);
}

void ShmBarrierMethod(sqlite3_file* file) {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  // Entering and leaving the mutex also orders what other threads see, as in SQLite's unix VFS.
  const MutexLock guard(Self(file).vfs->mutex());
}

int ShmUnmapMethod(sqlite3_file* file, int /*delete_index*/) {
  OpenFile& self = Self(file);
  const MutexLock guard(self.vfs->mutex());
  self.shared->wal_index.Leave(self.wal_index);
  return SQLITE_OK;
}

}  // namespace

void FillIoMethods(sqlite3_io_methods& methods) {
  methods.iVersion = 2;
  methods.xClose = CloseMethod;
  methods.xRead = ReadMethod;
  methods.xWrite = WriteMethod;
  methods.xTruncate = TruncateMethod;
  methods.xSync = SyncMethod;
  methods.xFileSize = FileSizeMethod;
  methods.xLock = LockMethod;
  methods.xUnlock = UnlockMethod;
  methods.xCheckReservedLock = CheckReservedLockMethod;
  methods.xFileControl = FileControlMethod;
  methods.xSectorSize = SectorSizeMethod;
  methods.xDeviceCharacteristics = DeviceCharacteristicsMethod;
  methods.xShmMap = ShmMapMethod;
  methods.xShmLock = ShmLockMethod;
  methods.xShmBarrier = ShmBarrierMethod;
  methods.xShmUnmap = ShmUnmapMethod;
}

}  // namespace sahpool
