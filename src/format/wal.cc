#include "format/wal.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <new>
#include <span>

#include "format/byte_order.h"
#include "format/page_size.h"

namespace sahpool {
namespace {

constexpr std::size_t kWalHeaderSize = 32;

// SQLite's cumulative checksum over pairs of words.
class Checksum {
 public:
  explicit Checksum(bool big_endian) : big_endian_(big_endian) {}

  // Adds a multiple of eight bytes.
  void Add(std::span<const std::byte> bytes) {
    const auto load = [this](const std::byte* from) {
      return big_endian_ ? LoadBigEndian32(from) : LoadLittleEndian32(from);
    };
    for (std::size_t i = 0; i + 8 <= bytes.size(); i += 8) {
      first_ += load(&bytes[i]) + second_;
      second_ += load(&bytes[i + 4]) + first_;
    }
  }

  // Whether the sum is the one that is stored at `stored`, eight bytes.
  bool Matches(const std::byte* stored) const {
    return first_ == LoadBigEndian32(stored) && second_ == LoadBigEndian32(stored + 4);
  }

 private:
  bool big_endian_;
  std::uint32_t first_ = 0;
  std::uint32_t second_ = 0;
};

// Walks through a WAL as SQLite's walIndexRecover() does.
class WalReader {
 public:
  WalReader(ByteSource& file, WriteAheadLog& wal) : file_(file), size_(file.size()), wal_(wal) {}

  Status ReadAll();

 private:
  // Clears `valid` if the WAL has no header that SQLite would go by.
  Status ReadHeader(bool& valid);
  // Reads the frame that follows `frame_index` others. Clears `valid` if it is not one.
  Status ReadFrame(std::int64_t frame_index, bool& valid);

  ByteSource& file_;
  const std::int64_t size_;
  WriteAheadLog& wal_;
  Checksum checksum_{false};
  std::array<std::byte, 8> salts_{};
  std::unique_ptr<std::byte[]> frame_;
  std::size_t frame_size_ = 0;
  PageMap uncommitted_;
};

Status WalReader::ReadAll() {
  if (size_ <= static_cast<std::int64_t>(kWalHeaderSize)) return {};
  bool valid = false;
  if (Status status = ReadHeader(valid); !status.ok()) return status;
  wal_.is_doubtful = !valid;
  if (!valid) return {};
  frame_size_ = kWalFrameHeaderSize + wal_.page_size;
  frame_.reset(new (std::nothrow) std::byte[frame_size_]);
  if (!frame_) return Status::NoMemory();

  const std::int64_t frame_count =
      (size_ - static_cast<std::int64_t>(kWalHeaderSize)) / static_cast<std::int64_t>(frame_size_);
  for (std::int64_t i = 0; i < frame_count && valid; ++i) {
    if (Status status = ReadFrame(i, valid); !status.ok()) return status;
    if (i == 0) wal_.is_doubtful = !valid;
  }
  wal_.pages.Sort();
  wal_.pages.DropBeyond(wal_.page_count);
  return {};
}

Status WalReader::ReadHeader(bool& valid) {
  std::array<std::byte, kWalHeaderSize> header;
  if (Status status = file_.Read(header, 0); !status.ok()) return status;
  const std::uint32_t magic = LoadBigEndian32(&header[0]);
  wal_.page_size = LoadBigEndian32(&header[8]);
  std::copy_n(&header[16], salts_.size(), salts_.begin());
  checksum_ = Checksum((magic & 1) != 0);
  checksum_.Add(std::span(header).first<24>());
  valid = IsWalMagic(magic) && IsPageSize(wal_.page_size) && checksum_.Matches(&header[24]);
  if (valid && LoadBigEndian32(&header[4]) != kWalVersion) {
    return {Code::kCorrupt, "the WAL has a version that SQLite does not know"};
  }
  return {};
}

Status WalReader::ReadFrame(std::int64_t frame_index, bool& valid) {
  const std::int64_t offset = static_cast<std::int64_t>(kWalHeaderSize) +
                              frame_index * static_cast<std::int64_t>(frame_size_);
  const std::span<std::byte> frame(frame_.get(), frame_size_);
  if (Status status = file_.Read(frame, offset); !status.ok()) return status;

  const std::uint32_t page = LoadBigEndian32(&frame[0]);
  const std::uint32_t page_count_after_commit = LoadBigEndian32(&frame[4]);
  valid = page != 0 && std::equal(salts_.begin(), salts_.end(), &frame[8]);
  if (!valid) return {};
  checksum_.Add(frame.first(8));
  checksum_.Add(frame.subspan(kWalFrameHeaderSize));
  valid = checksum_.Matches(&frame[16]);
  if (!valid) return {};

  const std::int64_t page_position = offset + static_cast<std::int64_t>(kWalFrameHeaderSize);
  if (Status status = uncommitted_.Add(page, page_position); !status.ok()) return status;
  if (page_count_after_commit == 0) return {};
  if (Status status = wal_.pages.AddAll(uncommitted_); !status.ok()) return status;
  uncommitted_.Clear();
  wal_.page_count = page_count_after_commit;
  wal_.frame_count = static_cast<std::uint32_t>(frame_index) + 1;
  wal_.end = offset + static_cast<std::int64_t>(frame_size_);
  return {};
}

}  // namespace

Status WriteAheadLog::Read(ByteSource& wal, WriteAheadLog& into) {
  return WalReader(wal, into).ReadAll();
}

}  // namespace sahpool
