// Whether a file of the file system is provably a slot. Only such a file is ever written to, cut or
// deleted: whatever else lies among slots is somebody's, and stays as it is. Bytes in, value out.
//
// A file is provably a slot by one of these:
//   a header that is believed         with a digest; without one its path, padding and flags must
//                                     be such as SQLite's opfs-sahpool VFS writes
//   an empty header, 4096 bytes       a free slot
//   an empty header, behind it a      a file that was being deleted, or a damaged slot
//   journal, a WAL or a database
//   a damaged header, of which the    a damaged slot: what a start quarantines
//   path or the flags can be read,
//   or with such a file behind it
// An empty header over anything else proves nothing: so begin disk images and preallocated files.
// And a free slot with a second name (a hard link) is none: to use it would change what that name
// is for. One that holds a file is one, whatever other names it has: the pool needs it. Threads:
// pure functions. Errors: none.
#ifndef SAHPOOL_FORMAT_SLOT_PROOF_H_
#define SAHPOOL_FORMAT_SLOT_PROOF_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "format/slot_header.h"

namespace sahpool {

// How much of a file's start decides: the slot's own part and what tells the kind of file behind.
inline constexpr std::size_t kSlotProofSize = static_cast<std::size_t>(kSlotDataOffset) + 16;

// `start` holds the file's first kSlotProofSize bytes, or all of a shorter file.
bool IsProvablySlot(std::span<const std::byte> start, std::int64_t file_size,
                    std::uint64_t link_count = 1);

// Whether the file may be a new slot that has not got its size yet: fewer than 4096 bytes, all of
// them zero. That proves nothing: what else is known of the file must.
bool IsUnfilledSlot(std::span<const std::byte> start, std::int64_t file_size,
                    std::uint64_t link_count = 1);

}  // namespace sahpool

#endif  // SAHPOOL_FORMAT_SLOT_PROOF_H_
