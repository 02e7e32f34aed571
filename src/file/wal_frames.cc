#include "file/wal_frames.h"

#include <algorithm>
#include <memory>
#include <new>

#include "format/byte_order.h"
#include "format/wal.h"

namespace sahpool {
namespace {

// Some fifteen pages of the usual 4 KiB; a small WAL at most doubles.
constexpr std::int64_t kMaxPadding = std::int64_t{64} * 1024;

}  // namespace

bool WalFrames::CompletesCommit(std::span<const std::byte> bytes, std::int64_t offset) {
  const std::int64_t page_offset = page_offset_;
  if (bytes.size() != kWalFrameHeaderSize) {
    page_offset_ = -1;
    return offset == page_offset && commits_;
  }
  page_offset_ = offset + static_cast<std::int64_t>(kWalFrameHeaderSize);
  commits_ = LoadBigEndian32(&bytes[kWalFramePageCountOffset]) != 0;
  return page_offset >= 0 && commits_;
}

void WalFrames::GrowAhead(FileBytes& wal) {
  const std::int64_t growth = wal.slot().medium().growth();
  const std::int64_t padding = std::min(kMaxPadding, wal.size());
  if (growth <= 0 || growth > padding) return;
  const auto count = static_cast<std::size_t>(padding);
  const std::unique_ptr<std::byte[]> zeros(new (std::nothrow) std::byte[count]());
  if (zeros) static_cast<void>(wal.Write({zeros.get(), count}, wal.stored_size()));
}

}  // namespace sahpool
