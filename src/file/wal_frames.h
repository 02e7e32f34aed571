// What the writes to a WAL mean: where a commit ends, and how far the file may grow ahead.
//
// Threads: none of its own; the pool's owner serialises calls.
#ifndef SAHPOOL_FILE_WAL_FRAMES_H_
#define SAHPOOL_FILE_WAL_FRAMES_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "file/file_bytes.h"

namespace sahpool {

class WalFrames {
 public:
  // Whether a commit to the WAL is complete with these bytes. A frame is written in two pieces, its
  // header and its page, and the header tells whether it commits. Where a transaction has replaced
  // its own frames, the headers from there on are at last written once more, without their pages.
  bool CompletesCommit(std::span<const std::byte> bytes, std::int64_t offset);

  // Before a flush. One that makes the file longer takes the disk twice as long as one of bytes
  // that it has: so a WAL that has grown is made longer than its frames. SQLite stops reading at
  // zeros as it does at the frames of an earlier round. Where that fails nothing is lost.
  static void GrowAhead(FileBytes& wal);

 private:
  std::int64_t page_offset_ = -1;  // of the frame whose header was written last; -1 when it has its
                                   // page
  bool commits_ = false;           // that frame
};

}  // namespace sahpool

#endif  // SAHPOOL_FILE_WAL_FRAMES_H_
