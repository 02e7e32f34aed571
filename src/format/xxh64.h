// XXH64, a fast hash with 64 well-mixed bits: finds what a crash has torn, not what somebody
// forges. Specification: https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md
//
// Threads: a pure function.
#ifndef SAHPOOL_FORMAT_XXH64_H_
#define SAHPOOL_FORMAT_XXH64_H_

#include <cstddef>
#include <cstdint>
#include <span>

namespace sahpool {

// With the hash of what came before as `seed`, the hash of a sequence.
std::uint64_t Xxh64(std::span<const std::byte> bytes, std::uint64_t seed = 0);

}  // namespace sahpool

#endif  // SAHPOOL_FORMAT_XXH64_H_
