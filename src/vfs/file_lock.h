// SQLite's five-state file lock between the connections of one pool.
//
// A pool's handles are exclusive to it, so its connections are the only ones a file can have and
// their locks need no call to the host. The rules are those of SQLite's unix VFS
// (https://www.sqlite.org/lockingv3.html): many SHARED holders, one RESERVED beside them, and a
// PENDING lock that lets in no new SHARED ones until the last reader has left.
// Threads: none of its own; PoolVfs serialises calls.
#ifndef SAHPOOL_VFS_FILE_LOCK_H_
#define SAHPOOL_VFS_FILE_LOCK_H_

#include <cstdint>

namespace sahpool {

// The values are those of SQLITE_LOCK_xyz.
enum class LockLevel : std::uint8_t {
  kNone = 0,
  kShared = 1,
  kReserved = 2,
  kPending = 3,
  kExclusive = 4,
};

class FileLock {
 public:
  // What one connection holds. Its address is its identity: it must not move while it holds a lock.
  struct Holder {
    LockLevel level = LockLevel::kNone;
  };

  // Raises the holder's lock to `wanted`: kShared, kReserved or kExclusive, as SQLite asks. False
  // when another connection's lock is in the way; a holder of RESERVED that wanted EXCLUSIVE then
  // holds PENDING.
  [[nodiscard]] bool Raise(Holder& holder, LockLevel wanted);

  // Lowers the holder's lock to kShared or kNone.
  void Lower(Holder& holder, LockLevel wanted);

  // Whether any connection holds RESERVED or more.
  bool IsReserved() const { return writer_ != nullptr; }

 private:
  std::int32_t shared_count_ = 0;   // holders of SHARED or more
  const Holder* writer_ = nullptr;  // the holder of RESERVED or more
};

}  // namespace sahpool

#endif  // SAHPOOL_VFS_FILE_LOCK_H_
