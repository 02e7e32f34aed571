// A pool in a directory of the file system: the native counterpart of what a browser's host does
// with OPFS. Opens, creates and removes the slot files (native/slot_folder.h) and drives a PoolVfs
// over them. A file that is not provably a slot is left exactly as it is, whatever the call.
//
// Threads: construction and capacity changes are not thread-safe, but for AddSlotFromInside(); the
// PoolVfs is.
// Ownership: owns the PoolVfs and through it all handles. Must not be destroyed while a connection
// has a file open.
// Errors: Status; a failed Open() deletes no file, unless it was told to clear.
#ifndef SAHPOOL_NATIVE_DIRECTORY_POOL_H_
#define SAHPOOL_NATIVE_DIRECTORY_POOL_H_

#include <filesystem>
#include <memory>
#include <string>

#include "native/slot_folder.h"
#include "sahpool/status.h"
#include "vfs/pool_vfs.h"

namespace sahpool {

class DirectoryPool {
 public:
  struct Options {
    std::string vfs_name = "sahpool";
    // Slots to make when the directory has none.
    std::int32_t initial_capacity = 6;
    // The directory is itself the folder of slots, and has some.
    bool is_slot_folder = false;
    // Deletes all files before the start.
    bool clear = false;
    // SQLite uses the VFS when none is named.
    bool make_default = false;
    // Replaces the pool's own host; outlives the pool, as pool_vfs.h says.
    Host* host = nullptr;
    // Outlives the pool.
    PosixCalls& calls = SystemCalls();
  };

  // Opens the pool in `directory`, which is created when it is missing: slots are in its `.opaque`
  // folder, unless `directory` is said to be one. Registers the VFS. kBusy when another process has
  // the pool open, kNotFound when a folder of slots has none.
  static Result<std::unique_ptr<DirectoryPool>> Open(const std::filesystem::path& directory,
                                                     const Options& options);

  PoolVfs& vfs() { return *vfs_; }

  // Where its slots are.
  const std::filesystem::path& slots() const { return folder_.path(); }
  // Whether this process is a fork of the one that opened it, and can do nothing but destroy it.
  bool is_inherited() const { return folder_.is_inherited(); }

  // Adds `count` slots, or none.
  Status AddCapacity(std::int32_t count);
  // Removes up to `count` free slots; how many it removed. After an error some may have gone, not
  // durably.
  Result<std::int32_t> ReduceCapacity(std::int32_t count);

  // Adds a slot from inside a call of the pool.
  Status AddSlotFromInside();

  // Deletes all slots, and the directory if nothing else is in it. The VFS must not be registered;
  // afterwards only destroying is allowed.
  Status Remove();

 private:
  DirectoryPool(SlotFolder folder, Host* host)
      : folder_(std::move(folder)), host_(host != nullptr ? *host : OwnHost()) {}
  static Host& OwnHost();

  Status Start(const Options& options);
  Status AttachAll(bool is_slot_folder);
  Status Attach(SlotFile& slot);
  Status RemoveAll(bool databases);

  SlotFolder folder_;
  Host& host_;
  std::unique_ptr<PoolVfs> vfs_;
};

}  // namespace sahpool

#endif  // SAHPOOL_NATIVE_DIRECTORY_POOL_H_
