// The sizes that a page of an SQLite database can have, and how a database's header spells them.
// https://www.sqlite.org/fileformat2.html#page_size
//
// Threads: pure functions.
#ifndef SAHPOOL_FORMAT_PAGE_SIZE_H_
#define SAHPOOL_FORMAT_PAGE_SIZE_H_

#include <bit>
#include <cstdint>

namespace sahpool {

inline constexpr std::uint32_t kMinPageSize = 512;
inline constexpr std::uint32_t kMaxPageSize = 65536;

constexpr bool IsPageSize(std::uint32_t value) {
  return value >= kMinPageSize && value <= kMaxPageSize && std::has_single_bit(value);
}

// Two bytes do not hold the largest.
constexpr std::uint32_t PageSizeOfStored(std::uint32_t stored) {
  return stored == 1 ? kMaxPageSize : stored;
}
constexpr std::uint32_t StoredPageSize(std::uint32_t page_size) {
  return page_size == kMaxPageSize ? 1 : page_size;
}

}  // namespace sahpool

#endif  // SAHPOOL_FORMAT_PAGE_SIZE_H_
