// A pool in a directory whose every operation on a slot can be seen, and made to fail, before it
// happens. Slots lie where a DirectoryPool finds them, so a copy of the directory made at such a
// moment can be opened as what a crash has left.
#ifndef SAHPOOL_TESTS_NATIVE_OBSERVED_POOL_H_
#define SAHPOOL_TESTS_NATIVE_OBSERVED_POOL_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "native/posix_storage.h"
#include "vfs/pool_vfs.h"

namespace sahpool::testing {

enum class SlotOperation { kRead, kWrite, kTruncate, kFlush };

class ObservedPool {
 public:
  // Called before an operation; a Status other than ok is the operation's result.
  using Observer = std::function<Status(SlotOperation)>;

  // Makes a new pool with `capacity` slots; failures are reported to GoogleTest.
  ObservedPool(const std::string& directory, int capacity);

  Observer observer;

  PoolVfs& vfs() { return *vfs_; }
  const char* vfs_name() const { return vfs_->name(); }

 private:
  PosixHost host_;
  std::unique_ptr<PoolVfs> vfs_;
};

}  // namespace sahpool::testing

#endif  // SAHPOOL_TESTS_NATIVE_OBSERVED_POOL_H_
