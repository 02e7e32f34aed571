#include "slot/slot.h"

#include <algorithm>
#include <array>
#include <new>

#include "format/database_header.h"

namespace sahpool {
namespace {

// The name under which slots stand that are reserved, and the flags of these and of what is being
// emptied: they say "temporary", so that every implementation of the format frees them at start.
constexpr std::string_view kTransientName = "/transient";
constexpr std::uint32_t kTransientFlags = open_flag::kTransientDb | open_flag::kDeleteOnClose;

// Some fifteen pages of the usual 4 KiB; a small WAL at most doubles.
constexpr std::int64_t kMaxWalPadding = std::int64_t{64} * 1024;

// Where the path ends is also where a sector does.
bool EndsLike(const SlotHeaderBytes& header, const SlotHeaderBytes& other) {
  return std::equal(header.begin() + kSlotFlagsOffset, header.end(),
                    other.begin() + kSlotFlagsOffset);
}

bool IsHalf(const SlotHeaderBytes& header, const SlotHeaderBytes& other) {
  return EndsLike(header, other) ||
         std::equal(header.begin(), header.begin() + kSlotFlagsOffset, other.begin());
}

}  // namespace

std::unique_ptr<Slot> Slot::Create(std::unique_ptr<StorageHandle> handle,
                                   std::string_view slot_name, SlotLists& lists,
                                   StorageMeter& meter) {
  std::unique_ptr<Slot> slot(new (std::nothrow) Slot(std::move(handle), lists, meter));
  if (!slot) return nullptr;
  slot->slot_name_.reset(new (std::nothrow) char[slot_name.size() + 1]);
  if (!slot->slot_name_) return nullptr;
  std::copy(slot_name.begin(), slot_name.end(), slot->slot_name_.get());
  slot->slot_name_[slot_name.size()] = '\0';
  slot->slot_name_size_ = slot_name.size();
  return slot;
}

Status Slot::Load() {
  const auto size = AskSize();
  if (!size.ok()) return Describe(size.status(), "asking for the size of");
  stored_size_ = size.value();
  // A killed process leaves changes that can be seen and that a power loss can still take away.
  is_dirty_ = true;
  is_doubtful_ = true;
  CountUnsettled();

  header_ = EncodeFreeHeader();
  const auto present =
      static_cast<std::size_t>(std::min<std::int64_t>(stored_size_, kSlotHeaderSize));
  if (present > 0) {
    if (Status s = ReadAll(std::span(header_).first(present), 0); !s.ok()) return s;
  }
  const auto holds_database = StartsLikeDatabase();
  if (!holds_database.ok()) return holds_database.status();
  Classify(DecodeHeader(header_), holds_database.value());
  return {};
}

void Slot::Classify(const DecodedHeader& header, bool holds_database) {
  is_clean_ = false;
  switch (header.kind) {
    case HeaderKind::kFree:
      if (holds_database) {
        return QuarantineUnread(header, "the header is empty but a database follows");
      }
      Become(SlotState::kFree, {}, 0);
      return;
    case HeaderKind::kTemporary:
      // Without a digest one flipped bit would make a database look like a leftover.
      if (holds_database && !header.has_digest) {
        return QuarantineUnread(header, "the header says temporary file but a database follows");
      }
      Become(SlotState::kFree, {}, 0);
      return;
    case HeaderKind::kNamed:
      if (auto name = FileName::FromStored(header.path); name.ok()) {
        Become(SlotState::kNamed, name.value(), header.flags);
        return;
      }
      return QuarantineUnread(header, "the header's path is too long");
    case HeaderKind::kUnbelievable:
      return QuarantineUnread(header, header.reason);
  }
}

void Slot::QuarantineUnread(const DecodedHeader& header, std::string_view reason) {
  quarantine_reason_ = reason;
  const auto claimed = FileName::FromStored(header.path.substr(0, kMaxStoredPathSize));
  Become(SlotState::kQuarantined, claimed.ok() ? claimed.value() : FileName(), header.flags);
}

bool Slot::MayHold(const FileName& name) const {
  if (name_ != name && !EndsLike(header_, EncodeNamedHeader(name.view(), flags_))) return false;
  return size() > 0 && !IsHalf(header_, EncodeFreeHeader()) &&
         !IsHalf(header_, EncodeNamedHeader(kTransientName, kTransientFlags));
}

Result<bool> Slot::StartsLikeDatabase() {
  std::array<std::byte, kDatabaseMagicSize> start;
  if (stored_size_ < kSlotDataOffset + static_cast<std::int64_t>(start.size())) return false;
  if (Status s = ReadAll(start, kSlotDataOffset); !s.ok()) return s;
  return HasDatabaseMagic(start);
}

std::int64_t Slot::size() const {
  const std::int64_t handed_over = own_size();
  return buffer_ ? std::max(handed_over, buffer_->end()) : handed_over;
}

// Of what was handed over, without what retired journals have left behind it.
std::int64_t Slot::own_size() const {
  if (journal_.is_unwritten || journal_.is_retired) return 0;
  if (journal_.has_leftovers) return static_cast<std::int64_t>(journal_.seal.size);
  return std::max<std::int64_t>(stored_size_ - kSlotDataOffset, 0);
}

Status Slot::Read(std::span<std::byte> into, std::int64_t offset) {
  const bool is_within = offset + static_cast<std::int64_t>(into.size()) <= size();
  if (!has_kept_writes() || !is_within) return ReadAll(into, kSlotDataOffset + offset);
  if (!buffer_->Covers(offset, into.size())) {
    if (Status s = ReadStored(into, offset); !s.ok()) return s;
  }
  buffer_->Overlay(into, offset);
  return {};
}

// Fills `into` with what was handed over; between that and what is kept back there are zeros.
Status Slot::ReadStored(std::span<std::byte> into, std::int64_t offset) {
  const auto present = static_cast<std::size_t>(
      std::clamp<std::int64_t>(own_size() - offset, 0, static_cast<std::int64_t>(into.size())));
  const auto missing = into.subspan(present);
  std::fill(missing.begin(), missing.end(), std::byte{0});
  return ReadAll(into.first(present), kSlotDataOffset + offset);
}

void Slot::KeepWrites() {
  if (!buffer_) buffer_.reset(new (std::nothrow) WriteBuffer);
}

Status Slot::Write(std::span<const std::byte> bytes, std::int64_t offset) {
  NoteWatchedChange(offset);
  // A seal stands for these bytes as they are, and SQLite leaves them so; a shim may not.
  if (offset < static_cast<std::int64_t>(journal_.seal.size)) {
    if (Status s = RenounceSeal(); !s.ok()) return s;
  }
  // A record of a commit to which more comes must go before that is in the database, even in part.
  if (transaction_.is_recorded) {
    if (Status s = NoteChange(); !s.ok()) return s;
  }
  if (buffer_ && buffer_->Put(bytes, offset)) return {};
  if (Status s = Drain(); !s.ok()) return s;
  if (buffer_ && buffer_->Put(bytes, offset)) return {};
  if (journal_.is_unwritten) {
    if (Status s = RenounceSeal(); !s.ok()) return s;
  }
  if (Status s = NoteChange(); !s.ok()) return s;
  if (Status s = CutLeftovers(); !s.ok()) return s;
  return WriteAll(bytes, kSlotDataOffset + offset);
}

Status Slot::Drain() {
  if (!has_kept_writes() || is_given_up_) return {};
  buffer_->Arrange();
  if (journal_.is_unwritten) return HandOverJournal();
  if (is_database()) return HandOverCommit();
  if (Status s = CutLeftovers(); !s.ok()) return s;
  return HandOver({});
}

// `prefix` are the bytes that go directly before the file's first one.
Status Slot::HandOver(std::span<const std::byte> prefix) {
  auto extents = buffer_->extents();
  if (!prefix.empty()) {
    const auto joined = buffer_->PrefixOfFirst(prefix);
    const auto position = kSlotDataOffset - static_cast<std::int64_t>(prefix.size());
    if (Status s = WriteAll(joined.empty() ? prefix : joined, position); !s.ok()) return s;
    if (!joined.empty()) extents = extents.subspan(1);
  }
  // Of a journal the beginning comes last: its record count must not be there before what ends the
  // journal is, such as the zero that SQLite writes over a header of an earlier transaction.
  for (std::size_t i = 0; i < extents.size(); ++i) {
    const WriteBuffer::Extent& extent = extents[is_journal() ? extents.size() - 1 - i : i];
    if (Status s = WriteAll(buffer_->BytesOf(extent), kSlotDataOffset + extent.offset); !s.ok()) {
      return s;
    }
  }
  meter_.stats().merged_writes +=
      buffer_->put_count() - static_cast<std::int64_t>(buffer_->extent_count());
  buffer_->Clear();
  return {};
}

Status Slot::Truncate(std::int64_t size) {
  NoteWatchedChange(size);
  if (buffer_) {
    buffer_->Cut(size);
    is_given_up_ = is_given_up_ && !buffer_->empty();
    if (!buffer_->empty() && buffer_->end() == size && this->size() == size) return {};
  }
  if (Status s = NoteChange(); !s.ok()) return s;
  return Cut(size);
}

Status Slot::Cut(std::int64_t size) {
  is_dirty_ = true;
  const Status truncated = meter_.Measure(
      &StorageStats::truncates, [&] { return handle_->Truncate(kSlotDataOffset + size); });
  if (const Status& s = truncated; !s.ok()) {
    NoteFailedChange();
    return Describe(s, "setting the size of");
  }
  stored_size_ = kSlotDataOffset + size;
  is_size_known_ = true;
  journal_.has_leftovers = false;
  return {};
}

// The header of a new journal goes out with its bytes: what its slot holds yet is another's.
Status Slot::WritePendingHeader() {
  return header_pending_ && !journal_.is_unwritten ? WriteHeader(header_) : Status();
}

Status Slot::Settle() {
  if (Status s = WritePendingHeader(); !s.ok()) return s;
  return is_dirty_ ? FlushHandle() : Status();
}

Status Slot::Flush() {
  if (Status s = WritePendingHeader(); !s.ok()) return s;
  if (Status s = Drain(); !s.ok()) return s;
  if (buffer_ && is_wal()) GrowAhead();
  return is_dirty_ ? FlushHandle() : Status();
}

// A flush that makes the file longer takes the disk twice as long as one of bytes that it has: so a
// WAL that has grown is made longer than its frames. SQLite stops reading at zeros as it does at
// the frames of an earlier round. Where that fails nothing is lost.
void Slot::GrowAhead() {
  const std::int64_t growth = stored_size_ - flushed_size_;
  const std::int64_t padding = std::min(kMaxWalPadding, size());
  if (growth <= 0 || growth > padding) return;
  const auto count = static_cast<std::size_t>(padding);
  const std::unique_ptr<std::byte[]> zeros(new (std::nothrow) std::byte[count]());
  if (zeros) static_cast<void>(WriteAll({zeros.get(), count}, stored_size_));
}

Status Slot::FlushHandle() {
  if (Status s = LearnSize(); !s.ok()) return s;
  if (Status s = meter_.Measure(&StorageStats::flushes, [&] { return handle_->Flush(); });
      !s.ok()) {
    is_doubtful_ = true;
    CountUnsettled();
    return Describe(s, "flushing");
  }
  is_dirty_ = false;
  is_doubtful_ = false;
  flushed_size_ = stored_size_;
  may_be_named_on_disk_ = state_ == SlotState::kNamed;
  CountUnsettled();
  return {};
}

Status Slot::SetNamed(const FileName& name, std::uint32_t flags) {
  may_be_named_on_disk_ = true;
  const Status written = WriteHeader(EncodeNamedHeader(name.view(), flags));
  if (written.ok()) {
    Become(SlotState::kNamed, name, flags);
  } else {
    CountUnsettled();
  }
  return written;
}

Status Slot::SetTemporary(SlotState state) {
  if (Status s = WriteHeader(EncodeNamedHeader(kTransientName, kTransientFlags)); !s.ok()) return s;
  Become(state, {}, kTransientFlags);
  return {};
}

Status Slot::SetFree() {
  if (is_database() && size() > 0) {
    if (Status s = MarkForDeletion(); !s.ok()) return s;
  } else if (flags_ != kTransientFlags) {
    if (Status s = WriteHeader(EncodeFreeHeader()); !s.ok()) return s;
  }
  SetFreeInMemory();
  if (MakeClean().ok() || !may_be_named_on_disk_) return {};
  return Flush();
}

// Makes the header a temporary file's, durably, or leaves the slot as it was. The path stays: where
// an old header has no digest, a torn one would be believed.
Status Slot::MarkForDeletion() {
  const SlotHeaderBytes old_header = header_;
  if (Status s = WriteHeader(WithFlags(header_, kTransientFlags)); !s.ok()) return s;
  const Status flushed = Flush();
  if (flushed.ok()) {
    may_be_named_on_disk_ = false;
  } else if (!WriteHeader(old_header).ok()) {
    header_ = old_header;
    header_pending_ = true;
  }
  return flushed;
}

void Slot::Abandon() {
  SetFreeInMemory();
  header_ = EncodeFreeHeader();
  header_pending_ = true;
}

Status Slot::ReleaseTemporary() {
  SetFreeInMemory();
  return Truncate(0);
}

void Slot::SetFreeInMemory() {
  NoteWatchedChange(0);
  is_clean_ = false;
  buffer_.reset();
  is_given_up_ = false;
  journal_ = {};
  transaction_ = {};
  Become(SlotState::kFree, {}, 0);
}

Status Slot::MakeClean() {
  if (is_clean_) return {};
  journal_ = {};
  if (!looks_clean()) {
    if (Status s = Truncate(0); !s.ok()) return s;
  }
  if (header_ != EncodeFreeHeader() || header_pending_) {
    // While bytes are left, even after a crash, the header must not call the slot empty.
    if (Status s = Flush(); !s.ok()) return s;
    if (Status s = WriteHeader(EncodeFreeHeader()); !s.ok()) return s;
  }
  if (Status s = Flush(); !s.ok()) return s;
  is_clean_ = true;
  Relist();
  return {};
}

// Writes `header` and keeps it as the slot's, or puts the old one back: a torn header must not be
// what the next start finds.
Status Slot::WriteHeader(const SlotHeaderBytes& header) {
  is_clean_ = false;
  Status written = WriteAll(header, 0);
  if (written.ok()) {
    header_ = header;
    header_pending_ = false;
    return {};
  }
  header_pending_ = !WriteAll(header_, 0).ok();
  return written;
}

}  // namespace sahpool
