#include "shim_vfs.h"

#include <algorithm>
#include <cstdint>
#include <new>
#include <span>
#include <string_view>
#include <vector>

#include "sql_connection.h"

namespace sahpool::testing {
namespace {

// No page is smaller, and no header that a shim can tell is larger.
constexpr int kSmallestPage = 512;
constexpr std::size_t kFrameHeaderSize = 24;

struct ShimFile {
  sqlite3_file base_file{};
  const ShimVfs* shim = nullptr;
  sqlite3_file* below = nullptr;
  int flags = 0;
  std::vector<std::byte> late;  // a page that is yet to be written
  sqlite3_int64 late_offset = 0;
};

ShimFile& Self(sqlite3_file* file) { return *reinterpret_cast<ShimFile*>(file); }
const sqlite3_io_methods& Below(sqlite3_file* file) { return *Self(file).below->pMethods; }

bool IsEncrypted(const ShimFile& file, int count, sqlite3_int64 offset) {
  constexpr int kKinds = SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL;
  if ((file.flags & kKinds) == 0) return false;
  if (file.shim->kind() == ShimKind::kEncryptsAll) return true;
  if (file.shim->kind() != ShimKind::kEncryptsPages) return false;
  // In a journal a page comes after its number, a header at the beginning of a sector.
  return (file.flags & SQLITE_OPEN_MAIN_DB) != 0 ||
         (count >= kSmallestPage && offset % kSmallestPage != 0);
}

void Encrypt(std::span<std::byte> bytes) {
  for (std::byte& byte : bytes) byte ^= ShimVfs::kKey;
}

int WriteLate(ShimFile& file) {
  if (file.late.empty()) return SQLITE_OK;
  const std::vector<std::byte> page = std::move(file.late);
  file.late.clear();
  return file.below->pMethods->xWrite(file.below, page.data(), static_cast<int>(page.size()),
                                      file.late_offset);
}

int Close(sqlite3_file* file) {
  const int late = WriteLate(Self(file));
  const int code = Below(file).xClose(Self(file).below);
  Self(file).~ShimFile();
  return late == SQLITE_OK ? code : late;
}

int Read(sqlite3_file* file, void* into, int count, sqlite3_int64 offset) {
  if (const int code = WriteLate(Self(file)); code != SQLITE_OK) return code;
  const int code = Below(file).xRead(Self(file).below, into, count, offset);
  sqlite3_int64 size = 0;
  Below(file).xFileSize(Self(file).below, &size);
  const auto present = std::clamp<sqlite3_int64>(size - offset, 0, count);
  if (IsEncrypted(Self(file), count, offset)) {
    // SQLite recovers a WAL frame by frame, each with its header.
    const bool leaves_header = Self(file).shim->kind() == ShimKind::kEncryptsPages &&
                               static_cast<std::size_t>(count) % kSmallestPage == kFrameHeaderSize;
    const auto bytes = std::span(static_cast<std::byte*>(into), static_cast<std::size_t>(present));
    Encrypt(bytes.subspan(leaves_header ? std::min(bytes.size(), kFrameHeaderSize) : 0));
  }
  return code;
}

int Write(sqlite3_file* file, const void* from, int count, sqlite3_int64 offset) {
  ShimFile& self = Self(file);
  if (const int code = WriteLate(self); code != SQLITE_OK) return code;
  const auto* const bytes = static_cast<const std::byte*>(from);
  std::vector<std::byte> copy(bytes, bytes + count);
  const bool is_database = (self.flags & SQLITE_OPEN_MAIN_DB) != 0;
  if (is_database && self.shim->kind() == ShimKind::kWritesLastPageLate) {
    self.late = std::move(copy);
    self.late_offset = offset;
    return SQLITE_OK;
  }
  if (IsEncrypted(self, count, offset)) Encrypt(copy);
  const int code = Below(file).xWrite(self.below, copy.data(), count, offset);
  if (code != SQLITE_OK || !is_database || self.shim->kind() != ShimKind::kFlushesEachPage) {
    return code;
  }
  return Below(file).xSync(self.below, SQLITE_SYNC_NORMAL);
}

int Truncate(sqlite3_file* file, sqlite3_int64 size) {
  return Below(file).xTruncate(Self(file).below, size);
}
int Sync(sqlite3_file* file, int flags) {
  const int code = Below(file).xSync(Self(file).below, flags);
  return code == SQLITE_OK ? WriteLate(Self(file)) : code;
}
int FileSize(sqlite3_file* file, sqlite3_int64* size) {
  if (const int code = WriteLate(Self(file)); code != SQLITE_OK) return code;
  return Below(file).xFileSize(Self(file).below, size);
}
int Lock(sqlite3_file* file, int level) { return Below(file).xLock(Self(file).below, level); }
int Unlock(sqlite3_file* file, int level) {
  const int late = WriteLate(Self(file));
  const int code = Below(file).xUnlock(Self(file).below, level);
  return late == SQLITE_OK ? code : late;
}
int CheckReservedLock(sqlite3_file* file, int* result) {
  return Below(file).xCheckReservedLock(Self(file).below, result);
}
int FileControl(sqlite3_file* file, int operation, void* argument) {
  return Below(file).xFileControl(Self(file).below, operation, argument);
}
int SectorSize(sqlite3_file* file) { return Below(file).xSectorSize(Self(file).below); }
int DeviceCharacteristics(sqlite3_file* file) {
  return Below(file).xDeviceCharacteristics(Self(file).below);
}
int ShmMap(sqlite3_file* file, int index, int size, int create, void volatile** region) {
  return Below(file).xShmMap(Self(file).below, index, size, create, region);
}
int ShmLock(sqlite3_file* file, int first, int count, int flags) {
  return Below(file).xShmLock(Self(file).below, first, count, flags);
}
void ShmBarrier(sqlite3_file* file) { Below(file).xShmBarrier(Self(file).below); }
int ShmUnmap(sqlite3_file* file, int delete_index) {
  return Below(file).xShmUnmap(Self(file).below, delete_index);
}

constexpr sqlite3_io_methods kMethods = {
    .iVersion = 2,
    .xClose = Close,
    .xRead = Read,
    .xWrite = Write,
    .xTruncate = Truncate,
    .xSync = Sync,
    .xFileSize = FileSize,
    .xLock = Lock,
    .xUnlock = Unlock,
    .xCheckReservedLock = CheckReservedLock,
    .xFileControl = FileControl,
    .xSectorSize = SectorSize,
    .xDeviceCharacteristics = DeviceCharacteristics,
    .xShmMap = ShmMap,
    .xShmLock = ShmLock,
    .xShmBarrier = ShmBarrier,
    .xShmUnmap = ShmUnmap,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

const ShimVfs& ShimOf(sqlite3_vfs* vfs) { return *static_cast<const ShimVfs*>(vfs->pAppData); }

// "x.db-wal" as "x.wal", where the shim is one that does it.
std::string NameBelow(const ShimVfs& shim, const char* name) {
  const std::string_view given(name);
  const std::size_t dash = given.rfind('-');
  const std::size_t dot = given.rfind('.');
  if (shim.kind() != ShimKind::kShortensNames || dash == std::string_view::npos ||
      dot == std::string_view::npos || dot > dash) {
    return std::string(given);
  }
  return std::string(given.substr(0, dot + 1)) + std::string(given.substr(given.size() - 3));
}

int Open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  const ShimVfs& shim = ShimOf(vfs);
  auto* const self = new (file) ShimFile;
  self->shim = &shim;
  self->flags = flags;
  self->below = reinterpret_cast<sqlite3_file*>(self + 1);
  // The parameters that follow a database's name must stay there.
  const bool is_database = name == nullptr || (flags & SQLITE_OPEN_MAIN_DB) != 0;
  const std::string below = is_database ? "" : NameBelow(shim, name);
  const int code = shim.base()->xOpen(shim.base(), is_database ? name : below.c_str(), self->below,
                                      flags, out_flags);
  if (code == SQLITE_OK) {
    self->base_file.pMethods = &kMethods;
  } else {
    self->~ShimFile();
    file->pMethods = nullptr;
  }
  return code;
}

int Delete(sqlite3_vfs* vfs, const char* name, int sync_directory) {
  const ShimVfs& shim = ShimOf(vfs);
  return shim.base()->xDelete(shim.base(), NameBelow(shim, name).c_str(), sync_directory);
}

int Access(sqlite3_vfs* vfs, const char* name, int flags, int* result) {
  const ShimVfs& shim = ShimOf(vfs);
  return shim.base()->xAccess(shim.base(), NameBelow(shim, name).c_str(), flags, result);
}

int FullPathname(sqlite3_vfs* vfs, const char* name, int size, char* out) {
  sqlite3_vfs* const base = ShimOf(vfs).base();
  return base->xFullPathname(base, name, size, out);
}
int Randomness(sqlite3_vfs* vfs, int count, char* out) {
  sqlite3_vfs* const base = ShimOf(vfs).base();
  return base->xRandomness(base, count, out);
}
int Sleep(sqlite3_vfs* vfs, int microseconds) {
  sqlite3_vfs* const base = ShimOf(vfs).base();
  return base->xSleep(base, microseconds);
}
int CurrentTimeInt64(sqlite3_vfs* vfs, sqlite3_int64* out) {
  sqlite3_vfs* const base = ShimOf(vfs).base();
  return base->xCurrentTimeInt64(base, out);
}

}  // namespace

ShimVfs::ShimVfs(ShimKind kind, const char* base)
    : kind_(kind), base_(sqlite3_vfs_find(base)), name_(UniqueVfsName()) {
  vfs_.iVersion = 2;
  vfs_.szOsFile = static_cast<int>(sizeof(ShimFile)) + base_->szOsFile;
  vfs_.mxPathname = base_->mxPathname;
  vfs_.zName = name_.c_str();
  vfs_.pAppData = this;
  vfs_.xOpen = Open;
  vfs_.xDelete = Delete;
  vfs_.xAccess = Access;
  vfs_.xFullPathname = FullPathname;
  vfs_.xRandomness = Randomness;
  vfs_.xSleep = Sleep;
  vfs_.xCurrentTimeInt64 = CurrentTimeInt64;
  sqlite3_vfs_register(&vfs_, 0);
}

ShimVfs::~ShimVfs() { sqlite3_vfs_unregister(&vfs_); }

}  // namespace sahpool::testing
