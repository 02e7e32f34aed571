// The lock of a PoolVfs, and a value that is read without it: a mutex and an atomic where threads
// exist, nothing and a plain value where they can't.
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

template <typename Value>
using Unlocked = Value;

}  // namespace sahpool
#else
#include <atomic>
#include <mutex>

namespace sahpool {

using Mutex = std::mutex;
using MutexLock = std::lock_guard<std::mutex>;
template <typename Value>
using Unlocked = std::atomic<Value>;

}  // namespace sahpool
#endif

#endif  // SAHPOOL_VFS_MUTEX_H_
