#include "native/directory_pool.h"

#include <sqlite3.h>

#include <span>
#include <utility>

namespace sahpool {
namespace {

const PosixHandle& HandleOf(File& file) {
  return static_cast<const PosixHandle&>(file.slot().medium().handle());
}

std::string NameOf(const File& file) { return std::string(file.slot().slot_name()); }

// All in one message: there may be many.
void TellOfOthers(Host& host, const SlotFolder& folder, const std::vector<std::string>& others) {
  if (others.empty()) return;
  Text text("not a slot, and left alone: ");
  for (const std::string& name : others) text.Append(name).Append(", ");
  host.Log(LogLevel::kWarning, text.Append("in ").Append(folder.path().native()).view());
}

}  // namespace

Result<std::unique_ptr<DirectoryPool>> DirectoryPool::Open(const std::filesystem::path& directory,
                                                           const Options& options) {
  auto folder = options.is_slot_folder ? SlotFolder::OpenBare(directory, options.calls)
                                       : SlotFolder::OpenOrMake(directory, options.calls);
  if (!folder.ok()) return folder.status();
  std::unique_ptr<DirectoryPool> pool(new DirectoryPool(std::move(folder.value()), options.host));
  if (Status s = pool->Start(options); !s.ok()) {
    pool->folder_.RemoveMadeFolders();
    return s;
  }
  return pool;
}

Host& DirectoryPool::OwnHost() {
  static PosixHost host;
  return host;
}

Status DirectoryPool::Start(const Options& options) {
  vfs_ = PoolVfs::Create(host_, options.vfs_name);
  if (!vfs_) return Status::NoMemory();
  if (Status s = AttachAll(options.is_slot_folder); !s.ok()) return s;
  if (sqlite3_vfs_find(options.vfs_name.c_str()) != nullptr) {
    Text text("a VFS named ");
    return {Code::kExists, text.Append(options.vfs_name).Append(" is registered already")};
  }
  const bool is_new = vfs_->pool().files().capacity() == 0;
  if (is_new && options.is_slot_folder) return {Code::kNotFound, "the folder has no slots"};
  if (options.clear) {
    const Status wiped = vfs_->WithPool([](Pool& inner) { return inner.Wipe(); });
    if (!wiped.ok()) return wiped;
  }
  if (Status s = vfs_->WithPool([](Pool& inner) { return inner.Start(); }); !s.ok()) return s;
  if (is_new) {
    if (Status s = AddCapacity(options.initial_capacity); !s.ok()) return s;
  }
  Status registered = vfs_->Register(options.make_default);
  if (!registered.ok() && is_new) static_cast<void>(ReduceCapacity(options.initial_capacity));
  return registered;
}

Status DirectoryPool::AttachAll(bool is_slot_folder) {
  std::vector<std::string> others;
  auto slots = folder_.OpenSlots(others);
  if (!slots.ok()) return slots.status();
  if (!is_slot_folder) TellOfOthers(host_, folder_, others);
  // A process may have ended before what it had made was durable.
  if (Status s = folder_.Flush(); !s.ok()) return s;
  for (SlotFile& slot : slots.value()) {
    if (Status s = Attach(slot); !s.ok()) return s;
  }
  return {};
}

Status DirectoryPool::Attach(SlotFile& slot) {
  return vfs_->WithPool([&](Pool& pool) { return pool.Attach(std::move(slot.handle), slot.name); });
}

Status DirectoryPool::AddCapacity(std::int32_t count) {
  auto slots = folder_.MakeSlots(count, host_);
  if (!slots.ok()) return slots.status();
  std::int32_t attached = 0;
  for (SlotFile& slot : slots.value()) {
    Status status = Attach(slot);
    if (!status.ok()) {
      // One free slot is like another.
      static_cast<void>(ReduceCapacity(attached));
      folder_.RemoveNew(std::span(slots.value()).subspan(static_cast<std::size_t>(attached)));
      return status;
    }
    ++attached;
  }
  return {};
}

Status DirectoryPool::AddSlotFromInside() {
  auto slots = folder_.MakeSlots(1, host_);
  if (!slots.ok()) return slots.status();
  SlotFile& slot = slots.value().front();
  Status attached = vfs_->pool().Attach(std::move(slot.handle), slot.name);
  if (!attached.ok()) folder_.RemoveNew(slots.value());
  return attached;
}

Result<std::int32_t> DirectoryPool::ReduceCapacity(std::int32_t count) {
  std::int32_t removed = 0;
  Status status;
  while (status.ok() && removed < count) {
    std::unique_ptr<File> file;
    static_cast<void>(vfs_->WithPool([&](Pool& pool) {
      file = pool.RemoveFreeSlot();
      return Status();
    }));
    if (!file) break;
    status = folder_.Remove(HandleOf(*file), NameOf(*file).c_str());
    if (status.ok()) ++removed;
  }
  if (removed > 0 && status.ok()) status = folder_.Flush();
  if (!status.ok()) return status;
  return removed;
}

// Databases first: one that is still there when this breaks off still has its journal.
Status DirectoryPool::RemoveAll(bool databases) {
  return vfs_->WithPool([&](const Pool& pool) -> Status {
    for (const SlotState state : {SlotState::kNamed, SlotState::kQuarantined, SlotState::kReserved,
                                  SlotState::kTemporary, SlotState::kFree}) {
      for (std::int32_t i = 0; File* const file = pool.files().At(state, i); ++i) {
        if ((file->kind() == FileKind::kDatabase) != databases) continue;
        if (Status s = folder_.Remove(HandleOf(*file), NameOf(*file).c_str()); !s.ok()) return s;
      }
    }
    return {};
  });
}

Status DirectoryPool::Remove() {
  for (const bool databases : {true, false}) {
    if (Status s = RemoveAll(databases); !s.ok()) return s;
  }
  if (Status s = folder_.Flush(); !s.ok()) return s;
  folder_.RemoveFolders();
  return {};
}

}  // namespace sahpool
