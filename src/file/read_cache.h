// What a database file's connections read again and again, or are about to read.
//
// The head: the first bytes of the database, of which SQLite reads the change counter at the start
// of every transaction. The window: after a few reads in a row the bytes that follow are read in
// one larger call. Reads that jump about stay single.
// Threads: none of its own; the pool's owner serialises calls. Ownership: nothing here keeps the
// file. Errors: those of the file's reads. Whoever changes the file tells the cache.
#ifndef SAHPOOL_FILE_READ_CACHE_H_
#define SAHPOOL_FILE_READ_CACHE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "file/file_bytes.h"
#include "sahpool/status.h"

namespace sahpool {

class ReadCache {
 public:
  static constexpr std::int64_t kMaxWindow = std::int64_t{4} * 1024 * 1024;

  // Fills `into`; the range lies within the file.
  Status Read(FileBytes& file, std::span<std::byte> into, std::int64_t offset, std::int64_t window,
              std::int64_t& hits);

  void OnWrite(std::span<const std::byte> bytes, std::int64_t offset);
  void OnTruncate(std::int64_t size);
  // After a change that failed or was given up.
  void Clear() { OnTruncate(0); }
  // Gives back its memory.
  void Release() {
    Clear();
    next_offset_ = run_ = 0;
    window_capacity_ = 0;
    window_.reset();
  }

 private:
  // As much as SQLite's database header takes.
  static constexpr std::size_t kHeadSize = 100;
  // Reads in a row before the first one ahead.
  static constexpr int kRunBeforeReadingAhead = 3;

  bool Holds(std::int64_t offset, std::size_t size) const {
    return offset >= window_offset_ &&
           offset + static_cast<std::int64_t>(size) <= window_offset_ + window_size_;
  }
  // Notes a read; whether it goes on where the last ones ended.
  bool ContinuesRun(std::int64_t offset, std::size_t size);
  Status ReadAhead(FileBytes& file, std::int64_t offset, std::int64_t window);

  bool has_head_ = false;
  std::int64_t next_offset_ = 0;  // where the last read ended
  int run_ = 0;
  std::unique_ptr<std::byte[]> window_;
  std::int64_t window_capacity_ = 0;
  std::int64_t window_offset_ = 0;
  std::int64_t window_size_ = 0;
  std::array<std::byte, kHeadSize> head_{};
};

}  // namespace sahpool

#endif  // SAHPOOL_FILE_READ_CACHE_H_
