// sahpool rm, create and resize.

#include <fmt/format.h>

#include <system_error>

#include "cli/commands.h"
#include "cli/open_pool.h"
#include "cli/output.h"
#include "cli/output_file.h"
#include "cli/usage.h"
#include "native/directory_pool.h"

namespace sahpool::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kVfsName = "sahpool-directory";

// Slots that are added or removed have to be files that nobody else keeps a list of.
void RequireOwnDirectory(const PoolPlace& place) {
  if (place.is_in_browser()) {
    throw Failure(ExitCode::kUsage,
                  std::string(LayoutName(place.layout)) +
                      " keeps a list of the files of its profile, so that slots can be added and"
                      " removed only by an app in it: addCapacity(), reduceCapacity()");
  }
  if (place.layout == Layout::kFolder) {
    throw Failure(ExitCode::kUsage, place.folder.string() +
                                        " is a folder that slots were copied into; only a pool with"
                                        " a folder .opaque can be resized");
  }
}

}  // namespace

ExitCode Remove(const Arguments& arguments) {
  OpenPool pool(FindPool(arguments.dir, arguments.pool), Access::kWrite);
  Slot& slot = pool.Find(arguments.name);
  Require(pool.pool().DeleteDatabase(slot), arguments.name);
  return ExitCode::kDone;
}

ExitCode Create(const Arguments& arguments) {
  std::error_code error;
  if (fs::exists(arguments.dir, error) && !fs::is_empty(arguments.dir, error)) {
    throw Failure(ExitCode::kExists, arguments.dir.string() + " exists and is not empty");
  }
  const auto pool =
      Require(DirectoryPool::Open(arguments.dir,
                                  {.vfs_name = kVfsName, .initial_capacity = arguments.capacity}),
              arguments.dir.string());
  FlushFolder(arguments.dir / kSlotFolder);
  FlushFolder(arguments.dir);
  return ExitCode::kDone;
}

ExitCode Resize(const Arguments& arguments) {
  const PoolPlace place = FindPool(arguments.dir, arguments.pool);
  RequireOwnDirectory(place);
  if (const std::string user = UserOf(place); !user.empty()) {
    throw Failure(ExitCode::kInUse, user + "; the pool is not changed while it is in use");
  }
  const auto pool =
      Require(DirectoryPool::Open(place.folder, {.vfs_name = kVfsName, .initial_capacity = 0}),
              place.folder.string());
  Pool& inner = pool->vfs().pool();
  const std::int32_t used = inner.capacity() - inner.free_count();
  if (arguments.capacity < used) {
    throw Failure(ExitCode::kUsage, fmt::format("{} of its {} are in use; the pool can't become"
                                                " smaller than that",
                                                used, Counted(inner.capacity(), "slot")));
  }
  const std::int32_t more = arguments.capacity - inner.capacity();
  if (more > 0) {
    Require(pool->AddCapacity(more), place.folder.string());
  } else if (more < 0) {
    const auto removed = Require(pool->ReduceCapacity(-more), place.folder.string());
    if (removed != -more) throw Failure(ExitCode::kFailed, "not every slot could be removed");
  }
  FlushFolder(place.folder / kSlotFolder);
  return ExitCode::kDone;
}

}  // namespace sahpool::cli
