// Rollback journals made by hand, for the cases that SQLite does not produce on demand.
#ifndef SAHPOOL_TESTS_NATIVE_JOURNAL_WRITER_H_
#define SAHPOOL_TESTS_NATIVE_JOURNAL_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "memory_source.h"

namespace sahpool::testing {

// Writes journals as https://www.sqlite.org/fileformat2.html#the_rollback_journal
// describes them.
class JournalWriter {
 public:
  explicit JournalWriter(std::uint32_t page_size = 1024, std::uint32_t sector_size = 512)
      : page_size_(page_size), sector_size_(sector_size) {}

  JournalWriter& Header(std::uint32_t record_count, std::uint32_t page_count,
                        std::uint32_t nonce = 99) {
    nonce_ = nonce;
    bytes_.resize((bytes_.size() + sector_size_ - 1) / sector_size_ * sector_size_);
    const std::size_t end = bytes_.size() + sector_size_;
    Magic();
    for (const std::uint32_t field : {record_count, nonce, page_count, sector_size_, page_size_}) {
      AppendBigEndian32(bytes_, field);
    }
    bytes_.resize(end);
    return *this;
  }

  JournalWriter& Record(std::uint32_t page, std::uint32_t version = 0) {
    AppendBigEndian32(bytes_, page);
    const Bytes content = PageOf(page_size_, page, version);
    bytes_.insert(bytes_.end(), content.begin(), content.end());
    std::uint32_t checksum = nonce_;
    for (int i = static_cast<int>(page_size_) - 200; i > 0; i -= 200) {
      checksum += std::to_integer<std::uint32_t>(content[static_cast<std::size_t>(i)]);
    }
    AppendBigEndian32(bytes_, checksum);
    return *this;
  }

  JournalWriter& SuperJournal(std::string_view name) {
    AppendBigEndian32(bytes_, 0x40000000 / page_size_ + 1);
    std::uint32_t checksum = 0;
    for (const char c : name) {
      bytes_.push_back(static_cast<std::byte>(c));
      checksum += static_cast<std::uint32_t>(static_cast<signed char>(c));
    }
    AppendBigEndian32(bytes_, static_cast<std::uint32_t>(name.size()));
    AppendBigEndian32(bytes_, checksum);
    Magic();
    return *this;
  }

  Bytes& bytes() { return bytes_; }

 private:
  void Magic() {
    for (const int byte : {0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7}) {
      bytes_.push_back(static_cast<std::byte>(byte));
    }
  }

  std::uint32_t page_size_;
  std::uint32_t sector_size_;
  std::uint32_t nonce_ = 0;
  Bytes bytes_;
};

}  // namespace sahpool::testing

#endif  // SAHPOOL_TESTS_NATIVE_JOURNAL_WRITER_H_
