#include "observed_vfs.h"

namespace sahpool::testing {
namespace {

struct ObservedFile {
  sqlite3_file base;
  ObservedVfs* vfs;
  const char* path;     // SQLite keeps it until the file is closed
  sqlite3_file* below;  // lies behind this struct
};

ObservedFile& FileOf(sqlite3_file* file) { return *reinterpret_cast<ObservedFile*>(file); }
sqlite3_file* Below(sqlite3_file* file) { return FileOf(file).below; }
const sqlite3_io_methods& Methods(sqlite3_file* file) { return *Below(file)->pMethods; }
ObservedVfs& VfsOf(sqlite3_vfs* vfs) { return *static_cast<ObservedVfs*>(vfs->pAppData); }

void Notify(sqlite3_file* file, std::span<const std::byte> written, std::int64_t offset) {
  const ObservedFile& observed = FileOf(file);
  observed.vfs->Notify({.path = observed.path == nullptr ? "" : observed.path,
                        .written = written,
                        .offset = offset});
}

int Close(sqlite3_file* file) { return Methods(file).xClose(Below(file)); }
int Read(sqlite3_file* file, void* into, int size, sqlite3_int64 offset) {
  return Methods(file).xRead(Below(file), into, size, offset);
}
int Write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
  Notify(file, {static_cast<const std::byte*>(bytes), static_cast<std::size_t>(size)}, offset);
  return Methods(file).xWrite(Below(file), bytes, size, offset);
}
int Truncate(sqlite3_file* file, sqlite3_int64 size) {
  Notify(file, {}, 0);
  return Methods(file).xTruncate(Below(file), size);
}
int Sync(sqlite3_file* file, int) {
  const ObservedFile& observed = FileOf(file);
  if (observed.vfs->on_sync && observed.path != nullptr) observed.vfs->on_sync(observed.path);
  return SQLITE_OK;
}
int FileSize(sqlite3_file* file, sqlite3_int64* size) {
  return Methods(file).xFileSize(Below(file), size);
}
int Lock(sqlite3_file* file, int level) { return Methods(file).xLock(Below(file), level); }
int Unlock(sqlite3_file* file, int level) { return Methods(file).xUnlock(Below(file), level); }
int CheckReservedLock(sqlite3_file* file, int* is_reserved) {
  return Methods(file).xCheckReservedLock(Below(file), is_reserved);
}
int FileControl(sqlite3_file* file, int operation, void* argument) {
  return Methods(file).xFileControl(Below(file), operation, argument);
}
int SectorSize(sqlite3_file* file) { return FileOf(file).vfs->sector_size; }
int DeviceCharacteristics(sqlite3_file* file) { return FileOf(file).vfs->device_characteristics; }
int ShmMap(sqlite3_file* file, int region, int size, int extend, void volatile** memory) {
  return Methods(file).xShmMap(Below(file), region, size, extend, memory);
}
int ShmLock(sqlite3_file* file, int offset, int count, int flags) {
  return Methods(file).xShmLock(Below(file), offset, count, flags);
}
void ShmBarrier(sqlite3_file* file) { Methods(file).xShmBarrier(Below(file)); }
int ShmUnmap(sqlite3_file* file, int remove) {
  return Methods(file).xShmUnmap(Below(file), remove);
}

constexpr sqlite3_io_methods kMethods = {2,
                                         Close,
                                         Read,
                                         Write,
                                         Truncate,
                                         Sync,
                                         FileSize,
                                         Lock,
                                         Unlock,
                                         CheckReservedLock,
                                         FileControl,
                                         SectorSize,
                                         DeviceCharacteristics,
                                         ShmMap,
                                         ShmLock,
                                         ShmBarrier,
                                         ShmUnmap,
                                         nullptr,
                                         nullptr};

int Open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out_flags) {
  ObservedFile& observed = FileOf(file);
  observed = {.base = {.pMethods = nullptr},
              .vfs = &VfsOf(vfs),
              .path = path,
              .below = reinterpret_cast<sqlite3_file*>(&observed + 1)};
  sqlite3_vfs* const below = observed.vfs->unix_vfs();
  const int rc = below->xOpen(below, path, observed.below, flags, out_flags);
  if (rc == SQLITE_OK) file->pMethods = &kMethods;
  return rc;
}

int Delete(sqlite3_vfs* vfs, const char* path, int) {
  VfsOf(vfs).Notify({.path = path});
  sqlite3_vfs* const below = VfsOf(vfs).unix_vfs();
  return below->xDelete(below, path, 0);
}

}  // namespace

ObservedVfs::ObservedVfs(const char* name) : unix_vfs_(sqlite3_vfs_find("unix")), vfs_(*unix_vfs_) {
  vfs_.szOsFile = static_cast<int>(sizeof(ObservedFile)) + unix_vfs_->szOsFile;
  vfs_.zName = name;
  vfs_.pNext = nullptr;
  vfs_.pAppData = this;
  vfs_.xOpen = Open;
  vfs_.xDelete = Delete;
  sqlite3_vfs_register(&vfs_, 0);
}

ObservedVfs::~ObservedVfs() { sqlite3_vfs_unregister(&vfs_); }

}  // namespace sahpool::testing
