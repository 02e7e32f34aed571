#include "slot/slot_medium.h"

#include <algorithm>

namespace sahpool {

Status SlotMedium::Open() {
  if (Status s = AskSize(); !s.ok()) return s;
  is_dirty_ = true;
  SetDoubtful(true);
  header_ = EncodeFreeHeader();
  const auto present = static_cast<std::size_t>(std::min<std::int64_t>(size_, kSlotHeaderSize));
  return present > 0 ? Read(std::span(header_).first(present), 0) : Status();
}

Status SlotMedium::WriteHeader(const SlotHeaderBytes& header) {
  Status written = Write(header, 0);
  if (written.ok()) {
    SetHeader(header, HeaderState::kWritten);
  } else if (Write(header_, 0).ok()) {
    header_state_ = HeaderState::kWritten;
  } else if (header_state_ >= HeaderState::kGoesWithBytes) {
    header_state_ = HeaderState::kInDoubt;
  } else {
    header_state_ = HeaderState::kPending;
  }
  return written;
}

Status SlotMedium::Read(std::span<std::byte> into, std::int64_t position) {
  while (!into.empty()) {
    const auto count = handle_.Read(into, position);
    if (!count.ok()) return Describe(count.status(), "reading from");
    if (count.value() == 0 || count.value() > into.size()) {
      return Describe({Code::kIo, "the host returned fewer bytes than the slot has"},
                      "reading from");
    }
    into = into.subspan(count.value());
    position += static_cast<std::int64_t>(count.value());
  }
  return {};
}

Status SlotMedium::Write(std::span<const std::byte> bytes, std::int64_t position) {
  is_dirty_ = true;
  while (!bytes.empty()) {
    const auto count = handle_.Write(bytes, position);
    if (!count.ok() || count.value() == 0 || count.value() > bytes.size()) NoteFailedChange();
    if (!count.ok()) return Describe(count.status(), "writing to");
    // A host that is out of space may say so by writing nothing, as Firefox does.
    if (count.value() == 0) {
      return Describe({Code::kFull, "the host wrote no more bytes: out of quota or disk space"},
                      "writing to");
    }
    if (count.value() > bytes.size()) {
      return Describe({Code::kIo, "the host claims to have written more than it was given"},
                      "writing to");
    }
    bytes = bytes.subspan(count.value());
    position += static_cast<std::int64_t>(count.value());
    size_ = std::max(size_, position);
  }
  return {};
}

Status SlotMedium::Resize(std::int64_t size) {
  is_dirty_ = true;
  const Status resized = handle_.Truncate(size);
  if (!resized.ok()) {
    NoteFailedChange();
    return Describe(resized, "setting the size of");
  }
  size_ = size;
  is_size_known_ = true;
  return {};
}

Status SlotMedium::Flush() {
  if (header_state_ == HeaderState::kPending) {
    if (Status s = WriteHeader(header_); !s.ok()) return s;
  }
  if (!is_dirty_) return {};
  if (Status s = LearnSize(); !s.ok()) return s;
  const Status flushed = handle_.Flush();
  SetDoubtful(!flushed.ok());
  if (!flushed.ok()) return Describe(flushed, "flushing");
  is_dirty_ = false;
  flushed_size_ = size_;
  return {};
}

// How much of it was done is unknown; the size must not be guessed.
void SlotMedium::NoteFailedChange() {
  SetDoubtful(true);
  is_size_known_ = false;
  static_cast<void>(LearnSize());
}

void SlotMedium::SetDoubtful(bool is_doubtful) {
  if (is_doubtful_ == is_doubtful) return;
  is_doubtful_ = is_doubtful;
  unsettled_count_ += is_doubtful ? 1 : -1;
}

Status SlotMedium::LearnSize() { return is_size_known_ ? Status() : AskSize(); }

Status SlotMedium::AskSize() {
  const auto size = handle_.Size();
  if (!size.ok()) return Describe(size.status(), "asking for the size of");
  size_ = size.value();
  is_size_known_ = true;
  return {};
}

Status SlotMedium::Describe(const Status& cause, const char* action) const {
  Text text(action);
  text.Append(" ");
  if (file_ != nullptr) {
    text.Append(file_->view());
  } else {
    text.Append("slot ").Append(slot_name_);
  }
  text.Append(": ").Append(cause.text());
  return {cause.code(), text};
}

}  // namespace sahpool
