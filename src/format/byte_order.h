// 32-bit integers of either byte order in raw bytes: SQLite's files are big-endian, except for the
// words that a WAL's checksum adds up, whose order its header tells; a slot header has both orders.
// Every pointer points at four bytes.
// Threads: pure functions.
#ifndef SAHPOOL_FORMAT_BYTE_ORDER_H_
#define SAHPOOL_FORMAT_BYTE_ORDER_H_

#include <cstddef>
#include <cstdint>

namespace sahpool {

inline std::uint32_t LoadBigEndian32(const std::byte* from) {
  return std::to_integer<std::uint32_t>(from[0]) << 24 |
         std::to_integer<std::uint32_t>(from[1]) << 16 |
         std::to_integer<std::uint32_t>(from[2]) << 8 | std::to_integer<std::uint32_t>(from[3]);
}

inline std::uint32_t LoadLittleEndian32(const std::byte* from) {
  return std::to_integer<std::uint32_t>(from[3]) << 24 |
         std::to_integer<std::uint32_t>(from[2]) << 16 |
         std::to_integer<std::uint32_t>(from[1]) << 8 | std::to_integer<std::uint32_t>(from[0]);
}

inline void StoreBigEndian32(std::uint32_t value, std::byte* into) {
  for (int i = 0; i < 4; ++i) into[i] = static_cast<std::byte>(value >> (24 - 8 * i));
}

inline void StoreLittleEndian32(std::uint32_t value, std::byte* into) {
  for (int i = 0; i < 4; ++i) into[i] = static_cast<std::byte>(value >> (8 * i));
}

}  // namespace sahpool

#endif  // SAHPOOL_FORMAT_BYTE_ORDER_H_
