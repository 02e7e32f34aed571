// Bytes of one file that were written and not yet handed to its storage handle.
//
// Neighbouring and overlapping writes merge: what SQLite writes page by page, or a WAL frame in two
// pieces, goes out in as few calls as the file's layout allows. A call costs much the same for one
// page as for sixteen.
// Takes bytes from Start() until Stop() only, and costs next to nothing outside of that.
// Threads: none of its own. Ownership: owns its memory, which grows as needed up to kCapacity and
// is given back by Clear() when it has grown beyond kKeptCapacity.
// Errors: none; what it can't take is left to the caller.
#ifndef SAHPOOL_FILE_WRITE_BUFFER_H_
#define SAHPOOL_FILE_WRITE_BUFFER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace sahpool {

class WriteBuffer {
 public:
  // Beyond about this much a larger call gains nothing.
  static constexpr std::size_t kCapacity = std::size_t{512} * 1024;
  static constexpr std::size_t kKeptCapacity = std::size_t{64} * 1024;
  static constexpr std::size_t kMaxExtents = 256;
  // Bytes that PrefixOfFirst() can put before the file's first byte.
  static constexpr std::size_t kPrefixCapacity = 4096;

  // One stretch of the file that it holds, with no other one overlapping it.
  struct Extent {
    std::int64_t offset = 0;   // in the file
    std::size_t position = 0;  // in the memory
    std::size_t size = 0;
    std::int64_t end() const { return offset + static_cast<std::int64_t>(size); }
  };

  // Without effect when memory has run out, or when it has started already.
  void Start();
  // Forgets what it holds.
  void Stop();
  bool is_started() const { return extents_ != nullptr; }

  bool empty() const { return count_ == 0; }
  // Where the last byte ends, 0 when empty.
  std::int64_t end() const { return count_ == 0 ? 0 : extents_[count_ - 1].end(); }
  std::size_t extent_count() const { return count_; }
  // How many Put() calls went into what it holds.
  std::int64_t put_count() const { return put_count_; }

  // Takes the bytes; false, and no effect, when they don't fit or it has not started.
  [[nodiscard]] bool Put(std::span<const std::byte> bytes, std::int64_t offset);

  bool Covers(std::int64_t offset, std::size_t size) const;
  // Copies what it holds of the range over `into`, and leaves the rest of `into` alone.
  void Overlay(std::span<std::byte> into, std::int64_t offset) const;

  // Forgets what lies at `size` and behind it.
  void Cut(std::int64_t size);
  void Clear();

  // Brings the extents into the order of the file, and those that touch together. What can't be
  // done for want of memory is left; the extents then are merely more.
  void Arrange();

  // The extents in the order of the file. Valid until the next change.
  std::span<const Extent> extents() const { return {extents_.get(), count_}; }
  std::span<const std::byte> BytesOf(const Extent& extent) const {
    return {data() + extent.position, extent.size};
  }
  // The bytes of the first extent, which begins the file, with `prefix` directly before them. Empty
  // when that can't be done without copying the bytes elsewhere.
  std::span<const std::byte> PrefixOfFirst(std::span<const std::byte> prefix);

 private:
  std::byte* data() const { return memory_.get() + kPrefixCapacity; }
  bool Reserve(std::size_t size);
  // The first extent that ends after `offset`.
  std::size_t FirstEndingAfter(std::int64_t offset) const;
  std::size_t CountMissing(std::span<const std::byte> bytes, std::int64_t offset,
                           std::size_t& gaps) const;
  void InsertAt(std::size_t index, const Extent& extent);
  void Append(std::span<const std::byte> bytes, std::int64_t offset, std::size_t index);
  void ReleaseMemory();
  bool IsArranged() const;

  std::unique_ptr<std::byte[]> memory_;
  std::size_t capacity_ = 0;
  std::size_t used_ = 0;
  std::size_t count_ = 0;
  std::int64_t put_count_ = 0;
  std::unique_ptr<Extent[]> extents_;  // kMaxExtents; null before Start()
};

}  // namespace sahpool

#endif  // SAHPOOL_FILE_WRITE_BUFFER_H_
