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
  FillIoMethods(entry->io_methods);
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

Result<std::unique_ptr<Snapshot>> PoolVfs::OpenSnapshot(File& file) {
  auto snapshot = Snapshot::Open(pool_, file);
  const SharedFile* const shared = FindShared(file);
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
  Text text(file.slot().name().view());
  text.Append(" is in the middle of a transaction that no journal is seen to undo");
  return Status(Code::kBusy, text);
}

// Not logged: a busy handler asks again and again.
int PoolVfs::RefuseWhileExported(const File& file) {
  Text text(file.slot().name().view());
  error_ = Status(Code::kBusy, text.Append(" is being exported"));
  return SQLITE_BUSY;
}

bool PoolVfs::HasOpenJournal(const File& database) const {
  const std::string_view stem = database.slot().name().view();
  for (const SharedFile* shared = open_files_; shared != nullptr; shared = shared->next) {
    std::string_view name = shared->file->slot().name().view();
    if (!name.starts_with(stem)) continue;
    name.remove_prefix(stem.size());
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

SharedFile* PoolVfs::FindShared(const File& file) const {
  SharedFile* shared = open_files_;
  while (shared != nullptr && shared->file != &file) shared = shared->next;
  return shared;
}

Status PoolVfs::Open(File& file, int flags, OpenFile& opened) {
  SharedFile* shared = FindShared(file);
  if (shared == nullptr) {
    shared = new (std::nothrow) SharedFile;
    if (shared == nullptr) return Status::NoMemory();
    shared->file = &file;
    file.use().Pin();
    file.Open();
    shared->next = std::exchange(open_files_, shared);
  }
  ++shared->open_count;
  new (&opened) OpenFile;
  opened.base.pMethods = &entry_.io_methods;
  opened.vfs = this;
  opened.shared = shared;
  opened.flags = flags;
  opened.opened_as = KindOf(static_cast<std::uint32_t>(flags));
  return {};
}

Status PoolVfs::Close(OpenFile& opened) {
  SharedFile* const shared = opened.shared;
  shared->wal_index.Leave(opened.wal_index);
  shared->lock.Lower(opened.lock, LockLevel::kNone);
  opened.base.pMethods = nullptr;
  if (--shared->open_count > 0) return {};

  SharedFile** link = &open_files_;
  while (*link != shared) link = &(*link)->next;
  *link = shared->next;
  const std::unique_ptr<SharedFile> owned(shared);
  shared->file->use().Unpin();
  return pool_.Close(*shared->file, static_cast<std::uint32_t>(opened.flags));
}

int PoolVfs::Fail(const Status& status, int io_error) {
  error_ = status;
  pool_.host().Log(LogLevel::kError, status.text());
  return ToSqliteCode(status, io_error);
}

}  // namespace sahpool
