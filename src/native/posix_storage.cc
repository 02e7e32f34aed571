#include "native/posix_storage.h"

#include <sys/random.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <new>
#include <string>
#include <thread>

namespace sahpool {
namespace {

static_assert(sizeof(off_t) == sizeof(std::int64_t), "files have more than 2 GiB");

Status Inherited() {
  return {Code::kIo, "a forked process can't use the pool of the one that opened it"};
}

}  // namespace

Result<std::unique_ptr<StorageHandle>> PosixHandle::Open(const char* path, bool create) {
  const int flags = O_RDWR | O_NOFOLLOW | O_NONBLOCK | (create ? O_CREAT | O_EXCL : 0);
  auto opened = Descriptor::Open(SystemCalls(), AT_FDCWD, path, flags, 0644);
  if (!opened.ok()) return opened.status();
  auto handle = Lock(std::move(opened.value()), SystemCalls());
  if (!handle.ok()) return handle.status();
  return std::unique_ptr<StorageHandle>(std::move(handle.value()));
}

Result<std::unique_ptr<PosixHandle>> PosixHandle::Lock(Descriptor descriptor, PosixCalls& calls) {
  struct stat info{};
  if (fstat(descriptor.number(), &info) != 0) return ErrnoStatus("fstat", errno);
  if (!S_ISREG(info.st_mode)) return Status(Code::kInvalid, "a slot must be a regular file");
  LockedDescriptor file(std::move(descriptor), calls);
  if (Status s = file.Lock(); !s.ok()) return s;
  std::unique_ptr<PosixHandle> handle(new (std::nothrow) PosixHandle(std::move(file)));
  if (!handle) return Status::NoMemory();
  return handle;
}

bool PosixHandle::IsAt(int folder, const char* name) const {
  struct stat own{};
  struct stat named{};
  return fstat(file_.number(), &own) == 0 &&
         fstatat(folder, name, &named, AT_SYMLINK_NOFOLLOW) == 0 && own.st_dev == named.st_dev &&
         own.st_ino == named.st_ino;
}

Result<std::size_t> PosixHandle::Read(std::span<std::byte> into, std::int64_t offset) {
  if (file_.is_inherited()) return Inherited();
  const ssize_t count = RetryInterrupted(
      [&] { return file_.calls().Read(file_.number(), into.data(), into.size(), offset); });
  if (count < 0) return ErrnoStatus("pread", errno);
  return static_cast<std::size_t>(count);
}

Result<std::size_t> PosixHandle::Write(std::span<const std::byte> bytes, std::int64_t offset) {
  if (file_.is_inherited()) return Inherited();
  const ssize_t count = RetryInterrupted(
      [&] { return file_.calls().Write(file_.number(), bytes.data(), bytes.size(), offset); });
  if (count < 0) return ErrnoStatus("pwrite", errno);
  return static_cast<std::size_t>(count);
}

Status PosixHandle::Truncate(std::int64_t size) {
  if (file_.is_inherited()) return Inherited();
  const int result = RetryInterrupted([&] { return file_.calls().Truncate(file_.number(), size); });
  return result == 0 ? Status() : ErrnoStatus("ftruncate", errno);
}

Result<std::int64_t> PosixHandle::Size() {
  struct stat info{};
  if (fstat(file_.number(), &info) != 0) return ErrnoStatus("fstat", errno);
  return static_cast<std::int64_t>(info.st_size);
}

Status PosixHandle::Flush() {
  if (file_.is_inherited()) return Inherited();
  const int result = RetryInterrupted([&] { return file_.calls().Flush(file_.number()); });
  return result == 0 ? Status() : ErrnoStatus("fsync", errno);
}

std::int64_t PosixHost::NowMilliseconds() {
  using std::chrono::duration_cast;
  using std::chrono::milliseconds;
  return duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::int64_t PosixHost::ClockMicroseconds() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

std::size_t PosixHost::Randomness(std::span<std::byte> into) {
  const ssize_t count = RetryInterrupted([&] { return getrandom(into.data(), into.size(), 0); });
  return count < 0 ? 0 : static_cast<std::size_t>(count);
}

std::int64_t PosixHost::SleepMicroseconds(std::int64_t microseconds) {
  std::this_thread::sleep_for(std::chrono::microseconds(microseconds));
  return microseconds;
}

void PosixHost::Log(LogLevel level, std::string_view message) {
  if (level != LogLevel::kWarning) return;
  std::string text(message);
  std::ranges::replace_if(text, [](char c) { return c < ' ' || c > '~'; }, '?');
  std::fprintf(stderr, "sahpool: %s\n", text.c_str());
}

}  // namespace sahpool
