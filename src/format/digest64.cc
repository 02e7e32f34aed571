#include "format/digest64.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace sahpool {

std::uint64_t Digest64(std::span<const std::byte> bytes, std::uint64_t seed) {
  static_assert(std::endian::native == std::endian::little);
  constexpr std::uint64_t kPrime1 = 0x9E3779B185EBCA87;
  constexpr std::uint64_t kPrime2 = 0xC2B2AE3D27D4EB4F;
  constexpr std::uint64_t kPrime3 = 0x165667B19E3779F9;
  constexpr std::uint64_t kPrime4 = 0x85EBCA77C2B2AE63;

  std::uint64_t hash = seed;
  for (auto left = bytes; !left.empty();) {
    std::uint64_t word = 0;
    const std::size_t count = std::min(left.size(), sizeof(word));
    std::memcpy(&word, left.data(), count);
    hash ^= std::rotl(word * kPrime2, 31) * kPrime1;
    hash = std::rotl(hash, 27) * kPrime1 + kPrime4;
    left = left.subspan(count);
  }
  hash += bytes.size();
  hash = (hash ^ hash >> 33) * kPrime2;
  hash = (hash ^ hash >> 29) * kPrime3;
  return hash ^ hash >> 32;
}

}  // namespace sahpool
