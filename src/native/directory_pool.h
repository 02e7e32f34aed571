// A pool in a directory of the file system: the native counterpart of what a browser's host does
// with OPFS. Opens, creates and removes the slot files and drives a PoolVfs over them.
//
// Threads: construction and capacity changes are not thread-safe; the PoolVfs is.
// Ownership: owns the PoolVfs and through it all handles. Must not be destroyed while a connection
// has a file open.
// Errors: Status; a failed Open() leaves every byte as it was.
#ifndef SAHPOOL_NATIVE_DIRECTORY_POOL_H_
#define SAHPOOL_NATIVE_DIRECTORY_POOL_H_

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "native/posix_storage.h"
#include "sahpool/status.h"
#include "vfs/pool_vfs.h"

namespace sahpool {

class DirectoryPool {
 public:
  struct Options {
    std::string vfs_name = "sahpool";
    // Slots to make when the directory has none.
    std::int32_t initial_capacity = 6;
    // Deletes all files before the start.
    bool clear = false;
    // SQLite uses the VFS when none is named.
    bool make_default = false;
    // Replaces the pool's own host; outlives the pool.
    Host* host = nullptr;
  };

  // Opens the pool in `directory`, which is created when it is missing: slots are in its `.opaque`
  // folder, or in `directory` itself when it has none but files. Registers the VFS.
  // kBusy when another process has the pool open.
  static Result<std::unique_ptr<DirectoryPool>> Open(const std::filesystem::path& directory,
                                                     const Options& options);

  PoolVfs& vfs() { return *vfs_; }

  // Where its slots are.
  const std::filesystem::path& slots() const { return slots_; }

  Status AddCapacity(std::int32_t count);
  // Removes up to `count` free slots; how many it removed.
  Result<std::int32_t> ReduceCapacity(std::int32_t count);

 private:
  DirectoryPool(std::filesystem::path slots, Host* host)
      : slots_(std::move(slots)), host_(host != nullptr ? *host : own_host_) {}

  Status AttachAll();
  Status AttachSlot(const std::filesystem::path& path, bool create);

  std::filesystem::path slots_;
  PosixHost own_host_;
  Host& host_;
  std::unique_ptr<PoolVfs> vfs_;
};

}  // namespace sahpool

#endif  // SAHPOOL_NATIVE_DIRECTORY_POOL_H_
