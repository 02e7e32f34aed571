// The storage interface: what a pool needs of the world outside.
//
// A StorageHandle is one slot's bytes, opened for as long as the pool holds the
// slot: a FileSystemSyncAccessHandle in a browser, a file descriptor natively. A
// Host gives time, randomness and a place for messages. All calls are
// synchronous. Opening, creating and removing slots is asynchronous in a browser
// and therefore not part of this interface: whoever drives the pool does it and
// attaches the result (pool/pool.h).
//
// Threads: calls on one handle must not overlap; the pool's owner serialises
// them. In a browser all calls come from the worker that opened the handles.
// Errors: kFull when space or quota ran out, otherwise kIo, with the host's text.
#ifndef SAHPOOL_STORAGE_STORAGE_H_
#define SAHPOOL_STORAGE_STORAGE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "sahpool/status.h"

namespace sahpool {

class StorageHandle {
 public:
  virtual ~StorageHandle() = default;

  // Reads at `offset`. Returns how many bytes were read: fewer than asked only at
  // the end of the slot.
  virtual Result<std::size_t> Read(std::span<std::byte> into, std::int64_t offset) = 0;

  // Writes at `offset`, extending the slot with zeros where needed. Returns how
  // many bytes were written; a host may write fewer than asked when space runs
  // out, which is for the caller to notice.
  virtual Result<std::size_t> Write(std::span<const std::byte> bytes, std::int64_t offset) = 0;

  // Sets the size in bytes, cutting off or extending with zeros.
  virtual Status Truncate(std::int64_t size) = 0;

  // The size in bytes, header included.
  virtual Result<std::int64_t> Size() = 0;

  // Makes everything written through this handle so far durable. Says nothing
  // about other slots.
  virtual Status Flush() = 0;
};

// Most serious first; a host shows a message when its verbosity allows.
enum class LogLevel : std::uint8_t { kError = 0, kWarning = 1, kInfo = 2 };

class Host {
 public:
  // Milliseconds since 1970-01-01 UTC.
  virtual std::int64_t NowMilliseconds() = 0;

  // Microseconds of a clock that never goes back, from any start; for measuring only.
  virtual std::int64_t ClockMicroseconds() { return NowMilliseconds() * 1000; }

  // Fills `into` with random bytes. Returns how many bytes it filled.
  virtual std::size_t Randomness(std::span<std::byte> into) = 0;

  // Waits about that long and returns the microseconds waited; 0 where waiting
  // can't help because nothing else could run meanwhile.
  virtual std::int64_t SleepMicroseconds(std::int64_t microseconds) = 0;

  virtual void Log(LogLevel level, std::string_view message) = 0;

  // The pool has fewer free slots than it was asked to keep. Called from inside
  // other calls, so it must only take note.
  virtual void OnFewFreeSlots() {}

 protected:
  ~Host() = default;  // nobody owns one as such
};

}  // namespace sahpool

#endif  // SAHPOOL_STORAGE_STORAGE_H_
