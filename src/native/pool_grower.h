// Adds slots to a DirectoryPool in a thread of its own, whenever fewer are free than it shall keep,
// and at once when none is free.
//
// Threads: Note() from inside the pool's calls; Grow() from any thread that is in none; the rest
// from the thread that owns the grower. Ownership: destroying it waits for its thread; the pool
// outlives it. Errors: go to the host as a warning; growing is tried again with the next Note().
#ifndef SAHPOOL_NATIVE_POOL_GROWER_H_
#define SAHPOOL_NATIVE_POOL_GROWER_H_

#include <condition_variable>
#include <mutex>
#include <thread>

#include "native/directory_pool.h"

namespace sahpool {

class PoolGrower {
 public:
  // `capacity_mutex` is held while slots are added.
  PoolGrower(DirectoryPool& pool, Host& host, std::mutex& capacity_mutex, int keep_free);
  ~PoolGrower();
  PoolGrower(const PoolGrower&) = delete;
  PoolGrower& operator=(const PoolGrower&) = delete;

  // Fewer slots are free than there should be. Where none is, adds one before whoever needs it next
  // asks for it.
  void Note();
  // Adds what is missing.
  void Grow();

 private:
  void Run();
  void Warn(const Status& status);

  DirectoryPool& pool_;
  Host& host_;
  std::mutex& capacity_mutex_;
  const int keep_free_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_wanted_ = false;
  bool is_ending_ = false;
  std::thread thread_;
};

}  // namespace sahpool

#endif  // SAHPOOL_NATIVE_POOL_GROWER_H_
