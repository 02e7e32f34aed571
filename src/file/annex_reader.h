// Reads the notes between a slot's header and its file (format/annex.h), and the bytes that they
// vouch for.
//
// Threads: none of its own. Errors: those of the slot's medium, kNoMemory.
#ifndef SAHPOOL_FILE_ANNEX_READER_H_
#define SAHPOOL_FILE_ANNEX_READER_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "file/file_bytes.h"
#include "sahpool/status.h"

namespace sahpool {

// Fills `into` from kAnnexOffset on. What the slot is too short for is zeros.
Status ReadAnnex(FileBytes& bytes, std::span<std::byte> into);

// Adds the digest of that piece of the file, which a note names; `exists` is false where there is
// no such piece.
Status AddToDigest(FileBytes& bytes, std::int64_t offset, std::int64_t size, std::uint64_t& digest,
                   bool& exists);

}  // namespace sahpool

#endif  // SAHPOOL_FILE_ANNEX_READER_H_
