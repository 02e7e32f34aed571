// The lock of a PoolVfs: a mutex where threads exist, nothing where they can't.
#ifndef SAHPOOL_VFS_MUTEX_H_
#define SAHPOOL_VFS_MUTEX_H_

#if defined(__wasm__) && !defined(_REENTRANT)
namespace sahpool {

class Mutex {
 public:
  void lock() {}
  void unlock() {}
};

class [[nodiscard]] MutexLock {
 public:
  explicit MutexLock(Mutex&) {}
};

}  // namespace sahpool
#else
#include <mutex>

namespace sahpool {

using Mutex = std::mutex;
using MutexLock = std::lock_guard<std::mutex>;

}  // namespace sahpool
#endif

#endif  // SAHPOOL_VFS_MUTEX_H_
