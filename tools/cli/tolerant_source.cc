#include "cli/tolerant_source.h"

#include <algorithm>

namespace sahpool::cli {

Status TolerantSource::Read(std::span<std::byte> into, std::int64_t offset) {
  if (file_.Read(into, offset).ok()) return {};
  // Once more, in blocks, to lose no more than must be.
  while (!into.empty()) {
    const std::int64_t block = offset / kBlock;
    const auto part = into.first(static_cast<std::size_t>(std::min<std::int64_t>(
        (block + 1) * kBlock - offset, static_cast<std::int64_t>(into.size()))));
    if (!file_.Read(part, offset).ok()) {
      std::ranges::fill(part, std::byte{0});
      lost_blocks_.insert(block);
    }
    into = into.subspan(part.size());
    offset += static_cast<std::int64_t>(part.size());
  }
  return {};
}

}  // namespace sahpool::cli
