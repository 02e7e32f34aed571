#include "cli/open_pool.h"

#include <algorithm>
#include <array>
#include <atomic>

#include "cli/output.h"
#include "cli/overlay_handle.h"
#include "cli/usage.h"
#include "native/posix_storage.h"

namespace sahpool::cli {
namespace {

// For the journal or WAL and the temporary files of every database that one statement can attach.
constexpr int kScratchSlots = 32;

constexpr UrlDialect kStandard{};
constexpr UrlDialect kChromium{
    .encodes_caret = true, .encodes_bar = true, .knows_drive_letters = false};

std::string NextVfsName() {
  static std::atomic<int> number{0};
  return "sahpool-" + std::to_string(++number);
}

std::unique_ptr<StorageHandle> OpenHandle(const SlotFile& slot, Access access) {
  const std::string path = slot.path.string();
  return Require(access == Access::kRead ? OverlayHandle::Open(path.c_str())
                                         : PosixHandle::Open(path.c_str(), /*create=*/false),
                 path);
}

}  // namespace

OpenPool::OpenPool(PoolPlace place, Access access)
    : place_(std::move(place)), access_(access), host_(access) {
  if (access == Access::kWrite) {
    if (const std::string user = UserOf(place_); !user.empty()) {
      throw Failure(ExitCode::kInUse, user + "; the pool is not changed while it is in use");
    }
  }
  vfs_ = PoolVfs::Create(host_, NextVfsName());
  if (!vfs_) throw Failure(ExitCode::kFailed, "out of memory");
  pool().set_url_dialect(place_.layout == Layout::kChromium ? kChromium : kStandard);
  // All before the first change, so that a pool that is in use is left as it is.
  std::vector<std::unique_ptr<StorageHandle>> handles;
  handles.reserve(place_.slots.size());
  for (const SlotFile& slot : place_.slots) handles.push_back(OpenHandle(slot, access));
  for (std::size_t i = 0; i < handles.size(); ++i) {
    Require(pool().Attach(std::move(handles[i]), place_.slots[i].name),
            place_.slots[i].path.string());
  }
  Require(pool().Start(), place_.folder.string());
  Require(vfs_->Register());
}

std::vector<Slot*> OpenPool::Slots(SlotState state) {
  std::vector<Slot*> slots;
  for (std::int32_t i = 0; Slot* const slot = pool().At(state, i); ++i) slots.push_back(slot);
  std::ranges::sort(slots, {}, [](const Slot* slot) {
    return std::pair(slot->name().view(), slot->slot_name());
  });
  return slots;
}

// As it is stored, then as each kind of browser would have stored it.
Slot* OpenPool::FindIfThere(const std::string& name) {
  const auto stored = FileName::FromStored(name);
  if (Slot* const slot = stored.ok() ? pool().Find(stored.value()) : nullptr) return slot;
  for (const UrlDialect& dialect : {kStandard, kChromium}) {
    const auto resolved = ResolveFileName(name, dialect);
    if (Slot* const slot = resolved.ok() ? pool().Find(resolved.value()) : nullptr) return slot;
  }
  return nullptr;
}

Slot& OpenPool::Find(const std::string& name) {
  if (Slot* const slot = FindIfThere(name)) return *slot;
  throw Failure(ExitCode::kNotFound, "there is no file " + name + " in the pool");
}

std::unique_ptr<Snapshot> OpenPool::OpenSnapshot(Slot& slot) {
  if (slot.is_database()) {
    const Status s = pool().CheckQuarantine(slot.name());
    if (!s.ok()) {
      throw Failure(ExitCode::kDamaged,
                    std::string(s.text()) + "; `sahpool recover` writes out what there is");
    }
  }
  return Require(vfs_->OpenSnapshot(slot), std::string(slot.name().view()));
}

void OpenPool::AttachScratchSlots() {
  if (has_scratch_slots_ || access_ == Access::kWrite) return;
  has_scratch_slots_ = true;
  for (int i = 0; i < kScratchSlots; ++i) {
    Require(pool().Attach(std::make_unique<OverlayHandle>(), "scratch-" + std::to_string(i)));
  }
}

Connection OpenPool::Connect(Slot& slot) {
  AttachScratchSlots();
  Connection connection(std::string(slot.name().view()), vfs_->name());
  connection.Execute("PRAGMA temp_store = MEMORY");
  return connection;
}

void WarnOfUser(const PoolPlace& place) {
  if (const std::string user = UserOf(place); !user.empty()) {
    Warn(user + "; what is read here may be changing meanwhile");
  }
}

}  // namespace sahpool::cli
