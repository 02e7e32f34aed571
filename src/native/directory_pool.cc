#include "native/directory_pool.h"

#include <algorithm>
#include <array>
#include <system_error>
#include <vector>

namespace sahpool {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSlotFolder = ".opaque";

Status FileSystemFailure(std::string_view action, const std::error_code& error) {
  return ErrnoStatus(action, error.value());
}

// A folder of slots copied out of somewhere is a pool too.
fs::path SlotFolderOf(const fs::path& directory) {
  std::error_code ignored;
  if (fs::is_directory(directory / kSlotFolder, ignored)) return directory / kSlotFolder;
  for (fs::directory_iterator entry(directory, ignored), end; entry != end; ++entry) {
    if (entry->is_regular_file(ignored)) return directory;
  }
  return directory / kSlotFolder;
}

std::string RandomSlotName(Host& host) {
  constexpr std::string_view kAlphabet = "0123456789abcdefghijklmnopqrstuv";
  std::array<std::byte, 16> random{};
  host.Randomness(random);
  std::string name;
  for (const std::byte byte : random) {
    name += kAlphabet[std::to_integer<std::size_t>(byte) % kAlphabet.size()];
  }
  return name;
}

}  // namespace

Result<std::unique_ptr<DirectoryPool>> DirectoryPool::Open(const fs::path& directory,
                                                           const Options& options) {
  std::unique_ptr<DirectoryPool> pool(new DirectoryPool(SlotFolderOf(directory), options.host));
  std::error_code error;
  fs::create_directories(pool->slots_, error);
  if (error) return FileSystemFailure("create the pool's directory", error);
  pool->vfs_ = PoolVfs::Create(pool->host_, options.vfs_name);
  if (!pool->vfs_) return Status(Code::kNoMemory, "out of memory");
  if (Status s = pool->AttachAll(); !s.ok()) return s;
  const bool is_new = pool->vfs_->pool().capacity() == 0;
  if (options.clear) {
    const Status wiped = pool->vfs_->WithPool([](Pool& inner) { return inner.Wipe(); });
    if (!wiped.ok()) return wiped;
  }
  if (Status s = pool->vfs_->WithPool([](Pool& inner) { return inner.Start(); }); !s.ok()) return s;
  if (is_new) {
    if (Status s = pool->AddCapacity(options.initial_capacity); !s.ok()) return s;
  }
  if (Status s = pool->vfs_->Register(options.make_default); !s.ok()) return s;
  return pool;
}

Status DirectoryPool::AttachAll() {
  std::error_code error;
  for (fs::directory_iterator entry(slots_, error), end; !error && entry != end;
       entry.increment(error)) {
    if (!entry->is_regular_file()) continue;
    if (Status s = AttachSlot(entry->path(), false); !s.ok()) return s;
  }
  return error ? FileSystemFailure("list the slots", error) : Status();
}

Status DirectoryPool::AttachSlot(const fs::path& path, bool create) {
  auto handle = PosixHandle::Open(path.c_str(), create);
  if (!handle.ok()) return handle.status();
  return vfs_->WithPool(
      [&](Pool& pool) { return pool.Attach(std::move(handle.value()), path.filename().native()); });
}

Status DirectoryPool::AddCapacity(std::int32_t count) {
  for (std::int32_t i = 0; i < count; ++i) {
    if (Status s = AttachSlot(slots_ / RandomSlotName(host_), true); !s.ok()) return s;
  }
  return {};
}

Result<std::int32_t> DirectoryPool::ReduceCapacity(std::int32_t count) {
  std::int32_t removed = 0;
  while (removed < count) {
    std::unique_ptr<Slot> slot;
    static_cast<void>(vfs_->WithPool([&](Pool& pool) {
      slot = pool.RemoveFreeSlot();
      return Status();
    }));
    if (!slot) break;
    std::error_code error;
    fs::remove(slots_ / slot->slot_name(), error);
    if (error) return FileSystemFailure("remove a slot", error);
    ++removed;
  }
  return removed;
}

}  // namespace sahpool
