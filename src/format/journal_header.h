// The header of SQLite's rollback journal, of which each synced part of a journal has one, and the
// magic bytes with which also the name of a super-journal ends. Bytes in, values out; no I/O.
// Layout: https://www.sqlite.org/fileformat2.html#the_rollback_journal
// Threads: pure functions. Errors: none.
#ifndef SAHPOOL_FORMAT_JOURNAL_HEADER_H_
#define SAHPOOL_FORMAT_JOURNAL_HEADER_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace sahpool {

inline constexpr std::array<std::byte, 8> kJournalMagic = {
    std::byte{0xd9}, std::byte{0xd5}, std::byte{0x05}, std::byte{0xf9},
    std::byte{0x20}, std::byte{0xa1}, std::byte{0x63}, std::byte{0xd7}};

// Big-endian fields behind the magic.
inline constexpr std::size_t kJournalRecordCountOffset = 8;
inline constexpr std::size_t kJournalNonceOffset = 12;
inline constexpr std::size_t kJournalPageCountOffset = 16;
inline constexpr std::size_t kJournalSectorSizeOffset = 20;
inline constexpr std::size_t kJournalPageSizeOffset = 24;
// All of them; zeros fill the rest of the header's sector.
inline constexpr std::size_t kJournalHeaderFieldsSize = 28;

// In place of a record count: as many records as fit into the file.
inline constexpr std::uint32_t kCountFromFileSize = 0xffffffff;

// Of at least eight bytes.
inline bool HasJournalMagic(std::span<const std::byte> bytes) {
  return std::equal(kJournalMagic.begin(), kJournalMagic.end(), bytes.begin());
}

}  // namespace sahpool

#endif  // SAHPOOL_FORMAT_JOURNAL_HEADER_H_
