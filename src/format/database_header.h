// The first 100 bytes of an SQLite database: just enough to tell whether bytes offered as a
// database are one. Bytes in, values out; no I/O. Offsets:
// https://www.sqlite.org/fileformat2.html#the_database_header Threads: pure functions.
#ifndef SAHPOOL_FORMAT_DATABASE_HEADER_H_
#define SAHPOOL_FORMAT_DATABASE_HEADER_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "format/page_size.h"
#include "sahpool/status.h"

namespace sahpool {

inline constexpr std::size_t kDatabaseMagicSize = 16;
inline constexpr std::size_t kDatabaseHeaderSize = 100;
// File format write and read version, one byte each: 1 is a rollback journal, 2 is WAL.
inline constexpr std::int64_t kDatabaseFormatVersionOffset = 18;
// No SQLite database is smaller than one page of the smallest page size.
inline constexpr std::int64_t kMinDatabaseSize = kMinPageSize;

// Whether the bytes begin with "SQLite format 3" and a NUL.
bool HasDatabaseMagic(std::span<const std::byte> start);

// Whether `header` can begin a database of `file_size` bytes: kNotADatabase with the reason if not.
// A file that is shorter than its header says has been cut off.
Status CheckDatabaseHeader(std::span<const std::byte, kDatabaseHeaderSize> header,
                           std::int64_t file_size);

}  // namespace sahpool

#endif  // SAHPOOL_FORMAT_DATABASE_HEADER_H_
