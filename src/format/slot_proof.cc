#include "format/slot_proof.h"

#include <algorithm>
#include <bit>
#include <string_view>

#include "format/annex.h"
#include "format/byte_order.h"
#include "format/database_header.h"
#include "format/journal_header.h"
#include "format/wal.h"

namespace sahpool {
namespace {

constexpr auto kDataOffset = static_cast<std::size_t>(kSlotDataOffset);
// No SQLITE_OPEN_xyz bit is above these.
constexpr std::uint32_t kKnownFlags = 0x03ffffff;

bool IsZero(std::span<const std::byte> bytes) {
  return std::all_of(bytes.begin(), bytes.end(),
                     [](std::byte byte) { return byte == std::byte{0}; });
}

bool BeginsLikeWal(std::span<const std::byte> bytes) {
  return IsWalMagic(LoadBigEndian32(bytes.data())) && LoadBigEndian32(&bytes[4]) == kWalVersion;
}

bool IsFileOfSqlite(std::span<const std::byte> content) {
  return content.size() >= kDatabaseMagicSize &&
         (HasDatabaseMagic(content) || HasJournalMagic(content) || BeginsLikeWal(content));
}

// A path as apps give them, and zeros to the end of its field.
bool IsPathField(std::span<const std::byte> field, std::string_view path) {
  return path.starts_with('/') && path.size() < field.size() &&
         IsZero(field.subspan(path.size())) &&
         std::all_of(
             path.begin(), path.end(), [](char c) { return static_cast<unsigned char>(c) > ' '; });
}

bool AreFlags(std::uint32_t flags) {
  constexpr std::uint32_t kTypes = open_flag::kPersistentTypes | open_flag::kTemporaryTypes;
  return std::has_single_bit(flags & kTypes) && (flags & ~kKnownFlags) == 0;
}

}  // namespace

bool IsProvablySlot(std::span<const std::byte> start, std::int64_t file_size,
                    std::uint64_t link_count) {
  if (start.size() < kSlotHeaderSize) return false;
  const DecodedHeader header = DecodeHeader(start.first<kSlotHeaderSize>());
  if (header.has_digest && header.kind != HeaderKind::kUnbelievable) return true;
  if (header.kind == HeaderKind::kFree && link_count > 1) return false;

  // Without a digest that matches, the bytes that no writer of slots uses must agree.
  // (From the place of a journal's mark on, notes may stand there.)
  if (start.size() < kDataOffset ||
      !IsZero(start.subspan(kSlotHeaderSize, kJournalNoteOffset - kSlotHeaderSize))) {
    return false;
  }
  if (IsFileOfSqlite(start.subspan(kDataOffset))) return true;
  if (header.kind == HeaderKind::kFree) return file_size == kSlotDataOffset;
  const auto field = start.first<kSlotFlagsOffset>();
  const bool has_path = IsPathField(field, header.path);
  if (header.kind != HeaderKind::kUnbelievable) return has_path && AreFlags(header.flags);
  return has_path || (IsZero(field) && header.has_digest && AreFlags(header.flags));
}

bool IsUnfilledSlot(std::span<const std::byte> start, std::int64_t file_size,
                    std::uint64_t link_count) {
  return file_size < kSlotDataOffset && IsZero(start) && link_count == 1;
}

}  // namespace sahpool
