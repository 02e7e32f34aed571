// A pool opened by the tool: its slots attached, its VFS registered, names found as users write
// them.
//
// Opened for reading, the pool is over OverlayHandles: it tidies itself, databases roll back and
// SQLite may write, all in memory; no byte in the pool's place changes. Opened for writing, it is
// over the files, which no browser and no other process may have in use, and of which each must
// provably be a slot: a damaged one stays as it is, in quarantine, and what is no slot is left out.
//
// Threads: one. Ownership: connections to its databases must be closed before it goes.
// Errors: Failure; kInUse when another process has the pool.
#ifndef SAHPOOL_TOOLS_CLI_OPEN_POOL_H_
#define SAHPOOL_TOOLS_CLI_OPEN_POOL_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cli/failure.h"
#include "cli/pool_place.h"
#include "cli/sql.h"
#include "cli/tool_host.h"
#include "vfs/pool_vfs.h"

namespace sahpool::cli {

// A file that is not in the open pool.
struct LeftOut {
  std::string name;
  std::string reason;
  bool is_unreadable;  // it may be a slot; otherwise it is none
};

class OpenPool {
 public:
  OpenPool(PoolPlace place, Access access);

  const PoolPlace& place() const { return place_; }
  Pool& pool() { return vfs_->pool(); }

  const std::vector<LeftOut>& left_out() const { return left_out_; }
  // How a command ends that lists the pool: what was left out may be missing in the list.
  ExitCode list_code() const;
  // Throws when a slot is missing, which may be the journal of any database.
  void RequireAllSlots() const;

  // The slots in that state, in the order of their names.
  std::vector<File*> Slots(SlotState state);

  // The slot of a file: its stored name or a name that resolves to it. kNotFound.
  File& Find(const std::string& name);
  File* FindIfThere(const std::string& name);
  // The name that `name` becomes when an app of this pool's browser uses it.
  FileName Resolve(const std::string& name) { return Require(pool().names().Resolve(name), name); }

  // What is committed of the file, for as long as nothing writes. kDamaged when its journal may be
  // in quarantine.
  std::unique_ptr<Snapshot> OpenSnapshot(File& file);

  // Opens the database with SQLite. A pool opened for reading gets free slots, in memory, for what
  // SQLite may create.
  Connection Connect(File& file);

 private:
  std::unique_ptr<StorageHandle> Open(const SlotFile& slot);
  std::unique_ptr<StorageHandle> OpenForReading(const SlotFile& slot);
  std::unique_ptr<StorageHandle> OpenForWriting(const SlotFile& slot);
  void AttachAll();
  void AttachScratchSlots();

  PoolPlace place_;
  const Access access_;
  ToolHost host_;
  std::unique_ptr<PoolVfs> vfs_;
  std::vector<LeftOut> left_out_;
  bool has_scratch_slots_ = false;
};

// Warns when what is read may be changing meanwhile.
void WarnOfUser(const PoolPlace& place);

}  // namespace sahpool::cli

#endif  // SAHPOOL_TOOLS_CLI_OPEN_POOL_H_
