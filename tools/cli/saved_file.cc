#include "cli/saved_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <span>
#include <string_view>

#include "cli/failure.h"
#include "cli/integrity.h"
#include "cli/slot_file.h"
#include "cli/sql.h"
#include "format/byte_order.h"
#include "format/database_header.h"
#include "format/page_size.h"

namespace sahpool::cli {
namespace {

namespace fs = std::filesystem;

void WriteAt(const fs::path& path, std::span<const std::byte> bytes) {
  const int descriptor = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  const bool written = descriptor >= 0 && pwrite(descriptor, bytes.data(), bytes.size(), 0) ==
                                              static_cast<ssize_t>(bytes.size());
  const bool flushed = written && fsync(descriptor) == 0;
  if (descriptor >= 0) close(descriptor);
  if (!flushed) throw Failure(ExitCode::kFailed, path.string() + ": can't be written");
}

// The first 100 bytes of a database of pages of that size, in UTF-8 and with an empty freelist.
std::array<std::byte, kDatabaseHeaderSize> PlainHeader(std::uint32_t page_size,
                                                       std::int64_t page_count) {
  constexpr std::string_view kMagic("SQLite format 3\0", kDatabaseMagicSize);
  std::array<std::byte, kDatabaseHeaderSize> header{};
  std::memcpy(header.data(), kMagic.data(), kMagic.size());
  // The page size, then format versions of a rollback journal and no reserved space.
  StoreBigEndian32(StoredPageSize(page_size) << 16 | 0x0101U, &header[16]);
  StoreBigEndian32(0x00402020U, &header[20]);  // payload fractions, which are fixed
  StoreBigEndian32(1, &header[24]);            // change counter
  StoreBigEndian32(static_cast<std::uint32_t>(page_count), &header[28]);
  StoreBigEndian32(1, &header[40]);  // schema cookie
  StoreBigEndian32(4, &header[44]);  // schema format
  StoreBigEndian32(1, &header[56]);  // UTF-8
  StoreBigEndian32(1, &header[92]);  // the change counter for which the page count holds
  StoreBigEndian32(SQLITE_VERSION_NUMBER, &header[96]);
  return header;
}

// Pages that nothing refers to are what an unknown freelist looks like.
bool IsWholeButForFreePages(std::string_view integrity) {
  while (!integrity.empty()) {
    const std::size_t end = std::min(integrity.find('\n'), integrity.size());
    const std::string_view line = integrity.substr(0, end);
    integrity.remove_prefix(std::min(end + 1, integrity.size()));
    if (line != "ok" && !line.ends_with("never used")) return false;
  }
  return true;
}

}  // namespace

std::string CheckSavedFile(const fs::path& path) {
  return CheckIntegrity("checking " + path.string(),
                        [&] { return Connection::OpenImmutable(fs::absolute(path)); });
}

std::string RebuildHeader(const fs::path& path, std::int64_t bytes) {
  std::array<std::byte, kDatabaseHeaderSize> original{};
  if (bytes < static_cast<std::int64_t>(original.size())) return {};
  Require(FileSource(path, 0).Read(original, 0));
  for (std::uint32_t page_size = kMinPageSize; page_size <= kMaxPageSize; page_size *= 2) {
    if (bytes % page_size != 0) continue;
    WriteAt(path, PlainHeader(page_size, bytes / page_size));
    std::string integrity = CheckSavedFile(path);
    if (IsWholeButForFreePages(integrity)) return integrity;
  }
  WriteAt(path, original);
  return {};
}

}  // namespace sahpool::cli
