#include "native/slot_folder.h"

#include <dirent.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <set>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>

#include "format/slot_proof.h"

namespace sahpool {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFolderName = ".opaque";
constexpr int kFileFlags = O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
constexpr std::string_view kNameAlphabet = "0123456789abcdefghijklmnopqrstuv";
constexpr std::size_t kSlotNameSize = 16;
// Descriptors that a pool leaves to the rest of the program, so that one that could be made can
// also be opened again.
constexpr int kSpareDescriptors = 16;

std::string RandomName(Host& host) {
  std::array<std::byte, kSlotNameSize> random{};
  host.Randomness(random);
  std::string name;
  for (const std::byte byte : random) {
    name += kNameAlphabet[std::to_integer<std::size_t>(byte) % kNameAlphabet.size()];
  }
  return name;
}

bool IsRandomName(std::string_view name) {
  return name.size() == kSlotNameSize && name.find_first_not_of(kNameAlphabet) == name.npos;
}

int DescriptorLimit() {
  struct rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > INT_MAX) return INT_MAX;
  return static_cast<int>(limit.rlim_cur) - kSpareDescriptors;
}

Status TooManySlots() {
  return {Code::kFull, "each slot takes a file descriptor, and the process may not have so many"};
}

Status About(std::string_view what, const Status& status) {
  Text text(what);
  return {status.code(), text.Append(": ").Append(status.text())};
}

fs::path ParentOf(const fs::path& folder) {
  const fs::path parent = (folder.has_filename() ? folder : folder.parent_path()).parent_path();
  return parent.empty() ? fs::path(".") : parent;
}

// Some file systems have nothing to flush in a folder, and say so.
bool IsFlushed(int result) { return result == 0 || errno == EINVAL || errno == ENOTSUP; }

Result<bool> IsSlot(int descriptor, const struct stat& info, const char* name, PosixCalls& calls) {
  std::array<std::byte, kSlotProofSize> start{};
  std::size_t count = 0;
  while (count < start.size()) {
    const auto rest = std::span(start).subspan(count);
    const ssize_t more = RetryInterrupted([&] {
      return calls.Read(descriptor, rest.data(), rest.size(), static_cast<off_t>(count));
    });
    if (more < 0) return ErrnoStatus("pread", errno);
    if (more == 0) break;
    count += static_cast<std::size_t>(more);
  }
  const auto bytes = std::span<const std::byte>(start).first(count);
  if (IsUnfilledSlot(bytes, info.st_size, info.st_nlink)) return IsRandomName(name);
  return IsProvablySlot(bytes, info.st_size, info.st_nlink);
}

}  // namespace

Result<SlotFolder> SlotFolder::OpenOrMake(const fs::path& directory, PosixCalls& calls) {
  SlotFolder folder(directory, directory / kFolderName, calls);
  Status status = folder.Make(folder.path_);
  if (status.ok()) status = folder.Open(O_NOFOLLOW);
  if (status.ok()) return folder;
  // Another process that was faster has it now, empty as it may be.
  if (status.code() != Code::kBusy) folder.RemoveMadeFolders();
  std::error_code ignored;
  if (fs::symlink_status(folder.path_, ignored).type() == fs::file_type::symlink) {
    status = {Code::kInvalid, "a link, which is not followed"};
  }
  return About(folder.path_.native(), status);
}

Result<SlotFolder> SlotFolder::OpenBare(const fs::path& directory, PosixCalls& calls) {
  SlotFolder folder(directory, directory, calls);
  if (const Status s = folder.Open(0); !s.ok()) return About(directory.native(), s);
  return folder;
}

// What was made is flushed with what it was made in, and that in turn: a process may have ended
// just after it had made it.
Status SlotFolder::Make(const fs::path& folder) {
  constexpr mode_t kMode = 0777;
  const auto make = [&] { return calls_->MakeFolder(folder.c_str(), kMode) == 0; };
  if (!make()) {
    if (errno == EEXIST) return {};
    const fs::path parent = ParentOf(folder);
    if (errno != ENOENT || parent == folder) return ErrnoStatus("mkdir", errno);
    if (Status s = Make(parent); !s.ok()) return s;
    if (!make()) return errno == EEXIST ? Status() : ErrnoStatus("mkdir", errno);
  }
  made_.push_back(folder);
  const fs::path parent = ParentOf(folder);
  FlushAt(parent);
  FlushAt(ParentOf(parent));
  return {};
}

// A folder that can't be opened, because it may not be read, can't be flushed: SQLite leaves it at
// that too.
void SlotFolder::FlushAt(const fs::path& folder) {
  const auto opened = Descriptor::Open(*calls_, AT_FDCWD, folder.c_str(), O_RDONLY | O_DIRECTORY);
  if (!opened.ok()) return;
  RetryInterrupted([&] { return calls_->Flush(opened.value().number()); });
}

Status SlotFolder::Open(int flags) {
  auto opened = Descriptor::Open(*calls_, AT_FDCWD, path_.c_str(), O_RDONLY | O_DIRECTORY | flags);
  if (!opened.ok()) return opened.status();
  folder_ = LockedDescriptor(std::move(opened.value()), *calls_);
  // Where folders can't be locked, the locks of the slots must do.
  if (Status s = folder_.Lock(); s.code() == Code::kBusy) return s;
  return {};
}

// What a forked process removed would be gone for the one that has the pool.
Status SlotFolder::CheckOwned() const {
  if (!is_inherited()) return {};
  return {Code::kMisuse, "a forked process can't use the pool of another"};
}

Status SlotFolder::Flush() {
  if (Status s = CheckOwned(); !s.ok()) return s;
  const int result = RetryInterrupted([this] { return calls_->Flush(folder_.number()); });
  return IsFlushed(result) ? Status() : ErrnoStatus("fsync of the folder of slots", errno);
}

// The descriptor of a file that is a slot; none of another.
Result<Descriptor> SlotFolder::OpenIfSlot(const char* name) const {
  struct stat info{};
  if (fstatat(folder_.number(), name, &info, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(info.st_mode)) {
    return Descriptor();
  }
  const auto open = [&](int access) {
    return Descriptor::Open(*calls_, folder_.number(), name, access | kFileFlags);
  };
  auto file = open(O_RDWR);
  const Status refused = file.status();
  if (!refused.ok()) {
    if (errno == ENOENT || errno == ELOOP || errno == ENXIO) return Descriptor();
    if (refused.code() == Code::kFull) return TooManySlots();
    file = open(O_RDONLY);
    if (!file.ok()) return refused;
  }
  if (fstat(file.value().number(), &info) != 0) return ErrnoStatus("fstat", errno);
  if (!S_ISREG(info.st_mode)) return Descriptor();
  const auto is_slot = IsSlot(file.value().number(), info, name, *calls_);
  if (!is_slot.ok()) return is_slot.status();
  if (!is_slot.value()) return Descriptor();
  if (!refused.ok()) return refused;
  return file;
}

Result<std::vector<SlotFile>> SlotFolder::OpenSlots(std::vector<std::string>& others) {
  auto list = Descriptor::Open(*calls_, folder_.number(), ".", O_RDONLY | O_DIRECTORY);
  if (!list.ok()) return list.status();
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(fdopendir(list.value().number()), closedir);
  if (!folder) return ErrnoStatus("list the slots", errno);
  list.value().Release();
  std::vector<SlotFile> slots;
  std::set<std::pair<dev_t, ino_t>> seen;
  for (errno = 0;; errno = 0) {
    const dirent* const entry = readdir(folder.get());
    if (entry == nullptr) break;
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    auto file = OpenIfSlot(name.c_str());
    if (!file.ok()) return About(name, file.status());
    struct stat info{};
    // One file with two names is one slot.
    if (file.value().number() < 0 || fstat(file.value().number(), &info) != 0 ||
        !seen.emplace(info.st_dev, info.st_ino).second) {
      others.push_back(name);
      continue;
    }
    auto handle = PosixHandle::Lock(std::move(file.value()), *calls_);
    if (!handle.ok()) return handle.status();
    slots.push_back({std::move(handle.value()), name});
  }
  if (errno != 0) return ErrnoStatus("list the slots", errno);
  return slots;
}

Result<SlotFile> SlotFolder::MakeSlot(Host& host, int descriptor_limit) {
  constexpr int kAttempts = 4;
  SlotFile slot;
  Result<Descriptor> file = Status(Code::kExists, "no name is free");
  for (int i = 0; i < kAttempts && file.status().code() == Code::kExists; ++i) {
    slot.name = RandomName(host);
    file = Descriptor::Open(*calls_, folder_.number(), slot.name.c_str(),
                            O_RDWR | O_CREAT | O_EXCL | kFileFlags, 0644);
  }
  if (file.status().code() == Code::kFull && (errno == EMFILE || errno == ENFILE)) {
    return TooManySlots();
  }
  if (!file.ok()) return file.status();
  Status status = file.value().number() < descriptor_limit ? Status() : TooManySlots();
  if (status.ok()) {
    auto handle = PosixHandle::Lock(std::move(file.value()), *calls_);
    status = handle.status();
    if (status.ok()) status = handle.value()->Truncate(kSlotDataOffset);
    slot.handle = std::move(handle.value());
  }
  if (status.ok()) return slot;
  calls_->Remove(folder_.number(), slot.name.c_str(), 0);
  return status;
}

Result<std::vector<SlotFile>> SlotFolder::MakeSlots(int count, Host& host) {
  if (Status s = CheckOwned(); !s.ok()) return s;
  const int limit = DescriptorLimit();
  if (count >= limit) return TooManySlots();
  std::vector<SlotFile> slots;
  Status status;
  while (status.ok() && slots.size() < static_cast<std::size_t>(count)) {
    auto slot = MakeSlot(host, limit);
    status = slot.status();
    if (status.ok()) slots.push_back(std::move(slot.value()));
  }
  if (status.ok()) status = Flush();
  if (status.ok()) return slots;
  RemoveNew(slots);
  return status;
}

void SlotFolder::RemoveNew(std::span<const SlotFile> slots) {
  for (const SlotFile& slot : slots) calls_->Remove(folder_.number(), slot.name.c_str(), 0);
}

Status SlotFolder::Remove(const PosixHandle& handle, const char* name) {
  if (Status s = CheckOwned(); !s.ok()) return s;
  if (!handle.IsAt(folder_.number(), name)) return {};
  if (calls_->Remove(folder_.number(), name, 0) == 0 || errno == ENOENT) return {};
  return ErrnoStatus("remove a slot", errno);
}

void SlotFolder::RemoveMadeFolders() {
  for (; !made_.empty(); made_.pop_back()) {
    calls_->Remove(AT_FDCWD, made_.back().c_str(), AT_REMOVEDIR);
  }
}

void SlotFolder::RemoveFolders() {
  if (calls_->Remove(AT_FDCWD, path_.c_str(), AT_REMOVEDIR) != 0) return;
  FlushAt(ParentOf(path_));
  if (path_ == directory_) return;
  if (calls_->Remove(AT_FDCWD, directory_.c_str(), AT_REMOVEDIR) == 0) {
    FlushAt(ParentOf(directory_));
  }
}

}  // namespace sahpool
