// A fast digest with 64 well-mixed bits: finds what a crash has torn, not what somebody forges.
//
// The bytes are taken as little-endian words of 64 bits, the last one filled up with zeros, and
// mixed in as XXH64 does with the words of a short input; then come the number of bytes and XXH64's
// last steps (https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md). A change of a single
// word always changes the digest.
// Threads: a pure function.
#ifndef SAHPOOL_FORMAT_DIGEST64_H_
#define SAHPOOL_FORMAT_DIGEST64_H_

#include <cstddef>
#include <cstdint>
#include <span>

namespace sahpool {

// With the digest of what came before as `seed`, the digest of a sequence.
std::uint64_t Digest64(std::span<const std::byte> bytes, std::uint64_t seed = 0);

}  // namespace sahpool

#endif  // SAHPOOL_FORMAT_DIGEST64_H_
