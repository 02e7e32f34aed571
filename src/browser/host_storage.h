// The browser backend: a slot is a FileSystemSyncAccessHandle that JavaScript holds under a number.
//
// Threads: the worker that opened the handles. Ownership: JavaScript owns the handles; destroying a
// HostHandle closes nothing. Errors: the exception's text, kFull when it says quota or disk space.
#ifndef SAHPOOL_BROWSER_HOST_STORAGE_H_
#define SAHPOOL_BROWSER_HOST_STORAGE_H_

#include "abi/abi.h"
#include "storage/storage.h"

namespace sahpool {

class HostHandle final : public StorageHandle {
 public:
  explicit HostHandle(int number) : number_(number) {}

  int number() const { return number_; }

  Result<std::size_t> Read(std::span<std::byte> into, std::int64_t offset) override;
  Result<std::size_t> Write(std::span<const std::byte> bytes, std::int64_t offset) override;
  Status Truncate(std::int64_t size) override;
  Result<std::int64_t> Size() override;
  Status Flush() override;

 private:
  int number_;
};

class BrowserHost final : public Host {
 public:
  // The pool as JavaScript knows it, for messages.
  void set_pool(sahpool_pool* pool) { pool_ = pool; }

  std::int64_t NowMilliseconds() override;
  std::int64_t ClockMicroseconds() override;
  std::size_t Randomness(std::span<std::byte> into) override;
  // Always 0: whoever holds a lock that is waited for lives in the same worker and can't go on
  // while this one sleeps.
  std::int64_t SleepMicroseconds(std::int64_t microseconds) override;
  void Log(LogLevel level, std::string_view message) override;
  void OnFewFreeSlots() override;

 private:
  sahpool_pool* pool_ = nullptr;
};

}  // namespace sahpool

#endif  // SAHPOOL_BROWSER_HOST_STORAGE_H_
