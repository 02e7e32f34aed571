// A file descriptor that is closed when it goes, and how files and folders are opened: never one of
// the descriptors 0 to 2, to which programs write without asking what they are, and never one that
// a started program inherits.
//
// Threads: none of its own. Ownership: a Descriptor owns its number. Errors: ErrnoStatus().
#ifndef SAHPOOL_NATIVE_DESCRIPTOR_H_
#define SAHPOOL_NATIVE_DESCRIPTOR_H_

#include <cerrno>
#include <string_view>
#include <utility>

#include "native/posix_calls.h"
#include "sahpool/status.h"

namespace sahpool {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }

  explicit operator bool() const { return number_ >= 0; }
  int number() const { return number_; }
  // Leaves the closing to others.
  void Release() { number_ = -1; }

  // openat(). Gives ErrnoStatus("open") on failure; errno is then that of the call.
  static Result<Descriptor> Open(PosixCalls& calls, int folder, const char* name, int flags,
                                 mode_t mode = 0);

 private:
  int number_ = -1;
};

// One on which flock() gives this process an exclusive lock. A forked process inherits it, and
// shares the lock, but must not use it; the lock ends when the process that took it lets go.
class LockedDescriptor {
 public:
  LockedDescriptor() = default;
  LockedDescriptor(Descriptor descriptor, PosixCalls& calls);
  LockedDescriptor(LockedDescriptor&&) noexcept = default;
  LockedDescriptor& operator=(LockedDescriptor&&) noexcept = default;
  ~LockedDescriptor();

  int number() const { return descriptor_.number(); }
  PosixCalls& calls() const { return *calls_; }
  // Whether this process is a fork of the one that opened it.
  bool is_inherited() const;
  // kBusy when somebody else has the lock.
  Status Lock();

 private:
  Descriptor descriptor_;
  PosixCalls* calls_ = nullptr;
  int fork_count_ = 0;  // of the process, when it was opened
};

// Repeats a system call that a signal interrupted.
template <typename Call>
auto RetryInterrupted(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

// kFull, kBusy, kNotFound, kExists, kNoMemory or kIo for errno, with `action` and the system's
// text.
Status ErrnoStatus(std::string_view action, int error);

}  // namespace sahpool

#endif  // SAHPOOL_NATIVE_DESCRIPTOR_H_
