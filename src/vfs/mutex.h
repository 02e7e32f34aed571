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

}  // namespace sahpool
#else
#include <mutex>

namespace sahpool {

using Mutex = std::mutex;
using MutexLock = std::lock_guard<std::mutex>;

}  // namespace sahpool
#endif

#if !defined(__wasm__)
#include <atomic>
#endif

namespace sahpool {

// For Emscripten there is one library for programs with threads and without, and the latter admit
// no atomic loads. A word is loaded whole there anyway.
#if defined(__wasm__)
template <typename Value>
using Unlocked = Value;
#else
template <typename Value>
using Unlocked = std::atomic<Value>;
#endif

}  // namespace sahpool

#endif  // SAHPOOL_VFS_MUTEX_H_
