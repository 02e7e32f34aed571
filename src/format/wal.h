// SQLite's write-ahead log: the new content of pages, in frames of which a transaction's last one
// commits it. Read by the rules with which SQLite recovers a WAL after a crash, so that both come
// to the same pages. Format: https://www.sqlite.org/fileformat2.html#the_write_ahead_log
//
// Threads: as the file's ByteSource. Ownership: nothing here keeps the file.
// Errors: those of the file's reads, kNoMemory, and kCorrupt for a WAL of a version that SQLite
// refuses. Everything from the first invalid frame on is ignored, not an error: a WAL may always
// end in frames of an earlier round, of an uncommitted transaction or of a crash.
#ifndef SAHPOOL_FORMAT_WAL_H_
#define SAHPOOL_FORMAT_WAL_H_

#include <cstddef>
#include <cstdint>

#include "format/byte_source.h"
#include "format/page_map.h"
#include "sahpool/status.h"

namespace sahpool {

// Big-endian, at the beginning of a WAL and behind that. The lowest bit of the first tells the byte
// order of the words that the checksums add up.
inline constexpr std::uint32_t kWalMagic = 0x377f0682;
inline constexpr std::uint32_t kWalVersion = 3007000;
// A frame is a header of this size, with the number of the database's pages after a commit, else 0,
// at that offset, and a page.
inline constexpr std::size_t kWalFrameHeaderSize = 24;
inline constexpr std::size_t kWalFramePageCountOffset = 4;
inline constexpr bool IsWalMagic(std::uint32_t magic) { return (magic & ~1U) == kWalMagic; }

struct WriteAheadLog {
  static Status Read(ByteSource& wal, WriteAheadLog& into);

  // Whether the WAL holds a committed transaction: if not, it says nothing.
  bool has_commit() const { return page_count != 0; }

  // Whether there is something behind the place of the header, but neither that nor the first frame
  // is as SQLite writes it. A crash can leave that, and a VFS that encrypts what it passes on.
  bool is_doubtful = false;
  // How many frames there are up to the last commit.
  std::uint32_t frame_count = 0;
  // Where these end.
  std::int64_t end = 0;

  std::uint32_t page_size = 0;
  // The size of the database after the last commit, in pages.
  std::uint32_t page_count = 0;
  // The committed pages, none of them behind page_count. Sorted.
  PageMap pages;
};

}  // namespace sahpool

#endif  // SAHPOOL_FORMAT_WAL_H_
