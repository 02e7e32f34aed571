// A slot in memory, as sparse as a file system's: only blocks that were written take space.
#ifndef SAHPOOL_TESTS_NATIVE_SPARSE_MEMORY_H_
#define SAHPOOL_TESTS_NATIVE_SPARSE_MEMORY_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>

#include "storage/storage.h"

namespace sahpool::testing {

class SparseMemoryHandle final : public StorageHandle {
 public:
  Result<std::size_t> Read(std::span<std::byte> into, std::int64_t offset) override {
    const auto present = std::clamp<std::int64_t>(size_ - offset, 0, std::ssize(into));
    const auto wanted = into.first(static_cast<std::size_t>(present));
    ForEachPiece(wanted, offset, [&](std::span<std::byte> piece, std::int64_t block, auto start) {
      const auto found = blocks_.find(block);
      if (found == blocks_.end()) {
        std::ranges::fill(piece, std::byte{0});
      } else {
        std::copy_n(found->second.begin() + start, piece.size(), piece.begin());
      }
    });
    return wanted.size();
  }

  Result<std::size_t> Write(std::span<const std::byte> bytes, std::int64_t offset) override {
    ForEachPiece(bytes, offset, [&](auto piece, std::int64_t block, auto start) {
      std::ranges::copy(piece, blocks_[block].begin() + start);
    });
    if (!bytes.empty()) size_ = std::max(size_, offset + std::ssize(bytes));
    return bytes.size();
  }

  Status Truncate(std::int64_t size) override {
    if (size < size_) {
      const std::int64_t last = size / kBlockSize;
      blocks_.erase(blocks_.upper_bound(last), blocks_.end());
      if (const auto found = blocks_.find(last); found != blocks_.end()) {
        std::fill(found->second.begin() + size % kBlockSize, found->second.end(), std::byte{0});
      }
    }
    size_ = size;
    return {};
  }

  Result<std::int64_t> Size() override { return size_; }
  Status Flush() override { return {}; }

 private:
  static constexpr std::int64_t kBlockSize = 65536;
  using Block = std::array<std::byte, kBlockSize>;

  // Calls `visit(piece, block, start)` for the pieces of `bytes` that fall into one block each.
  template <typename Byte, typename Visit>
  static void ForEachPiece(std::span<Byte> bytes, std::int64_t offset, Visit visit) {
    while (!bytes.empty()) {
      const std::int64_t start = offset % kBlockSize;
      const auto count = std::min(bytes.size(), static_cast<std::size_t>(kBlockSize - start));
      visit(bytes.first(count), offset / kBlockSize, start);
      bytes = bytes.subspan(count);
      offset += static_cast<std::int64_t>(count);
    }
  }

  std::map<std::int64_t, Block> blocks_;
  std::int64_t size_ = 0;
};

}  // namespace sahpool::testing

#endif  // SAHPOOL_TESTS_NATIVE_SPARSE_MEMORY_H_
