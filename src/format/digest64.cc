#include "format/digest64.h"

#include <bit>
#include <cstring>

namespace sahpool {
namespace {

constexpr std::uint64_t kPrime1 = 0x9E3779B185EBCA87;
constexpr std::uint64_t kPrime2 = 0xC2B2AE3D27D4EB4F;
constexpr std::uint64_t kPrime3 = 0x165667B19E3779F9;
constexpr std::uint64_t kPrime4 = 0x85EBCA77C2B2AE63;

// Inline, as a call would take as long as the work.
[[gnu::always_inline]] inline std::uint64_t Mix(std::uint64_t hash, std::uint64_t word) {
  hash ^= std::rotl(word * kPrime2, 31) * kPrime1;
  return std::rotl(hash, 27) * kPrime1 + kPrime4;
}

}  // namespace

std::uint64_t Digest64(std::span<const std::byte> bytes, std::uint64_t seed) {
  static_assert(std::endian::native == std::endian::little);
  std::uint64_t hash = seed;
  // Words of a known size: a copy of a size that the compiler doesn't know is a call in
  // WebAssembly.
  auto left = bytes;
  for (; left.size() >= sizeof(std::uint64_t); left = left.subspan(sizeof(std::uint64_t))) {
    std::uint64_t word;
    std::memcpy(&word, left.data(), sizeof(word));
    hash = Mix(hash, word);
  }
  if (!left.empty()) {
    std::uint64_t word = 0;
    std::memcpy(&word, left.data(), left.size());
    hash = Mix(hash, word);
  }
  hash += bytes.size();
  hash = (hash ^ hash >> 33) * kPrime2;
  hash = (hash ^ hash >> 29) * kPrime3;
  return hash ^ hash >> 32;
}

}  // namespace sahpool
