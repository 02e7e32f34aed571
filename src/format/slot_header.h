// The header of a slot: which file the slot holds. Bytes in, values out; no I/O.
//
// Layout (docs/format.md has the whole picture):
//   0    512  path, UTF-8, NUL padded; empty when the slot is free
//   512    4  flags, big-endian: the SQLITE_OPEN_xyz bits of the open that made the file
//   516    8  digest of bytes 0..515: two uint32, little-endian
//   524       unused up to 4096, where the file's bytes begin
// Threads: pure functions. Errors: a header that can't be believed is a value, not an error.
#ifndef SAHPOOL_FORMAT_SLOT_HEADER_H_
#define SAHPOOL_FORMAT_SLOT_HEADER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace sahpool {

inline constexpr std::int64_t kSlotDataOffset = 4096;
inline constexpr std::size_t kSlotHeaderSize = 524;
inline constexpr std::size_t kSlotFlagsOffset = 512;
// Writers refuse longer paths, so that a NUL always ends the path field.
inline constexpr std::size_t kMaxStoredPathSize = 510;

// The SQLITE_OPEN_xyz bits that matter to the format; the values are SQLite's.
namespace open_flag {
inline constexpr std::uint32_t kReadWrite = 0x2;
inline constexpr std::uint32_t kCreate = 0x4;
inline constexpr std::uint32_t kDeleteOnClose = 0x8;
// In the header of a journal: it has a seal (format/annex.h). SQLITE_OPEN_AUTOPROXY, which SQLite
// passes to no VFS.
inline constexpr std::uint32_t kSealedJournal = 0x20;
inline constexpr std::uint32_t kMemory = 0x80;  // in a header: the digest is version 2
inline constexpr std::uint32_t kMainDb = 0x100;
inline constexpr std::uint32_t kTempDb = 0x200;
inline constexpr std::uint32_t kTransientDb = 0x400;
inline constexpr std::uint32_t kMainJournal = 0x800;
inline constexpr std::uint32_t kTempJournal = 0x1000;
inline constexpr std::uint32_t kSubjournal = 0x2000;
inline constexpr std::uint32_t kSuperJournal = 0x4000;
inline constexpr std::uint32_t kWal = 0x80000;
inline constexpr std::uint32_t kPersistentTypes = kMainDb | kMainJournal | kSuperJournal | kWal;
inline constexpr std::uint32_t kTemporaryTypes =
    kTempDb | kTransientDb | kTempJournal | kSubjournal;
}  // namespace open_flag

using SlotHeaderBytes = std::array<std::byte, kSlotHeaderSize>;

// The header of a slot that holds the file `path`, digest version 2. `path` has 1 to
// kMaxStoredPathSize bytes, `flags` at least one bit.
SlotHeaderBytes EncodeNamedHeader(std::string_view path, std::uint32_t flags);

// `header` with those flags, digest version 2. What changes lies in one sector, so that a crash
// leaves the old header or the new one.
SlotHeaderBytes WithFlags(SlotHeaderBytes header, std::uint32_t flags);

// The header of a free slot.
SlotHeaderBytes EncodeFreeHeader();

enum class HeaderKind : std::uint8_t {
  kFree,         // holds no file
  kNamed,        // holds the file `path`
  kTemporary,    // holds what is left of a temporary file
  kUnbelievable  // damaged: `reason` says how
};

struct DecodedHeader {
  HeaderKind kind = HeaderKind::kFree;
  bool has_digest = false;  // digest version 2: the header vouches for itself
  std::uint32_t flags = 0;  // without the digest version bit
  std::string_view path;    // points into the bytes that were decoded; when unbelievable, what
                            // stands in the path field
  std::string_view reason;  // a literal
};

DecodedHeader DecodeHeader(std::span<const std::byte, kSlotHeaderSize> bytes);

}  // namespace sahpool

#endif  // SAHPOOL_FORMAT_SLOT_HEADER_H_
