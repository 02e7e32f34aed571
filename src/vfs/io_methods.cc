// The sqlite3_io_methods: bytes, sizes, flushes, locks and the wal-index of an open file.

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <span>
#include <string_view>

#include "format/byte_order.h"
#include "format/journal_header.h"
#include "format/rollback_journal.h"
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

Status ReadThroughCache(OpenFile& file, std::span<std::byte> into, std::int64_t offset) {
  if ((file.flags & SQLITE_OPEN_MAIN_DB) == 0) return file.slot().Read(into, offset);
  return file.shared->read_cache.Read(file.slot(), into, offset, file.vfs->read_ahead_bytes(),
                                      file.vfs->pool().meter().stats().read_ahead_hits);
}

int ReadMethod(sqlite3_file* file, void* into, int count, sqlite3_int64 offset) {
  OpenFile& self = Self(file);
  const MutexLock guard(self.vfs->mutex());
  const std::span<std::byte> wanted(static_cast<std::byte*>(into), static_cast<std::size_t>(count));
  const auto available =
      static_cast<std::size_t>(std::clamp<sqlite3_int64>(self.slot().size() - offset, 0, count));
  if (available > 0) {
    if (const Status s = ReadThroughCache(self, wanted.first(available), offset); !s.ok()) {
      return self.vfs->Fail(s, SQLITE_IOERR_READ);
    }
  }
  if (available == wanted.size()) return SQLITE_OK;
  const auto missing = wanted.subspan(available);
  std::fill(missing.begin(), missing.end(), std::byte{0});
  return SQLITE_IOERR_SHORT_READ;
}

// Before any change of a file that is to last: what can be seen now, and is perhaps not what a
// crash would leave, must not be built upon.
Status BeginChange(OpenFile& file, bool may_overtake = false) {
  if (!file.vfs->HasOpenJournal(file.slot())) file.shared->has_uncommitted_writes = true;
  return file.vfs->pool().BeginChange(file.slot(), may_overtake);
}

// After a write or a truncation of a database that fails, SQLite only undoes the transaction.
void GiveUpJournalOf(OpenFile& file) {
  if ((file.flags & SQLITE_OPEN_MAIN_DB) != 0) file.vfs->pool().GiveUpJournalOf(file.slot());
}

// Whether a commit to the WAL is complete with these bytes. A frame is written in two pieces, its
// header and its page, and the header tells whether it commits. Where a transaction has replaced
// its own frames, the headers from there on are at last written once more, without their pages.
bool CompletesCommit(SharedFile::LastFrame& last, std::span<const std::byte> bytes,
                     std::int64_t offset) {
  constexpr std::size_t kFrameHeaderSize = 24;
  constexpr std::size_t kPageCountOffset = 4;  // of the database after the commit, else 0
  if (bytes.size() != kFrameHeaderSize) {
    const bool is_page = offset == last.page_offset;
    last.page_offset = -1;
    return is_page && last.commits;
  }
  const bool follows_header = last.page_offset >= 0;
  last = {.page_offset = offset + static_cast<std::int64_t>(kFrameHeaderSize),
          .commits = LoadBigEndian32(&bytes[kPageCountOffset]) != 0};
  return follows_header && last.commits;
}

// What a commit has written must be in the host's hands when it returns, and a failure in that must
// be one of this call: with synchronous=NORMAL no other follows. After a failure SQLite will write
// other frames in the place of these, which must not be completed behind its back.
Status WriteToWal(OpenFile& wal, std::span<const std::byte> bytes, std::int64_t offset) {
  Status status = wal.slot().Write(bytes, offset);
  if (CompletesCommit(wal.shared->last_frame, bytes, offset) && status.ok()) {
    status = wal.slot().Drain();
  }
  if (!status.ok()) wal.slot().ForgetKeptWrites();
  return status;
}

// SQLite writes a journal's header, a sector with zeros for the magic and the record count (or,
// when it will not flush, with a count that means "all"), then the records, and at last magic and
// count.
void NoteJournalWrite(Slot& journal, std::span<const std::byte> bytes, std::int64_t offset) {
  constexpr std::size_t kMagicAndCountSize = kJournalRecordCountOffset + 4;
  if (offset != 0 || bytes.size() < kMagicAndCountSize) return;
  if (bytes.size() == kMagicAndCountSize ||
      LoadBigEndian32(&bytes[kJournalRecordCountOffset]) != 0) {
    journal.CompleteJournal();
  }
}

// Whether the journal that a super-journal is to name is of another VFS. A database of which
// nothing is changed has no journal, nor has one in the modes WAL, MEMORY and OFF. The others are
// asked without the mutex: they may stand on this one.
//
// SQLite looks for the super-journal that a journal names by the VFS of that journal's database,
// and for the journals that a super-journal names by the VFS of the first database alone. Where
// that is another pool or another VFS it finds none, and after a crash takes a hot journal for a
// void one. So the commit fails, before anything of it is in a database: with the name of a journal
// in the super-journal, or with the magic bytes behind the super-journal's name, without which the
// name does not count and the rollback goes on. Bytes that a shim has changed are not judged.
bool NamesForeignJournal(OpenFile& super_journal, const char* name, int size) {
  if (size < 1 || name[size - 1] != '\0') return false;
  std::string_view database(name, static_cast<std::size_t>(size) - 1);
  if (!database.ends_with(kJournalSuffix)) return false;
  database.remove_suffix(kJournalSuffix.size());
  PoolVfs& self = *super_journal.vfs;
  {
    const MutexLock guard(self.mutex());
    const Slot* const slot = self.pool().Find(database);
    if (slot != nullptr && self.FindShared(*slot) != nullptr) return false;
  }
  int exists = 0;
  for (sqlite3_vfs* vfs = sqlite3_vfs_find(nullptr); vfs != nullptr; vfs = vfs->pNext) {
    if (vfs->zName == self.name()) continue;
    if (vfs->xAccess(vfs, name, SQLITE_ACCESS_EXISTS, &exists) != SQLITE_OK) continue;
    if (exists != 0) return true;
  }
  return false;
}

// Whether these bytes make the super-journal count whose name is before them, and it is elsewhere.
bool NamesForeignSuperJournal(OpenFile& journal, std::span<const std::byte> bytes,
                              std::int64_t offset) {
  if (bytes.size() != kJournalMagic.size() || offset == 0 || !HasJournalMagic(bytes)) return false;
  const auto name = SuperJournalName::ReadBefore(journal.slot(), offset);
  return !name.ok() || journal.vfs->pool().Find(name.value().view()) == nullptr;
}

// The zeros over a header's fields that end a transaction in mode PERSIST.
bool VoidsJournal(std::span<const std::byte> bytes, std::int64_t offset) {
  return offset == 0 && bytes.size() == kJournalHeaderFieldsSize;
}

// The sector of the first header. With an exclusive lock nothing else tells that the transaction
// before has ended.
bool BeginsJournal(std::span<const std::byte> bytes, std::int64_t offset) {
  return offset == 0 && bytes.size() > kJournalHeaderFieldsSize;
}

int WriteMethod(sqlite3_file* file, const void* from, int count, sqlite3_int64 offset) {
  OpenFile& self = Self(file);
  const bool is_foreign = (self.flags & SQLITE_OPEN_SUPER_JOURNAL) != 0 &&
                          NamesForeignJournal(self, static_cast<const char*>(from), count);
  const MutexLock guard(self.vfs->mutex());
  const std::span bytes(static_cast<const std::byte*>(from), static_cast<std::size_t>(count));
  const bool is_journal = (self.flags & SQLITE_OPEN_MAIN_JOURNAL) != 0;
  if (is_foreign || (is_journal && NamesForeignSuperJournal(self, bytes, offset))) {
    return self.vfs->Fail(
        {Code::kIo, "a commit over two VFSes could be torn: use one pool, or WAL"},
        SQLITE_IOERR_WRITE);
  }
  const bool is_wal = (self.flags & SQLITE_OPEN_WAL) != 0;
  // Behind its beginning nothing of a WAL is written over that the database may not have yet.
  Status status = BeginChange(self, is_wal && offset > 0);
  if (status.ok()) {
    if (is_journal && VoidsJournal(bytes, offset)) {
      status = self.slot().Void(bytes);
    } else {
      if (is_journal && BeginsJournal(bytes, offset)) self.slot().ForgetGivenUpWrites();
      status = is_wal ? WriteToWal(self, bytes, offset) : self.slot().Write(bytes, offset);
    }
  }
  if (status.ok() && is_journal) NoteJournalWrite(self.slot(), bytes, offset);
  if (status.ok()) {
    self.shared->read_cache.OnWrite(bytes, offset);
  } else {
    self.shared->read_cache.Clear();
    GiveUpJournalOf(self);
  }
  return status.ok() ? SQLITE_OK : self.vfs->Fail(status, SQLITE_IOERR_WRITE);
}

int TruncateMethod(sqlite3_file* file, sqlite3_int64 size) {
  OpenFile& self = Self(file);
  const MutexLock guard(self.vfs->mutex());
  if (self.chunk_size > 0) {
    size = (size + self.chunk_size - 1) / self.chunk_size * self.chunk_size;
  }
  Status status = BeginChange(self);
  if (status.ok()) status = self.slot().RenounceSeal();
  if (status.ok()) status = self.slot().Truncate(size);
  self.shared->read_cache.OnTruncate(size);
  if (!status.ok()) GiveUpJournalOf(self);
  return status.ok() ? SQLITE_OK : self.vfs->Fail(status, SQLITE_IOERR_TRUNCATE);
}

int SyncMethod(sqlite3_file* file, int /*flags*/) {
  OpenFile& self = Self(file);
  const MutexLock guard(self.vfs->mutex());
  // Nothing is lost of a journal that nothing relies on yet.
  if (self.slot().can_wait_for_completion()) return SQLITE_OK;
  if (const Status s = self.slot().Drain(); !s.ok()) {
    if ((self.flags & SQLITE_OPEN_MAIN_JOURNAL) != 0) self.vfs->pool().GiveUp(self.slot());
    return self.vfs->Fail(s, SQLITE_IOERR_WRITE);
  }
  if (const Status s = self.vfs->pool().MakeDurable(self.slot()); !s.ok()) {
    return self.vfs->Fail(s, SQLITE_IOERR_FSYNC);
  }
  return SQLITE_OK;
}

int FileSizeMethod(sqlite3_file* file, sqlite3_int64* size) {
  OpenFile& self = Self(file);
  const MutexLock guard(self.vfs->mutex());
  *size = self.slot().size();
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
  if (wanted == LockLevel::kExclusive && self.lock.level < wanted && self.slot().is_watched()) {
    return self.vfs->RefuseWhileExported(self.slot());
  }
  return LockResult(*self.vfs, self.shared->lock.Raise(self.lock, wanted));
}

int UnlockMethod(sqlite3_file* file, int level) {
  OpenFile& self = Self(file);
  const MutexLock guard(self.vfs->mutex());
  if (self.lock.level >= LockLevel::kReserved) {
    self.shared->has_uncommitted_writes = false;
    // SQLite asks for no result of this call.
    if (const Status s = self.vfs->pool().EndTransaction(self.slot()); !s.ok()) {
      self.vfs->Fail(s, SQLITE_IOERR_WRITE);
      self.shared->read_cache.Clear();
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
  if (!is_shared && WalIndex::OverwritesFiles(first, count) && self.slot().is_watched()) {
    return self.vfs->RefuseWhileExported(self.slot());
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

const sqlite3_io_methods& IoMethods() {
  static constexpr sqlite3_io_methods kMethods = {
      .iVersion = 2,
      .xClose = CloseMethod,
      .xRead = ReadMethod,
      .xWrite = WriteMethod,
      .xTruncate = TruncateMethod,
      .xSync = SyncMethod,
      .xFileSize = FileSizeMethod,
      .xLock = LockMethod,
      .xUnlock = UnlockMethod,
      .xCheckReservedLock = CheckReservedLockMethod,
      .xFileControl = FileControlMethod,
      .xSectorSize = SectorSizeMethod,
      .xDeviceCharacteristics = DeviceCharacteristicsMethod,
      .xShmMap = ShmMapMethod,
      .xShmLock = ShmLockMethod,
      .xShmBarrier = ShmBarrierMethod,
      .xShmUnmap = ShmUnmapMethod,
      .xFetch = nullptr,
      .xUnfetch = nullptr,
  };
  return kMethods;
}

}  // namespace sahpool
