// The native backend: a slot is a file, held with an exclusive flock() as a browser holds its
// SyncAccessHandle, so that two processes can't have one pool. A forked process that has inherited
// a handle can't use it, and does not keep the file locked once this one has let go of it.
//
// Threads: none of its own. Ownership: a handle owns its descriptor. Errors: kBusy when another
// process or handle holds the file, kFull for ENOSPC, EDQUOT, EFBIG and when there are no more
// descriptors, otherwise kIo with the text of errno; kIo in a forked process too.
#ifndef SAHPOOL_NATIVE_POSIX_STORAGE_H_
#define SAHPOOL_NATIVE_POSIX_STORAGE_H_

#include <memory>

#include "native/descriptor.h"
#include "native/posix_calls.h"
#include "storage/storage.h"

namespace sahpool {

class PosixHandle final : public StorageHandle {
 public:
  // Opens the file, creating it when `create` is set: then it must not exist yet. No link is
  // followed.
  static Result<std::unique_ptr<StorageHandle>> Open(const char* path, bool create);
  // Takes over an open file, locking it.
  static Result<std::unique_ptr<PosixHandle>> Lock(Descriptor descriptor, PosixCalls& calls);

  // Whether `name` in the folder with that descriptor is still this file.
  bool IsAt(int folder, const char* name) const;

  Result<std::size_t> Read(std::span<std::byte> into, std::int64_t offset) override;
  Result<std::size_t> Write(std::span<const std::byte> bytes, std::int64_t offset) override;
  Status Truncate(std::int64_t size) override;
  Result<std::int64_t> Size() override;
  Status Flush() override;

 private:
  explicit PosixHandle(LockedDescriptor file) : file_(std::move(file)) {}

  LockedDescriptor file_;
};

class PosixHost : public Host {
 public:
  std::int64_t NowMilliseconds() override;
  std::int64_t ClockMicroseconds() override;
  std::size_t Randomness(std::span<std::byte> into) override;
  std::int64_t SleepMicroseconds(std::int64_t microseconds) override;
  // Errors are reported to the caller anyway; warnings go to the standard error output, in ASCII:
  // a message may hold the names of files, and these anything.
  void Log(LogLevel level, std::string_view message) override;
};

}  // namespace sahpool

#endif  // SAHPOOL_NATIVE_POSIX_STORAGE_H_
