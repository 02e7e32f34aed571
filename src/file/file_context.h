// What the files of one pool have in common.
//
// Threads: none of its own; the pool's owner serialises calls. Ownership: outlives its files.
#ifndef SAHPOOL_FILE_FILE_CONTEXT_H_
#define SAHPOOL_FILE_FILE_CONTEXT_H_

#include <cstdint>

#include "slot/slot_lists.h"
#include "storage/metered_handle.h"

namespace sahpool {

// A window of this size costs little more than four single pages, and holds sixteen.
inline constexpr std::int64_t kDefaultReadAhead = std::int64_t{64} * 1024;

struct FileContext {
  explicit FileContext(Host& host) : meter(host) {}

  SlotLists lists;
  StorageMeter meter;
  // How much a sequential reader of a database reads at once; 0 is single reads.
  std::int64_t read_ahead_bytes = kDefaultReadAhead;
  // Changes of what a snapshot reads, in any file (file/file_use.h).
  std::int64_t watched_changes = 0;
};

}  // namespace sahpool

#endif  // SAHPOOL_FILE_FILE_CONTEXT_H_
