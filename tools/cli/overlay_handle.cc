#include "cli/overlay_handle.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "native/posix_storage.h"

namespace sahpool::cli {

Result<std::unique_ptr<StorageHandle>> OverlayHandle::Open(const char* path) {
  auto handle = std::make_unique<OverlayHandle>();
  auto file = OpenRegularFile(path, O_RDONLY, Links::kRefuse);
  if (!file.ok()) return file.status();
  handle->file_ = std::move(file.value());
  const int descriptor = handle->file_.number();
  // Some file systems have no locks; then there is nobody to tell.
  if (flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    return Status(Code::kBusy, "another process has the pool open for writing");
  }
  struct stat info{};
  if (fstat(descriptor, &info) != 0) return ErrnoStatus("fstat", errno);
  handle->size_ = handle->size_below_ = static_cast<std::int64_t>(info.st_size);
  return std::unique_ptr<StorageHandle>(std::move(handle));
}

Result<std::size_t> OverlayHandle::Read(std::span<std::byte> into, std::int64_t offset) {
  const auto wanted = static_cast<std::int64_t>(into.size());
  const std::int64_t end = offset + std::clamp<std::int64_t>(size_ - offset, 0, wanted);
  for (std::int64_t at = offset; at < end;) {
    const std::int64_t index = at / kPageSize;
    auto page = pages_.lower_bound(index);
    const bool is_in_overlay = page != pages_.end() && page->first == index;
    // Up to the next page of the overlay in one piece.
    const std::int64_t run_end = is_in_overlay          ? (index + 1) * kPageSize
                                 : page != pages_.end() ? page->first * kPageSize
                                                        : end;
    const auto part = into.subspan(static_cast<std::size_t>(at - offset),
                                   static_cast<std::size_t>(std::min(run_end, end) - at));
    if (is_in_overlay) {
      std::copy_n(page->second.begin() + (at - index * kPageSize), part.size(), part.begin());
    } else if (Status s = ReadBelow(part, at); !s.ok()) {
      return s;
    }
    at += static_cast<std::int64_t>(part.size());
  }
  return static_cast<std::size_t>(end - offset);
}

Status OverlayHandle::ReadBelow(std::span<std::byte> into, std::int64_t offset) {
  const auto present = static_cast<std::size_t>(
      std::clamp<std::int64_t>(size_below_ - offset, 0, static_cast<std::int64_t>(into.size())));
  for (std::size_t done = 0; done < present;) {
    const auto position = offset + static_cast<std::int64_t>(done);
    const ssize_t count = pread(file_.number(), &into[done], present - done, position);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return ErrnoStatus("pread", errno);
    if (count == 0) return {Code::kIo, "the file became shorter while it was read"};
    done += static_cast<std::size_t>(count);
  }
  std::ranges::fill(into.subspan(present), std::byte{0});
  return {};
}

Result<OverlayHandle::Page*> OverlayHandle::PageForWriting(std::int64_t index) {
  auto [page, is_new] = pages_.try_emplace(index);
  if (is_new) {
    if (Status s = ReadBelow(page->second, index * kPageSize); !s.ok()) {
      pages_.erase(page);
      return s;
    }
  }
  return &page->second;
}

Result<std::size_t> OverlayHandle::Write(std::span<const std::byte> bytes, std::int64_t offset) {
  for (std::size_t done = 0; done < bytes.size();) {
    const std::int64_t at = offset + static_cast<std::int64_t>(done);
    const auto page = PageForWriting(at / kPageSize);
    if (!page.ok()) return page.status();
    const auto begin = static_cast<std::size_t>(at % kPageSize);
    const auto part = bytes.subspan(done, std::min(bytes.size() - done, kPageSize - begin));
    std::ranges::copy(part, page.value()->begin() + static_cast<std::ptrdiff_t>(begin));
    done += part.size();
  }
  if (!bytes.empty()) {
    size_ = std::max(size_, offset + static_cast<std::int64_t>(bytes.size()));
  }
  return bytes.size();
}

// What is cut off must read as zeros when the slot grows again.
Status OverlayHandle::Truncate(std::int64_t size) {
  size_below_ = std::min(size_below_, size);
  pages_.erase(pages_.lower_bound((size + kPageSize - 1) / kPageSize), pages_.end());
  if (const auto last = pages_.find(size / kPageSize); last != pages_.end()) {
    std::fill(last->second.begin() + size % kPageSize, last->second.end(), std::byte{0});
  }
  size_ = size;
  return {};
}

}  // namespace sahpool::cli
