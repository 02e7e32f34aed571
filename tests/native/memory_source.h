// Bytes in memory as a ByteSource. The test may change `bytes` between reads.
#ifndef SAHPOOL_TESTS_NATIVE_MEMORY_SOURCE_H_
#define SAHPOOL_TESTS_NATIVE_MEMORY_SOURCE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "format/byte_source.h"

namespace sahpool::testing {

using Bytes = std::vector<std::byte>;

struct MemorySource final : ByteSource {
  MemorySource() = default;
  explicit MemorySource(Bytes content) : bytes(std::move(content)) {}

  std::int64_t size() const override { return static_cast<std::int64_t>(bytes.size()); }

  Status Read(std::span<std::byte> into, std::int64_t offset) override {
    if (offset < 0 || offset > size() ||
        into.size() > bytes.size() - static_cast<std::size_t>(offset)) {
      return {Code::kIo, "read past the end"};
    }
    std::copy_n(bytes.begin() + offset, into.size(), into.begin());
    return {};
  }

  Bytes bytes;
};

inline void AppendBigEndian32(Bytes& to, std::uint32_t value) {
  for (const int shift : {24, 16, 8, 0}) to.push_back(static_cast<std::byte>(value >> shift));
}

inline void StoreBigEndian32(Bytes& in, std::size_t offset, std::uint32_t value) {
  for (const int shift : {24, 16, 8, 0}) in.at(offset++) = static_cast<std::byte>(value >> shift);
}

// A page whose every byte tells which page and version it is.
inline Bytes PageOf(std::size_t page_size, std::uint32_t page, std::uint32_t version = 0) {
  Bytes bytes(page_size);
  for (std::size_t i = 0; i < page_size; ++i) {
    bytes[i] = static_cast<std::byte>(page * 31 + version * 7 + i);
  }
  return bytes;
}

}  // namespace sahpool::testing

#endif  // SAHPOOL_TESTS_NATIVE_MEMORY_SOURCE_H_
