#include "vfs/pool_vfs.h"

#include <algorithm>
#include <new>
#include <utility>

#include "vfs/result_code.h"

namespace sahpool {

namespace {

// Protects the list, and that a name is registered once.
Mutex entries_mutex;
VfsEntry* entries = nullptr;

// An entry of that name that no pool has; null when memory has run out.
VfsEntry* TakeEntry(std::string_view name) {
  const MutexLock guard(entries_mutex);
  for (VfsEntry* entry = entries; entry != nullptr; entry = entry->next) {
    if (entry->is_taken || name != entry->vfs.zName) continue;
    entry->is_taken = true;
    return entry;
  }
  char* const copy = new (std::nothrow) char[name.size() + 1];
  auto* const entry = copy != nullptr ? new (std::nothrow) VfsEntry : nullptr;
  if (entry == nullptr) {
    delete[] copy;
    return nullptr;
  }
  *std::copy(name.begin(), name.end(), copy) = '\0';
  FillVfsMethods(entry->vfs);
  entry->vfs.zName = copy;
  entry->vfs.pAppData = entry;
  entry->next = std::exchange(entries, entry);
  return entry;
}

}  // namespace

std::unique_ptr<PoolVfs> PoolVfs::Create(Host& host, std::string_view name) {
  VfsEntry* const entry = TakeEntry(name);
  if (entry == nullptr) return nullptr;
  std::unique_ptr<PoolVfs> vfs(new (std::nothrow) PoolVfs(host, *entry));
  if (!vfs) entry->is_taken = false;
  return vfs;
}

PoolVfs::PoolVfs(Host& host, VfsEntry& entry) : entry_(entry), pool_(host) { entry.host = &host; }

PoolVfs::~PoolVfs() {
  static_cast<void>(Unregister());
  const MutexLock guard(entries_mutex);
  entry_.host = nullptr;
  entry_.is_taken = false;
}

Status PoolVfs::Register(bool make_default) {
  const MutexLock names_guard(entries_mutex);
  const MutexLock guard(entry_.mutex);
  if (entry_.pool != nullptr) return {};
  if (sqlite3_vfs_find(name()) != nullptr) {
    Text text("a VFS named ");
    error_ = Status(Code::kExists, text.Append(name()).Append(" is registered already"));
    return error_;
  }
  if (sqlite3_vfs_register(&entry_.vfs, make_default ? 1 : 0) != SQLITE_OK) {
    error_ = Status(Code::kNoMemory, "sqlite3_vfs_register() failed");
    return error_;
  }
  entry_.pool = this;
  return {};
}

Status PoolVfs::Unregister() {
  const MutexLock guard(entry_.mutex);
  if (entry_.pool == nullptr) return {};
  if (open_files_ != nullptr) {
    error_ = Status(Code::kBusy, "the VFS has open files");
    return error_;
  }
  sqlite3_vfs_unregister(&entry_.vfs);
  entry_.pool = nullptr;
  return {};
}

void PoolVfs::Note(const Status& status) {
  if (!status.ok()) error_ = status;
}

Result<std::unique_ptr<Snapshot>> PoolVfs::OpenSnapshot(Slot& slot) {
  auto snapshot = Snapshot::Open(pool_, slot);
  const SharedFile* const shared = FindShared(slot);
  const bool is_known = snapshot.ok() || snapshot.status().code() == Code::kNotADatabase;
  if (shared == nullptr || !is_known) return snapshot;
  bool is_doubtful = !snapshot.ok();
  if (snapshot.ok()) {
    const CommittedImage& image = snapshot.value()->image();
    is_doubtful = image.is_doubtful() ||
                  (shared->has_uncommitted_writes && !snapshot.value()->differs_from_file());
    if (shared->wal_index.frame_count() > image.wal_frame_count()) {
      return CommittedImage::Unreadable();
    }
  }
  if (!shared->lock.IsReserved() || !is_doubtful) return snapshot;
  Text text(slot.name().view());
  text.Append(" is in the middle of a transaction that no journal is seen to undo");
  return Status(Code::kBusy, text);
}

// Not logged: a busy handler asks again and again.
int PoolVfs::RefuseWhileExported(const Slot& slot) {
  Text text(slot.name().view());
  error_ = Status(Code::kBusy, text.Append(" is being exported"));
  return SQLITE_BUSY;
}

bool PoolVfs::HasOpenJournal(const Slot& database) const {
  for (const SharedFile* file = open_files_; file != nullptr; file = file->next) {
    std::string_view name = file->slot->name().view();
    if (!name.starts_with(database.name().view())) continue;
    name.remove_prefix(database.name().view().size());
    if (name == kJournalSuffix || name == kWalSuffix) return true;
  }
  return false;
}

int PoolVfs::open_count() {
  const MutexLock guard(entry_.mutex);
  int count = 0;
  for (const SharedFile* file = open_files_; file != nullptr; file = file->next) {
    count += file->open_count;
  }
  return count;
}

Status PoolVfs::last_error() {
  const MutexLock guard(entry_.mutex);
  return error_;
}

SharedFile* PoolVfs::FindShared(const Slot& slot) const {
  for (SharedFile* file = open_files_; file != nullptr; file = file->next) {
    if (file->slot == &slot) return file;
  }
  return nullptr;
}

Status PoolVfs::Open(Slot& slot, int flags, OpenFile& file) {
  SharedFile* shared = FindShared(slot);
  if (shared == nullptr) {
    shared = new (std::nothrow) SharedFile;
    if (shared == nullptr) return Status::NoMemory();
    shared->slot = &slot;
    slot.Pin();
    slot.KeepWrites();
    shared->next = std::exchange(open_files_, shared);
  }
  ++shared->open_count;
  new (&file) OpenFile;
  file.base.pMethods = &IoMethods();
  file.vfs = this;
  file.shared = shared;
  file.flags = flags;
  return {};
}

Status PoolVfs::Close(OpenFile& file) {
  SharedFile* const shared = file.shared;
  shared->wal_index.Leave(file.wal_index);
  shared->lock.Lower(file.lock, LockLevel::kNone);
  file.base.pMethods = nullptr;
  if (--shared->open_count > 0) return {};

  SharedFile** link = &open_files_;
  while (*link != shared) link = &(*link)->next;
  *link = shared->next;
  const std::unique_ptr<SharedFile> owned(shared);
  Slot& slot = *shared->slot;
  slot.Unpin();
  if (slot.state() == SlotState::kTemporary) return slot.ReleaseTemporary();
  if (file.deletes_on_close()) return pool_.Delete(slot);
  // Journals live and die with their transactions; what is meant to stay is made durable.
  // Whoever opens a file as a database wants it to stay, whatever its header says that it is.
  const auto flags = slot.flags() | static_cast<std::uint32_t>(file.flags);
  const bool stays = (flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)) != 0;
  if (!stays) return {};
  Status durable = pool_.FlushJournalOf(slot);
  if (durable.ok()) durable = pool_.MakeDurable(slot);
  // What can't be handed over now, when no connection is left to be told later, is given up.
  slot.StopKeepingWrites();
  return durable;
}

int PoolVfs::Fail(const Status& status, int io_error) {
  error_ = status;
  pool_.host().Log(LogLevel::kError, status.text());
  return ToSqliteCode(status, io_error);
}

}  // namespace sahpool
