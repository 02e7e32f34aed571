#include "file/file_bytes.h"

#include <algorithm>
#include <array>

namespace sahpool {

std::int64_t FileBytes::stored_size() const {
  return std::clamp<std::int64_t>(slot_.medium().size() - kSlotDataOffset, 0, end_);
}

std::int64_t FileBytes::size() const {
  const std::int64_t stored = stored_size();
  return std::max(stored, kept_.end());
}

Status FileBytes::Read(std::span<std::byte> into, std::int64_t offset) {
  // Behind the end may be what was there before.
  if (Status s = CheckRange(into, offset, size()); !s.ok()) return s;
  if (kept_.empty()) return slot_.medium().Read(into, kSlotDataOffset + offset);
  if (!kept_.Covers(offset, into.size())) {
    if (Status s = ReadStored(into, offset); !s.ok()) return s;
  }
  kept_.Overlay(into, offset);
  return {};
}

// Fills `into` with what was handed over; between that and what is kept back there are zeros.
Status FileBytes::ReadStored(std::span<std::byte> into, std::int64_t offset) {
  const auto present = static_cast<std::size_t>(
      std::clamp<std::int64_t>(stored_size() - offset, 0, static_cast<std::int64_t>(into.size())));
  const auto missing = into.subspan(present);
  std::fill(missing.begin(), missing.end(), std::byte{0});
  return slot_.medium().Read(into.first(present), kSlotDataOffset + offset);
}

void FileBytes::EndAt(std::int64_t size) {
  end_ = size;
  // A file that has not begun yet goes on having nothing in its slot.
  if (size > 0 && !has_leftovers()) EndWithSlot();
}

Status FileBytes::CutLeftovers() {
  if (Status s = slot_.medium().LearnSize(); !s.ok()) return s;
  if (has_leftovers()) return Cut(stored_size());
  // A call that is said to have failed may have cut them off all the same.
  if (end_ > 0) EndWithSlot();
  return {};
}

Status FileBytes::Cut(std::int64_t size) {
  Status resized = slot_.medium().Resize(kSlotDataOffset + size);
  // A file that has not begun yet goes on having nothing in its slot.
  if (resized.ok() && end_ > 0) EndWithSlot();
  return resized;
}

Status FileBytes::Write(std::span<const std::byte> bytes, std::int64_t offset) {
  return slot_.medium().Write(bytes, kSlotDataOffset + offset);
}

bool FileBytes::CutKept(std::int64_t size) {
  const bool is_shorter = size < this->size();
  kept_.Cut(size);
  // Where the file ended in what was kept back and now ends in nothing, it ends in a zero: to
  // shorten a file needs no room in its slot.
  constexpr std::array<std::byte, 1> kZero{};
  if (is_shorter && size > this->size()) static_cast<void>(kept_.Put(kZero, size - 1));
  is_given_up_ = is_given_up_ && !kept_.empty();
  return !kept_.empty() && kept_.end() == size && this->size() == size;
}

void FileBytes::ForgetKept() {
  kept_.Clear();
  is_given_up_ = false;
}

void FileBytes::StopKeeping() {
  kept_.Stop();
  is_given_up_ = false;
}

Status FileBytes::HandOver(std::span<const std::byte> prefix, bool beginning_last) {
  auto extents = kept_.extents();
  if (!prefix.empty()) {
    const auto joined = kept_.PrefixOfFirst(prefix);
    const auto position = -static_cast<std::int64_t>(prefix.size());
    if (Status s = Write(joined.empty() ? prefix : joined, position); !s.ok()) return s;
    if (!joined.empty()) extents = extents.subspan(1);
  }
  for (std::size_t i = 0; i < extents.size(); ++i) {
    const WriteBuffer::Extent& extent = extents[beginning_last ? extents.size() - 1 - i : i];
    if (Status s = Write(kept_.BytesOf(extent), extent.offset); !s.ok()) return s;
  }
  context_.meter.stats().merged_writes +=
      kept_.put_count() - static_cast<std::int64_t>(kept_.extent_count());
  kept_.Clear();
  return {};
}

}  // namespace sahpool
