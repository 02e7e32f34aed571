#include "file/read_cache.h"

#include <algorithm>
#include <new>

namespace sahpool {

Status ReadCache::Read(FileBytes& file, std::span<std::byte> into, std::int64_t offset,
                       std::int64_t window, std::int64_t& hits) {
  const auto head_size = static_cast<std::int64_t>(kHeadSize);
  if (offset + static_cast<std::int64_t>(into.size()) <= head_size && file.size() >= head_size) {
    if (!has_head_) {
      if (Status s = file.Read(head_, 0); !s.ok()) return s;
      has_head_ = true;
    }
    std::copy_n(head_.data() + offset, into.size(), into.begin());
    return {};
  }
  if (!Holds(offset, into.size())) {
    const bool is_run = ContinuesRun(offset, into.size());
    if (!is_run || window < 2 * static_cast<std::int64_t>(into.size())) {
      return file.Read(into, offset);
    }
    if (Status s = ReadAhead(file, offset, window); !s.ok()) return s;
    if (!Holds(offset, into.size())) return file.Read(into, offset);
  } else {
    next_offset_ = offset + static_cast<std::int64_t>(into.size());
    ++hits;
  }
  std::copy_n(window_.get() + (offset - window_offset_), into.size(), into.begin());
  return {};
}

// A scan skips what belongs to other tables, so a small step forward counts too.
bool ReadCache::ContinuesRun(std::int64_t offset, std::size_t size) {
  const auto step = 4 * static_cast<std::int64_t>(size);
  const bool continues = offset >= next_offset_ && offset <= next_offset_ + step;
  run_ = continues ? run_ + 1 : 0;
  next_offset_ = offset + static_cast<std::int64_t>(size);
  return run_ >= kRunBeforeReadingAhead;
}

// Leaves the window empty when memory has run out.
Status ReadCache::ReadAhead(FileBytes& file, std::int64_t offset, std::int64_t window) {
  window_size_ = 0;
  if (window_capacity_ < window) {
    window_.reset(new (std::nothrow) std::byte[static_cast<std::size_t>(window)]);
    window_capacity_ = window_ ? window : 0;
    if (!window_) return {};
  }
  const std::int64_t size = std::min(window, file.size() - offset);
  if (Status s = file.Read({window_.get(), static_cast<std::size_t>(size)}, offset); !s.ok()) {
    return s;
  }
  window_offset_ = offset;
  window_size_ = size;
  return {};
}

void ReadCache::OnWrite(std::span<const std::byte> bytes, std::int64_t offset) {
  if (offset < static_cast<std::int64_t>(kHeadSize)) {
    has_head_ = offset == 0 && bytes.size() >= kHeadSize;
    if (has_head_) std::copy_n(bytes.begin(), kHeadSize, head_.begin());
  }
  const std::int64_t from = std::max(offset, window_offset_);
  const std::int64_t end =
      std::min(offset + static_cast<std::int64_t>(bytes.size()), window_offset_ + window_size_);
  if (from >= end) return;
  std::copy_n(bytes.data() + (from - offset), end - from, window_.get() + (from - window_offset_));
}

void ReadCache::OnTruncate(std::int64_t size) {
  if (size < static_cast<std::int64_t>(kHeadSize)) has_head_ = false;
  window_size_ = std::clamp<std::int64_t>(size - window_offset_, 0, window_size_);
}

}  // namespace sahpool
