// Adds slots to a DirectoryPool in a thread of its own, whenever fewer are free than it shall keep.
//
// Threads: Note() from any thread, also one that holds the pool's mutex; the rest from the thread
// that owns the grower. Ownership: destroying it waits for its thread; the pool outlives it.
// Errors: go to the host as a warning; growing is tried again with the next Note().
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

  // Fewer slots are free than there should be.
  void Note();

 private:
  void Run();
  void Grow();

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
