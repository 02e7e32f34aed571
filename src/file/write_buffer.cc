#include "file/write_buffer.h"

#include <algorithm>
#include <new>
#include <utility>

namespace sahpool {
namespace {

std::int64_t Signed(std::size_t size) { return static_cast<std::int64_t>(size); }

}  // namespace

void WriteBuffer::Start() {
  if (!extents_) extents_.reset(new (std::nothrow) Extent[kMaxExtents]);
}

void WriteBuffer::Stop() {
  Clear();
  ReleaseMemory();
  extents_.reset();
}

std::size_t WriteBuffer::FirstEndingAfter(std::int64_t offset) const {
  const auto known = extents();
  const auto it = std::partition_point(known.begin(), known.end(),
                                       [&](const Extent& e) { return e.end() <= offset; });
  return static_cast<std::size_t>(it - known.begin());
}

// How many of the bytes lie in no extent, and in how many pieces.
std::size_t WriteBuffer::CountMissing(std::span<const std::byte> bytes, std::int64_t offset,
                                      std::size_t& gaps) const {
  const std::int64_t end = offset + Signed(bytes.size());
  std::int64_t missing = 0;
  gaps = 0;
  for (std::size_t i = FirstEndingAfter(offset); offset < end; ++i) {
    const std::int64_t next = i < count_ ? std::min(extents_[i].offset, end) : end;
    if (next > offset) {
      missing += next - offset;
      ++gaps;
    }
    offset = i < count_ ? std::max(offset, extents_[i].end()) : end;
  }
  return static_cast<std::size_t>(missing);
}

bool WriteBuffer::Reserve(std::size_t size) {
  if (size <= capacity_) return true;
  if (size > kCapacity) return false;
  std::size_t wanted = std::max(capacity_, kKeptCapacity);
  while (wanted < size) wanted *= 2;
  std::unique_ptr<std::byte[]> grown(new (std::nothrow) std::byte[kPrefixCapacity + wanted]);
  if (!grown) return false;
  if (used_ > 0) std::copy_n(data(), used_, grown.get() + kPrefixCapacity);
  memory_ = std::move(grown);
  capacity_ = wanted;
  return true;
}

void WriteBuffer::InsertAt(std::size_t index, const Extent& extent) {
  Extent* const end = extents_.get() + count_;
  std::move_backward(extents_.get() + index, end, end + 1);
  extents_[index] = extent;
  ++count_;
}

// Adds bytes that lie in no extent, before the extent `index`.
void WriteBuffer::Append(std::span<const std::byte> bytes, std::int64_t offset, std::size_t index) {
  std::copy(bytes.begin(), bytes.end(), data() + used_);
  const bool continues = index > 0 && extents_[index - 1].end() == offset &&
                         extents_[index - 1].position + extents_[index - 1].size == used_;
  if (continues) {
    extents_[index - 1].size += bytes.size();
  } else {
    InsertAt(index, {.offset = offset, .position = used_, .size = bytes.size()});
  }
  used_ += bytes.size();
}

bool WriteBuffer::Put(std::span<const std::byte> bytes, std::int64_t offset) {
  if (!is_started()) return false;
  std::size_t gaps = 0;
  const std::size_t missing = CountMissing(bytes, offset, gaps);
  if (count_ + gaps > kMaxExtents || !Reserve(used_ + missing)) return false;
  ++put_count_;
  const std::int64_t end = offset + Signed(bytes.size());
  for (std::int64_t at = offset; at < end;) {
    const auto rest = bytes.subspan(static_cast<std::size_t>(at - offset));
    const std::size_t index = FirstEndingAfter(at);
    const std::int64_t next = index < count_ ? std::min(extents_[index].offset, end) : end;
    if (next > at) {
      Append(rest.first(static_cast<std::size_t>(next - at)), at, index);
      at = next;
      continue;
    }
    const Extent& known = extents_[index];
    const std::int64_t until = std::min(known.end(), end);
    std::copy_n(rest.begin(), until - at, data() + known.position + (at - known.offset));
    at = until;
  }
  return true;
}

bool WriteBuffer::Covers(std::int64_t offset, std::size_t size) const {
  const std::int64_t end = offset + Signed(size);
  for (std::size_t i = FirstEndingAfter(offset); offset < end; ++i) {
    if (i == count_ || extents_[i].offset > offset) return false;
    offset = extents_[i].end();
  }
  return true;
}

void WriteBuffer::Overlay(std::span<std::byte> into, std::int64_t offset) const {
  const std::int64_t end = offset + Signed(into.size());
  for (std::size_t i = FirstEndingAfter(offset); i < count_ && extents_[i].offset < end; ++i) {
    const Extent& known = extents_[i];
    const std::int64_t from = std::max(offset, known.offset);
    const std::int64_t until = std::min(end, known.end());
    std::copy_n(data() + known.position + (from - known.offset), until - from,
                into.data() + (from - offset));
  }
}

void WriteBuffer::Cut(std::int64_t size) {
  while (count_ > 0 && extents_[count_ - 1].offset >= size) --count_;
  if (count_ == 0) return Clear();
  Extent& last = extents_[count_ - 1];
  if (last.end() > size) last.size = static_cast<std::size_t>(size - last.offset);
}

void WriteBuffer::Clear() {
  count_ = 0;
  used_ = 0;
  put_count_ = 0;
  if (capacity_ > kKeptCapacity) ReleaseMemory();
}

void WriteBuffer::ReleaseMemory() {
  memory_.reset();
  capacity_ = 0;
}

bool WriteBuffer::IsArranged() const {
  for (std::size_t i = 1; i < count_; ++i) {
    if (extents_[i - 1].end() == extents_[i].offset) return false;
  }
  return count_ == 0 || extents_[0].offset > 0 || extents_[0].position == 0;
}

void WriteBuffer::Arrange() {
  if (IsArranged()) return;
  std::unique_ptr<std::byte[]> arranged(new (std::nothrow) std::byte[kPrefixCapacity + capacity_]);
  if (!arranged) return;
  std::size_t used = 0;
  std::size_t count = 0;
  for (std::size_t i = 0; i < count_; ++i) {
    const Extent extent = extents_[i];
    std::copy_n(data() + extent.position, extent.size, arranged.get() + kPrefixCapacity + used);
    if (count > 0 && extents_[count - 1].end() == extent.offset) {
      extents_[count - 1].size += extent.size;
    } else {
      extents_[count++] = {.offset = extent.offset, .position = used, .size = extent.size};
    }
    used += extent.size;
  }
  memory_ = std::move(arranged);
  used_ = used;
  count_ = count;
}

std::span<const std::byte> WriteBuffer::PrefixOfFirst(std::span<const std::byte> prefix) {
  if (count_ == 0 || extents_[0].offset != 0 || extents_[0].position != 0 ||
      prefix.size() > kPrefixCapacity) {
    return {};
  }
  std::byte* const begin = data() - prefix.size();
  std::copy(prefix.begin(), prefix.end(), begin);
  return {begin, prefix.size() + extents_[0].size};
}

}  // namespace sahpool
