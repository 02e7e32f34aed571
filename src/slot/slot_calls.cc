// The part of Slot that calls the handle, and judges every count and failure of it.

#include <algorithm>

#include "slot/slot.h"

namespace sahpool {

Status Slot::ReadAll(std::span<std::byte> into, std::int64_t position) {
  while (!into.empty()) {
    const auto count =
        meter_.Measure(&StorageStats::reads, [&] { return handle_->Read(into, position); });
    if (!count.ok()) return Describe(count.status(), "reading from");
    if (count.value() == 0 || count.value() > into.size()) {
      return Describe({Code::kIo, "the host returned fewer bytes than the slot has"},
                      "reading from");
    }
    meter_.stats().bytes_read += static_cast<std::int64_t>(count.value());
    into = into.subspan(count.value());
    position += static_cast<std::int64_t>(count.value());
  }
  return {};
}

Status Slot::WriteAll(std::span<const std::byte> bytes, std::int64_t position) {
  is_dirty_ = true;
  while (!bytes.empty()) {
    const auto count =
        meter_.Measure(&StorageStats::writes, [&] { return handle_->Write(bytes, position); });
    if (!count.ok()) {
      NoteFailedChange();
      return Describe(count.status(), "writing to");
    }
    // A host that is out of space may say so by writing nothing, as Firefox does.
    if (count.value() == 0) {
      NoteFailedChange();
      return Describe({Code::kFull, "the host wrote no more bytes: out of quota or disk space"},
                      "writing to");
    }
    if (count.value() > bytes.size()) {
      return Describe({Code::kIo, "the host claims to have written more than it was given"},
                      "writing to");
    }
    meter_.stats().bytes_written += static_cast<std::int64_t>(count.value());
    bytes = bytes.subspan(count.value());
    position += static_cast<std::int64_t>(count.value());
    stored_size_ = std::max(stored_size_, position);
  }
  return {};
}

// How much of it was done is unknown; the size must not be guessed.
void Slot::NoteFailedChange() {
  is_doubtful_ = true;
  CountUnsettled();
  is_size_known_ = false;
  static_cast<void>(LearnSize());
}

Status Slot::LearnSize() {
  if (is_size_known_) return {};
  const auto size = AskSize();
  if (!size.ok()) return Describe(size.status(), "asking for the size of");
  stored_size_ = size.value();
  is_size_known_ = true;
  return {};
}

Result<std::int64_t> Slot::AskSize() {
  return meter_.Measure(&StorageStats::sizes, [&] { return handle_->Size(); });
}

Status Slot::Describe(const Status& cause, const char* action) const {
  Text text(action);
  text.Append(" ");
  if (state_ == SlotState::kNamed) {
    text.Append(name_.view());
  } else {
    text.Append("slot ").Append(slot_name());
  }
  text.Append(": ").Append(cause.text());
  return {cause.code(), text};
}

}  // namespace sahpool
