// The wal-index of one database: SQLite's shared memory, kept in plain memory.
//
// All connections of a pool live in one process, so regions of memory and a table of locks are all
// that xShmMap and xShmLock need. The content is lost with the last connection; the next one
// rebuilds it from the WAL, as after a crash.
// Threads: none of its own; PoolVfs serialises calls. The regions themselves are accessed by SQLite
// between calls, under its own locks and barriers.
// Ownership: the index owns its regions; they stay in place until the last Leave().
#ifndef SAHPOOL_VFS_WAL_INDEX_H_
#define SAHPOOL_VFS_WAL_INDEX_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "sahpool/status.h"

namespace sahpool {

class WalIndex {
 public:
  static constexpr int kLockCount = 8;  // SQLITE_SHM_NLOCK

  // What one connection holds: a bit per lock.
  struct Holder {
    bool has_joined = false;
    std::uint8_t shared = 0;
    std::uint8_t exclusive = 0;
  };

  // The region `index` of `region_size` bytes, zeroed when new. Null, without an error, when it
  // does not exist and `create` is false. Joins the holder.
  Result<void*> Map(Holder& holder, int index, int region_size, bool create);

  // Locks or unlocks `count` locks from `first`; several only exclusively. False when another
  // connection's lock is in the way: then nothing has changed.
  [[nodiscard]] bool LockShared(Holder& holder, int first);
  [[nodiscard]] bool LockExclusive(Holder& holder, int first, int count);
  void Unlock(Holder& holder, int first, int count);

  // Whether these exclusive locks are those under which SQLite writes frames to the database, or
  // writes the WAL from its beginning.
  static bool OverwritesFiles(int first, int count) {
    constexpr int kFirstReadLock = 3;
    return first == kFirstReadLock || (first == kFirstReadLock + 1 && count > 1);
  }

  // How many frames of the WAL are committed, as SQLite's connections know it; 0 when none does.
  std::uint32_t frame_count() const {
    constexpr std::size_t kFrameCountOffset = 16;  // in the header of SQLite's wal-index
    if (region_count_ == 0) return 0;
    // SQLite writes it between calls, perhaps in another thread.
    return *reinterpret_cast<const volatile std::uint32_t*>(regions_[0].get() + kFrameCountOffset);
  }

  // Gives up the holder's locks and, with the last holder, the regions.
  void Leave(Holder& holder);

 private:
  using Region = std::unique_ptr<std::byte[]>;

  bool Grow(int count, int region_size);

  std::unique_ptr<Region[]> regions_;
  int region_count_ = 0;
  int holders_ = 0;
  std::array<std::int32_t, kLockCount> shared_counts_{};
  std::uint8_t exclusive_ = 0;  // locks held exclusively by anyone
};

}  // namespace sahpool

#endif  // SAHPOOL_VFS_WAL_INDEX_H_
