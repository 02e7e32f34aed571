#include "native/descriptor.h"

#include <pthread.h>

#include <atomic>
#include <cstring>

namespace sahpool {
namespace {

Code CodeForErrno(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case EMFILE:
    case ENFILE:
      return Code::kFull;
    case EWOULDBLOCK:
      return Code::kBusy;
    case ENOENT:
      return Code::kNotFound;
    case EEXIST:
      return Code::kExists;
    case ENOMEM:
      return Code::kNoMemory;
    default:
      return Code::kIo;
  }
}

// How many forks lie between this process and the first one.
std::atomic<int> fork_count = 0;

int WatchForks() {
  static const int watched = pthread_atfork(nullptr, nullptr, [] { ++fork_count; });
  static_cast<void>(watched);
  return fork_count;
}

}  // namespace

Status ErrnoStatus(std::string_view action, int error) {
  Text text(action);
  text.Append(": ").Append(std::strerror(error));
  return {CodeForErrno(error), text};
}

Result<Descriptor> Descriptor::Open(PosixCalls& calls, int folder, const char* name, int flags,
                                    mode_t mode) {
  constexpr int kFirst = STDERR_FILENO + 1;
  Descriptor opened(
      RetryInterrupted([&] { return calls.Open(folder, name, flags | O_CLOEXEC, mode); }));
  if (opened.number() >= 0 && opened.number() < kFirst) {
    opened = Descriptor(fcntl(opened.number(), F_DUPFD_CLOEXEC, kFirst));
  }
  if (opened.number() >= 0) return opened;
  const int error = errno;
  Status status = ErrnoStatus("open", error);
  errno = error;
  return status;
}

LockedDescriptor::LockedDescriptor(Descriptor descriptor, PosixCalls& calls)
    : descriptor_(std::move(descriptor)), calls_(&calls), fork_count_(WatchForks()) {}

// Closing would not end a lock that a forked process shares.
LockedDescriptor::~LockedDescriptor() {
  if (number() >= 0 && !is_inherited()) calls_->Lock(number(), LOCK_UN);
}

bool LockedDescriptor::is_inherited() const {
  return fork_count_ != fork_count.load(std::memory_order_relaxed);
}

Status LockedDescriptor::Lock() {
  const int result = RetryInterrupted([this] { return calls_->Lock(number(), LOCK_EX | LOCK_NB); });
  if (result == 0) return {};
  return errno == EWOULDBLOCK ? Status(Code::kBusy, "another process has the pool open")
                              : ErrnoStatus("flock", errno);
}

}  // namespace sahpool
