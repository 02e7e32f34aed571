// WALs made by hand, for the cases that SQLite does not produce on demand.
#ifndef SAHPOOL_TESTS_NATIVE_WAL_WRITER_H_
#define SAHPOOL_TESTS_NATIVE_WAL_WRITER_H_

#include <cstddef>
#include <cstdint>

#include "format/byte_order.h"
#include "memory_source.h"

namespace sahpool::testing {

// Writes WALs as https://www.sqlite.org/fileformat2.html#the_write_ahead_log
// describes them.
class WalWriter {
 public:
  explicit WalWriter(bool big_endian = false, std::uint32_t page_size = 1024,
                     std::uint32_t version = 3007000, std::uint32_t salt = 7)
      : big_endian_(big_endian), page_size_(page_size), salt_(salt) {
    for (const std::uint32_t field :
         {big_endian ? 0x377f0683U : 0x377f0682U, version, page_size, 0U, salt, ~salt}) {
      AppendBigEndian32(bytes_, field);
    }
    Checksum(0, 24);
    AppendBigEndian32(bytes_, first_);
    AppendBigEndian32(bytes_, second_);
  }

  // A frame with a page count commits.
  WalWriter& Frame(std::uint32_t page, std::uint32_t page_count = 0, std::uint32_t version = 0) {
    const std::size_t start = bytes_.size();
    // The sums follow once they are known.
    for (const std::uint32_t field : {page, page_count, salt_, ~salt_, 0U, 0U}) {
      AppendBigEndian32(bytes_, field);
    }
    const Bytes content = PageOf(page_size_, page, version);
    const std::size_t content_start = bytes_.size();
    bytes_.insert(bytes_.end(), content.begin(), content.end());
    Checksum(start, 8);
    Checksum(content_start, page_size_);
    StoreBigEndian32(bytes_, start + 16, first_);
    StoreBigEndian32(bytes_, start + 20, second_);
    return *this;
  }

  Bytes& bytes() { return bytes_; }

 private:
  std::uint32_t Word(std::size_t at) const {
    return big_endian_ ? LoadBigEndian32(&bytes_[at]) : LoadLittleEndian32(&bytes_[at]);
  }
  void Checksum(std::size_t start, std::size_t size) {
    for (std::size_t i = start; i < start + size; i += 8) {
      first_ += Word(i) + second_;
      second_ += Word(i + 4) + first_;
    }
  }

  bool big_endian_;
  std::uint32_t page_size_;
  std::uint32_t salt_;
  std::uint32_t first_ = 0;
  std::uint32_t second_ = 0;
  Bytes bytes_;
};

}  // namespace sahpool::testing

#endif  // SAHPOOL_TESTS_NATIVE_WAL_WRITER_H_
