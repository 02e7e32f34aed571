// Counts what a pool asks of its storage handles, and how long that takes: where the time goes.
//
// Threads: none of its own; the pool's owner serialises calls. The host outlives the meter.
#ifndef SAHPOOL_STORAGE_STORAGE_METER_H_
#define SAHPOOL_STORAGE_STORAGE_METER_H_

#include <cstdint>

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

  // Changes of what an export reads, in any slot of the pool.
  std::int64_t watched_changes() const { return watched_changes_; }
  void NoteWatchedChange() { ++watched_changes_; }

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
  std::int64_t watched_changes_ = 0;
};

}  // namespace sahpool

#endif  // SAHPOOL_STORAGE_STORAGE_METER_H_
