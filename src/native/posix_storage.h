// The native backend: a slot is a file, held with an exclusive flock() as a browser holds its
// SyncAccessHandle, so that two processes can't have one pool.
//
// Threads: none of its own. Ownership: a handle owns its descriptor. Errors: kBusy when another
// process or handle holds the file, kFull for ENOSPC, EDQUOT and EFBIG, otherwise kIo with the text
// of errno.
#ifndef SAHPOOL_NATIVE_POSIX_STORAGE_H_
#define SAHPOOL_NATIVE_POSIX_STORAGE_H_

#include <memory>

#include "storage/storage.h"

namespace sahpool {

class PosixHandle final : public StorageHandle {
 public:
  // Opens the file, creating it when `create` is set: then it must not exist yet.
  static Result<std::unique_ptr<StorageHandle>> Open(const char* path, bool create);
  ~PosixHandle() override;
  PosixHandle(const PosixHandle&) = delete;
  PosixHandle& operator=(const PosixHandle&) = delete;

  Result<std::size_t> Read(std::span<std::byte> into, std::int64_t offset) override;
  Result<std::size_t> Write(std::span<const std::byte> bytes, std::int64_t offset) override;
  Status Truncate(std::int64_t size) override;
  Result<std::int64_t> Size() override;
  Status Flush() override;

 private:
  explicit PosixHandle(int descriptor) : descriptor_(descriptor) {}

  int descriptor_;
};

class PosixHost : public Host {
 public:
  std::int64_t NowMilliseconds() override;
  std::int64_t ClockMicroseconds() override;
  std::size_t Randomness(std::span<std::byte> into) override;
  std::int64_t SleepMicroseconds(std::int64_t microseconds) override;
  // Errors are reported to the caller anyway; warnings go to the standard error output.
  void Log(LogLevel level, std::string_view message) override;
};

// kFull, kBusy, kNotFound, kExists or kIo for errno, with `action` and the system's text.
Status ErrnoStatus(std::string_view action, int error);

}  // namespace sahpool

#endif  // SAHPOOL_NATIVE_POSIX_STORAGE_H_
