// sahpool rm, create and resize.

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <system_error>

#include "cli/commands.h"
#include "cli/interruption.h"
#include "cli/open_pool.h"
#include "cli/output.h"
#include "cli/output_file.h"
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

// The pool is not opened through what has been found, but by its directory.
void RequireOnlySlots(const PoolPlace& place) {
  const OpenPool pool(place, Access::kWrite);
  if (pool.left_out().empty()) return;
  const LeftOut& file = pool.left_out().front();
  throw Failure(ExitCode::kUsage,
                fmt::format("{}: {} lies among the slots, and is none ({}); move it away first",
                            place.folder.string(), file.name, file.reason));
}

// Each slot of an open pool is an open file. Better no pool than half of one.
void RequireRoom(std::int32_t capacity) {
  constexpr rlim_t kOthers = 64;
  struct rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return;
  const rlim_t most = limit.rlim_cur > kOthers ? limit.rlim_cur - kOthers : 0;
  if (static_cast<rlim_t>(capacity) <= most) return;
  throw Failure(ExitCode::kUsage,
                fmt::format("a pool of {} needs as many open files, and this process may have {}:"
                            " choose at most {}, or raise the limit (ulimit -Hn)",
                            Counted(capacity, "slot"), limit.rlim_cur, most));
}

void AddSlots(DirectoryPool& pool, std::int32_t count, const fs::path& folder) {
  constexpr std::int32_t kAtOnce = 256;
  for (; count > 0; count -= kAtOnce) {
    ThrowIfInterrupted();
    Require(pool.AddCapacity(std::min(count, kAtOnce)), folder.string());
  }
}

// Takes away again what was made of a pool that could not be made whole. Not for longer than the
// pool is open: then another process may make one in its place.
class NewPool {
 public:
  NewPool(fs::path folder, bool was_there) : folder_(std::move(folder)), was_there_(was_there) {}
  ~NewPool() {
    if (is_kept_) return;
    std::error_code ignored;
    const fs::path slots = folder_ / kSlotFolder;
    for (fs::directory_iterator entry(slots, ignored), end; !ignored && entry != end;
         entry.increment(ignored)) {
      std::error_code of_this;
      if (entry->file_size(of_this) <= kSlotDataOffset) fs::remove(entry->path(), of_this);
    }
    fs::remove(slots, ignored);
    if (!was_there_) fs::remove(folder_, ignored);
  }
  NewPool(const NewPool&) = delete;
  NewPool& operator=(const NewPool&) = delete;

  void Keep() { is_kept_ = true; }

 private:
  const fs::path folder_;
  const bool was_there_;
  bool is_kept_ = false;
};

}  // namespace

ExitCode Remove(const Arguments& arguments) {
  OpenPool pool(FindPool(arguments.dir, arguments.pool), Access::kWrite);
  File& file = pool.Find(arguments.name);
  Require(pool.pool().order().DeleteDatabase(file), arguments.name);
  return ExitCode::kDone;
}

ExitCode Create(const Arguments& arguments) {
  std::error_code error;
  const Failure exists(ExitCode::kExists, arguments.dir.string() + " exists and is not empty");
  const bool was_there = fs::exists(arguments.dir, error);
  if (was_there && !fs::is_empty(arguments.dir, error)) throw exists;
  RequireRoom(arguments.capacity);
  CatchInterruptions();
  ToolHost host(Access::kWrite);
  const auto pool =
      Require(DirectoryPool::Open(arguments.dir,
                                  {.vfs_name = kVfsName, .initial_capacity = 0, .host = &host}),
              arguments.dir.string());
  // Another process has made one since.
  if (pool->vfs().pool().files().capacity() > 0) throw exists;
  NewPool made(arguments.dir, was_there);
  AddSlots(*pool, arguments.capacity, arguments.dir);
  FlushFolder(arguments.dir / kSlotFolder);
  FlushFolder(arguments.dir);
  made.Keep();
  return ExitCode::kDone;
}

ExitCode Resize(const Arguments& arguments) {
  const PoolPlace place = FindPool(arguments.dir, arguments.pool);
  RequireOwnDirectory(place);
  // To look at the slots takes the room too.
  RequireRoom(arguments.capacity);
  RequireOnlySlots(place);
  CatchInterruptions();
  ToolHost host(Access::kWrite);
  const auto pool =
      Require(DirectoryPool::Open(place.folder,
                                  {.vfs_name = kVfsName, .initial_capacity = 0, .host = &host}),
              place.folder.string());
  Pool& inner = pool->vfs().pool();
  const std::int32_t used = inner.files().capacity() - inner.files().free_count();
  if (arguments.capacity < used) {
    throw Failure(ExitCode::kUsage, fmt::format("{} of its {} are in use; the pool can't become"
                                                " smaller than that",
                                                used, Counted(inner.files().capacity(), "slot")));
  }
  const std::int32_t more = arguments.capacity - inner.files().capacity();
  if (more > 0) {
    AddSlots(*pool, more, place.folder);
  } else if (more < 0) {
    const auto removed = Require(pool->ReduceCapacity(-more), place.folder.string());
    if (removed != -more) throw Failure(ExitCode::kFailed, "not every slot could be removed");
  }
  FlushFolder(place.folder / kSlotFolder);
  return ExitCode::kDone;
}

}  // namespace sahpool::cli
