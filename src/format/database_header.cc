#include "format/database_header.h"

#include <algorithm>
#include <string_view>

#include "format/byte_order.h"

namespace sahpool {
namespace {

constexpr std::string_view kMagic("SQLite format 3\0", kDatabaseMagicSize);

}  // namespace

bool HasDatabaseMagic(std::span<const std::byte> start) {
  return start.size() >= kMagic.size() &&
         std::equal(kMagic.begin(), kMagic.end(), start.begin(),
                    [](char c, std::byte b) { return static_cast<std::byte>(c) == b; });
}

Status CheckDatabaseHeader(std::span<const std::byte, kDatabaseHeaderSize> header,
                           std::int64_t file_size) {
  if (!HasDatabaseMagic(header)) {
    return {Code::kNotADatabase, "the bytes do not begin like an SQLite database"};
  }
  // Two bytes; the two behind them are others.
  const std::uint32_t stored_page_size = LoadBigEndian32(&header[16]) >> 16;
  const std::int64_t page_size = PageSizeOfStored(stored_page_size);
  if (!IsPageSize(PageSizeOfStored(stored_page_size))) {
    return {Code::kNotADatabase, "the database header has an impossible page size"};
  }
  // The page count is valid only when written by the last writer: SQLite's own rule.
  const std::int64_t page_count = LoadBigEndian32(&header[28]);
  const bool count_is_valid =
      page_count > 0 && LoadBigEndian32(&header[24]) == LoadBigEndian32(&header[92]);
  if (count_is_valid && page_count * page_size > file_size) {
    Text text("the database is cut short: its header says ");
    text.Append(page_count * page_size).Append(" bytes, there are ").Append(file_size);
    return {Code::kNotADatabase, text};
  }
  return {};
}

}  // namespace sahpool
