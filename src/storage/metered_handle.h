// Counts what a pool asks of its storage handles, and how long that takes: where the time goes.
//
// Threads: none of its own; the pool's owner serialises calls. The host outlives the meter, the
// meter the handles. Errors: those of the handle, unchanged.
#ifndef SAHPOOL_STORAGE_METERED_HANDLE_H_
#define SAHPOOL_STORAGE_METERED_HANDLE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include "storage/storage.h"

namespace sahpool {

// Since the pool was made or the figures were reset.
struct StorageStats {
  std::int64_t reads = 0;
  std::int64_t writes = 0;
  std::int64_t truncates = 0;
  std::int64_t sizes = 0;
  std::int64_t flushes = 0;
  std::int64_t bytes_read = 0;
  std::int64_t bytes_written = 0;
  // Writes of SQLite that went out together with another one, and so cost no call.
  std::int64_t merged_writes = 0;
  // Reads of SQLite that were answered by what had been read ahead.
  std::int64_t read_ahead_hits = 0;
  std::int64_t host_microseconds = 0;
};

class StorageMeter {
 public:
  explicit StorageMeter(Host& host) : host_(host) {}

  StorageStats& stats() { return stats_; }
  void Reset() { stats_ = {}; }

  // Makes the call, whose kind `counter` counts.
  template <typename Call>
  auto Measure(std::int64_t StorageStats::* counter, Call call) {
    const std::int64_t start = Now();
    auto result = call();
    Count(counter, start);
    return result;
  }

 private:
  // Out of line: they would be copied into every function that makes such a call.
  [[gnu::noinline]] std::int64_t Now() { return host_.ClockMicroseconds(); }
  [[gnu::noinline]] void Count(std::int64_t StorageStats::* counter, std::int64_t start) {
    stats_.host_microseconds += Now() - start;
    ++(stats_.*counter);
  }

  Host& host_;
  StorageStats stats_;
};

// A storage handle whose calls are counted. What each does: storage/storage.h.
class MeteredHandle {
 public:
  MeteredHandle(std::unique_ptr<StorageHandle>&& handle, StorageMeter& meter)
      : handle_(std::move(handle)), meter_(meter) {}

  StorageHandle& inner() { return *handle_; }

  Result<std::size_t> Read(std::span<std::byte> into, std::int64_t offset) {
    auto count = meter_.Measure(&StorageStats::reads, [&] { return handle_->Read(into, offset); });
    if (count.ok()) meter_.stats().bytes_read += static_cast<std::int64_t>(count.value());
    return count;
  }
  Result<std::size_t> Write(std::span<const std::byte> bytes, std::int64_t offset) {
    auto count =
        meter_.Measure(&StorageStats::writes, [&] { return handle_->Write(bytes, offset); });
    if (count.ok()) meter_.stats().bytes_written += static_cast<std::int64_t>(count.value());
    return count;
  }
  Status Truncate(std::int64_t size) {
    return meter_.Measure(&StorageStats::truncates, [&] { return handle_->Truncate(size); });
  }
  Result<std::int64_t> Size() {
    return meter_.Measure(&StorageStats::sizes, [&] { return handle_->Size(); });
  }
  Status Flush() {
    return meter_.Measure(&StorageStats::flushes, [&] { return handle_->Flush(); });
  }

 private:
  std::unique_ptr<StorageHandle> handle_;
  StorageMeter& meter_;
};

}  // namespace sahpool

#endif  // SAHPOOL_STORAGE_METERED_HANDLE_H_
