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

namespace fs = std::filesystem;

// For the journal or WAL and the temporary files of every database that one statement can attach.
constexpr int kScratchSlots = 32;

constexpr UrlDialect kStandard{};
constexpr UrlDialect kChromium{
    .encodes_caret = true, .encodes_bar = true, .knows_drive_letters = false};

std::string NextVfsName() {
  static std::atomic<int> number{0};
  return "sahpool-" + std::to_string(++number);
}

// What a file among the slots is to a pool.
enum class Role {
  kSlot,
  kDamaged,  // goes into quarantine, and is never written to
  kForeign,
  kDoubtful,  // a header of version 1 that the rest of the file does not bear out
};

Role RoleOf(const SlotFileFacts& facts, const PoolPlace& place) {
  if (facts.is_proven) return Role::kSlot;
  // Where only slots are, a new one may not have its size yet.
  if (facts.is_unfilled && place.layout != Layout::kFolder) return Role::kSlot;
  if (IsForeignZeros(facts) || facts.is_unfilled) return Role::kForeign;
  return facts.Decode().kind == HeaderKind::kUnbelievable ? Role::kDamaged : Role::kDoubtful;
}

// By way of its folder, into which no link led.
std::unique_ptr<StorageHandle> OpenInPlace(const fs::path& path) {
  const Descriptor folder = Require(OpenFolderOf(path), path.string());
  const fs::path by_folder = fs::path("/proc/self/fd") / std::to_string(folder.number());
  return Require(PosixHandle::Open((by_folder / path.filename()).c_str(), /*create=*/false),
                 path.string());
}

}  // namespace

OpenPool::OpenPool(PoolPlace place, Access access)
    : place_(std::move(place)), access_(access), host_(access) {
  if (access == Access::kWrite) {
    if (const std::string user = UserOf(place_); !user.empty()) {
      throw Failure(ExitCode::kInUse, user + "; the pool is not changed while it is in use");
    }
    if (!place_.problem.empty()) throw Failure(ExitCode::kDamaged, place_.problem);
  }
  for (const ForeignFile& file : place_.foreign) {
    left_out_.push_back({file.name, file.reason, false});
  }
  vfs_ = PoolVfs::Create(host_, NextVfsName());
  if (!vfs_) throw Failure(ExitCode::kFailed, "out of memory");
  pool().names().set_url_dialect(place_.layout == Layout::kChromium ? kChromium : kStandard);
  AttachAll();
  Require(pool().Start(), place_.folder.string());
  Require(vfs_->Register());
}

// All are opened before the first change, so that a pool that is in use is left as it is.
void OpenPool::AttachAll() {
  std::vector<std::unique_ptr<StorageHandle>> handles;
  handles.reserve(place_.slots.size());
  for (const SlotFile& slot : place_.slots) handles.push_back(Open(slot));
  for (std::size_t i = 0; i < handles.size(); ++i) {
    const SlotFile& slot = place_.slots[i];
    if (!handles[i]) continue;
    const Status attached = pool().Attach(std::move(handles[i]), slot.name);
    if (attached.ok()) continue;
    if (access_ == Access::kWrite || attached.code() != Code::kIo) {
      Require(attached, slot.path.string());
    }
    left_out_.push_back({slot.name, std::string(attached.text()), true});
  }
}

// Null for a file that is left out.
std::unique_ptr<StorageHandle> OpenPool::Open(const SlotFile& slot) {
  try {
    return access_ == Access::kRead ? OpenForReading(slot) : OpenForWriting(slot);
  } catch (const Failure& failure) {
    if (access_ == Access::kWrite || failure.code() == ExitCode::kInUse) throw;
    std::string reason = failure.what();
    if (const std::string subject = slot.path.string() + ": "; reason.starts_with(subject)) {
      reason.erase(0, subject.size());
    }
    left_out_.push_back({slot.name, std::move(reason), true});
    return nullptr;
  }
}

std::unique_ptr<StorageHandle> OpenPool::OpenForReading(const SlotFile& slot) {
  if (RoleOf(ReadSlotFile(slot.path), place_) == Role::kForeign) {
    left_out_.push_back({slot.name, std::string(kForeignZeros), false});
    return nullptr;
  }
  return Require(OverlayHandle::Open(slot.path.c_str()), slot.path.string());
}

std::unique_ptr<StorageHandle> OpenPool::OpenForWriting(const SlotFile& slot) {
  const SlotFileFacts facts = ReadSlotFile(slot.path);
  switch (RoleOf(facts, place_)) {
    case Role::kForeign:
      left_out_.push_back({slot.name, std::string(kForeignZeros), false});
      return nullptr;
    case Role::kDamaged:
      return Require(OverlayHandle::Open(slot.path.c_str()), slot.path.string());
    case Role::kDoubtful:
      throw Failure(ExitCode::kDamaged, slot.path.string() +
                                            ": it can't be told whether this is a slot; nothing is"
                                            " changed while it lies here");
    case Role::kSlot:
      break;
  }
  if (facts.link_count > 1) {
    throw Failure(ExitCode::kUsage, slot.path.string() +
                                        " is also a file somewhere else (a hard link), which would"
                                        " change with it; copy the pool first");
  }
  return OpenInPlace(slot.path);
}

ExitCode OpenPool::list_code() const {
  if (!place_.problem.empty()) return ExitCode::kDamaged;
  const bool is_complete =
      std::ranges::none_of(left_out_, [](const LeftOut& file) { return file.is_unreadable; });
  return is_complete ? ExitCode::kDone : ExitCode::kFailed;
}

void OpenPool::RequireAllSlots() const {
  constexpr const char* kWhy =
      ": a journal may be missing; `sahpool recover` writes out what there is";
  if (!place_.problem.empty()) throw Failure(ExitCode::kDamaged, place_.problem + kWhy);
  for (const LeftOut& file : left_out_) {
    if (!file.is_unreadable) continue;
    throw Failure(ExitCode::kFailed, file.name + ": " + file.reason + kWhy);
  }
}

std::vector<File*> OpenPool::Slots(SlotState state) {
  std::vector<File*> slots;
  for (std::int32_t i = 0; File* const file = pool().files().At(state, i); ++i) {
    slots.push_back(file);
  }
  std::ranges::sort(slots, {}, [](const File* file) {
    return std::pair(file->slot().name().view(), file->slot().slot_name());
  });
  return slots;
}

// As it is stored, then as each kind of browser would have stored it.
File* OpenPool::FindIfThere(const std::string& name) {
  const auto stored = FileName::FromStored(name);
  if (File* const file = stored.ok() ? pool().files().Find(stored.value()) : nullptr) return file;
  for (const UrlDialect& dialect : {kStandard, kChromium}) {
    const auto resolved = ResolveFileName(name, dialect);
    if (File* const file = resolved.ok() ? pool().files().Find(resolved.value()) : nullptr) {
      return file;
    }
  }
  return nullptr;
}

File& OpenPool::Find(const std::string& name) {
  if (File* const file = FindIfThere(name)) return *file;
  throw Failure(ExitCode::kNotFound, "there is no file " + name + " in the pool");
}

std::unique_ptr<Snapshot> OpenPool::OpenSnapshot(File& file) {
  if (file.kind() == FileKind::kDatabase) {
    const Status s = pool().names().CheckQuarantine(file.slot().name());
    if (!s.ok()) {
      throw Failure(ExitCode::kDamaged,
                    std::string(s.text()) + "; `sahpool recover` writes out what there is");
    }
  }
  return Require(vfs_->OpenSnapshot(file), std::string(file.slot().name().view()));
}

void OpenPool::AttachScratchSlots() {
  if (has_scratch_slots_ || access_ == Access::kWrite) return;
  has_scratch_slots_ = true;
  for (int i = 0; i < kScratchSlots; ++i) {
    Require(pool().Attach(std::make_unique<OverlayHandle>(), "scratch-" + std::to_string(i)));
  }
}

Connection OpenPool::Connect(File& file) {
  AttachScratchSlots();
  Connection connection(std::string(file.slot().name().view()), vfs_->name());
  connection.Distrust();
  connection.Execute("PRAGMA temp_store = MEMORY");
  return connection;
}

void WarnOfUser(const PoolPlace& place) {
  if (const std::string user = UserOf(place); !user.empty()) {
    Warn(user + "; what is read here may be changing meanwhile");
  }
}

}  // namespace sahpool::cli
