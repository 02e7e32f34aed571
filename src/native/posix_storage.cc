#include "native/posix_storage.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <new>
#include <thread>

namespace sahpool {
namespace {

Code CodeForErrno(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return Code::kFull;
    case EWOULDBLOCK:
      return Code::kBusy;
    case ENOENT:
      return Code::kNotFound;
    case EEXIST:
      return Code::kExists;
    default:
      return Code::kIo;
  }
}

// Repeats a system call that a signal interrupted.
template <typename Call>
auto RetryInterrupted(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

}  // namespace

Status ErrnoStatus(std::string_view action, int error) {
  Text text(action);
  text.Append(": ").Append(std::strerror(error));
  return {CodeForErrno(error), text};
}

Result<std::unique_ptr<StorageHandle>> PosixHandle::Open(const char* path, bool create) {
  const int flags = O_RDWR | O_CLOEXEC | (create ? O_CREAT | O_EXCL : 0);
  const int descriptor = RetryInterrupted([&] { return open(path, flags, 0644); });
  if (descriptor < 0) return ErrnoStatus("open", errno);
  std::unique_ptr<StorageHandle> handle(new (std::nothrow) PosixHandle(descriptor));
  if (!handle) {
    close(descriptor);
    return Status(Code::kNoMemory, "out of memory while opening a slot");
  }
  if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    return errno == EWOULDBLOCK ? Status(Code::kBusy, "another process has the pool open")
                                : ErrnoStatus("flock", errno);
  }
  return handle;
}

PosixHandle::~PosixHandle() { close(descriptor_); }

Result<std::size_t> PosixHandle::Read(std::span<std::byte> into, std::int64_t offset) {
  const ssize_t count =
      RetryInterrupted([&] { return pread(descriptor_, into.data(), into.size(), offset); });
  if (count < 0) return ErrnoStatus("pread", errno);
  return static_cast<std::size_t>(count);
}

Result<std::size_t> PosixHandle::Write(std::span<const std::byte> bytes, std::int64_t offset) {
  const ssize_t count =
      RetryInterrupted([&] { return pwrite(descriptor_, bytes.data(), bytes.size(), offset); });
  if (count < 0) return ErrnoStatus("pwrite", errno);
  return static_cast<std::size_t>(count);
}

Status PosixHandle::Truncate(std::int64_t size) {
  const int result = RetryInterrupted([&] { return ftruncate(descriptor_, size); });
  return result == 0 ? Status() : ErrnoStatus("ftruncate", errno);
}

Result<std::int64_t> PosixHandle::Size() {
  struct stat info{};
  if (fstat(descriptor_, &info) != 0) return ErrnoStatus("fstat", errno);
  return static_cast<std::int64_t>(info.st_size);
}

Status PosixHandle::Flush() {
  const int result = RetryInterrupted([&] { return fsync(descriptor_); });
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
  std::fprintf(stderr, "sahpool: %.*s\n", static_cast<int>(message.size()), message.data());
}

}  // namespace sahpool
