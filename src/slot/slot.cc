#include "slot/slot.h"

#include <algorithm>
#include <array>
#include <utility>

#include "format/database_header.h"

namespace sahpool {
namespace {

// The name under which slots stand that are reserved, and the flags of these and of what is being
// emptied: they say "temporary", so that every implementation of the format frees them at start.
constexpr std::string_view kTransientName = "/transient";
constexpr std::uint32_t kTransientFlags = open_flag::kTransientDb | open_flag::kDeleteOnClose;

// Where the path ends is also where a sector does.
bool EndsLike(const SlotHeaderBytes& header, const SlotHeaderBytes& other) {
  return std::equal(header.begin() + kSlotFlagsOffset, header.end(),
                    other.begin() + kSlotFlagsOffset);
}

bool IsHalf(const SlotHeaderBytes& header, const SlotHeaderBytes& other) {
  return EndsLike(header, other) ||
         std::equal(header.begin(), header.begin() + kSlotFlagsOffset, other.begin());
}

std::size_t Index(auto value) { return static_cast<std::size_t>(value); }

}  // namespace

Slot::Slot(std::unique_ptr<StorageHandle>&& handle, std::unique_ptr<char[]>&& slot_name,
           StorageMeter& meter, SlotLists& lists, File& file)
    : lists_(lists),
      by_name_(*this, file),
      free_(*this, file),
      slot_name_(std::move(slot_name)),
      medium_(std::move(handle), meter, lists.unsettled_count) {
  lists_.MakeRoom();
  ++lists_.count;
  ++lists_.counts[Index(state_)];
  Become(SlotState::kFree, nullptr, 0);
}

void Slot::Unlist() {
  if (!is_listed_) return;
  is_listed_ = false;
  SetMayBeNamed(false);
  by_name_.Leave();
  free_.Leave();
  --lists_.count;
  --lists_.counts[Index(state_)];
  ++lists_.changes;
}

Status Slot::Load() {
  if (Status s = medium_.Open(); !s.ok()) return s;
  const auto holds_database = StartsLikeDatabase();
  if (!holds_database.ok()) return holds_database.status();
  Classify(DecodeHeader(medium_.header()), holds_database.value());
  return {};
}

void Slot::Classify(const DecodedHeader& header, bool holds_database) {
  switch (header.kind) {
    case HeaderKind::kFree:
      if (holds_database) {
        return QuarantineUnread(header, "the header is empty but a database follows");
      }
      return Become(SlotState::kFree, nullptr, 0);
    case HeaderKind::kTemporary:
      // Without a digest one flipped bit would make a database look like a leftover.
      if (holds_database && !header.has_digest) {
        return QuarantineUnread(header, "the header says temporary file but a database follows");
      }
      return Become(SlotState::kFree, nullptr, 0);
    case HeaderKind::kNamed:
      if (auto name = FileName::FromStored(header.path); name.ok()) {
        return Become(SlotState::kNamed, &name.value(), header.flags);
      }
      return QuarantineUnread(header, "the header's path is too long");
    case HeaderKind::kUnbelievable:
      return QuarantineUnread(header, header.reason);
  }
}

void Slot::QuarantineUnread(const DecodedHeader& header, std::string_view reason) {
  quarantine_reason_ = reason;
  const auto claimed = FileName::FromStored(header.path.substr(0, kMaxStoredPathSize));
  Become(SlotState::kQuarantined, claimed.ok() ? &claimed.value() : nullptr, header.flags);
}

void Slot::Quarantine(std::string_view reason) {
  quarantine_reason_ = reason;
  Become(SlotState::kQuarantined, &name_, flags_);
}

bool Slot::MayHold(const FileName& name) const {
  const SlotHeaderBytes& header = medium_.header();
  if (name_ != name && !EndsLike(header, EncodeNamedHeader(name.view(), flags_))) return false;
  return medium_.size() > kSlotDataOffset && !IsHalf(header, EncodeFreeHeader()) &&
         !IsHalf(header, EncodeNamedHeader(kTransientName, kTransientFlags));
}

Result<bool> Slot::StartsLikeDatabase() {
  std::array<std::byte, kDatabaseMagicSize> start;
  if (medium_.size() < kSlotDataOffset + static_cast<std::int64_t>(start.size())) return false;
  if (Status s = medium_.Read(start, kSlotDataOffset); !s.ok()) return s;
  return HasDatabaseMagic(start);
}

void Slot::Become(SlotState state, const FileName* name, std::uint32_t flags, Residue residue) {
  --lists_.counts[Index(state_)];
  ++lists_.counts[Index(state)];
  ++lists_.changes;
  state_ = state;
  name_ = name != nullptr ? *name : FileName();
  flags_ = flags;
  medium_.Name(slot_name(), state == SlotState::kNamed ? &name_ : nullptr);
  by_name_.Leave();
  if (!name_.empty()) by_name_.Enter(lists_.BucketOf(name_.view(), {}));
  SetResidue(residue);
  SetMayBeNamed(may_be_named_);
}

void Slot::SetResidue(Residue residue) {
  residue_ = residue;
  free_.Leave();
  if (state_ == SlotState::kFree) free_.Enter(lists_.free[Index(residue)]);
}

// One reason to settle is counted here, the other by the medium.
void Slot::SetMayBeNamed(bool may_be_named) {
  may_be_named_ = may_be_named;
  const bool is_misnamed =
      may_be_named && state_ != SlotState::kNamed && state_ != SlotState::kQuarantined;
  if (is_misnamed == is_misnamed_) return;
  is_misnamed_ = is_misnamed;
  lists_.unsettled_count += is_misnamed ? 1 : -1;
}

Status Slot::WriteHeader(const SlotHeaderBytes& header) {
  if (residue_ == Residue::kNone) SetResidue(Residue::kUnknown);
  return medium_.WriteHeader(header);
}

Status Slot::SetNamed(const FileName& name, std::uint32_t flags) {
  SetMayBeNamed(true);
  const Status written = WriteHeader(EncodeNamedHeader(name.view(), flags));
  if (written.ok()) Become(SlotState::kNamed, &name, flags);
  return written;
}

Status Slot::SetTemporary(SlotState state) {
  if (Status s = WriteHeader(EncodeNamedHeader(kTransientName, kTransientFlags)); !s.ok()) return s;
  Become(state, nullptr, kTransientFlags);
  return {};
}

void Slot::Claim(const FileName& name, std::uint32_t flags) {
  may_be_named_ = true;
  Become(SlotState::kNamed, &name, flags);
  medium_.SetHeader(EncodeNamedHeader(name.view(), flags), HeaderState::kGoesWithBytes);
}

Status Slot::SetFree() {
  if ((flags_ & open_flag::kMainDb) != 0 && medium_.size() > kSlotDataOffset) {
    if (Status s = MarkForDeletion(); !s.ok()) return s;
  } else if (flags_ != kTransientFlags) {
    if (Status s = WriteHeader(EncodeFreeHeader()); !s.ok()) return s;
  }
  BecomeFree(Residue::kUnknown);
  if (MakeClean().ok() || !may_be_named_) return {};
  return Flush();
}

// Makes the header a temporary file's, durably, or leaves the slot as it was. The path stays: where
// an old header has no digest, a torn one would be believed.
Status Slot::MarkForDeletion() {
  const SlotHeaderBytes old_header = medium_.header();
  if (Status s = WriteHeader(WithFlags(old_header, kTransientFlags)); !s.ok()) return s;
  const Status flushed = Flush();
  if (flushed.ok()) {
    SetMayBeNamed(false);
  } else if (!medium_.WriteHeader(old_header).ok()) {
    medium_.SetHeader(old_header, HeaderState::kPending);
  }
  return flushed;
}

void Slot::BecomeFree(Residue residue) {
  Become(SlotState::kFree, residue == Residue::kRetired ? &name_ : nullptr, 0, residue);
  if (residue != Residue::kUnknown) SetMayBeNamed(false);
}

Status Slot::MakeClean() {
  if (residue_ == Residue::kNone) return {};
  if (residue_ == Residue::kRetired) SetResidue(Residue::kUnknown);
  if (!medium_.looks_empty()) {
    if (Status s = medium_.Resize(kSlotDataOffset); !s.ok()) return s;
  }
  if (medium_.header() != EncodeFreeHeader() || medium_.header_state() != HeaderState::kWritten) {
    // While bytes are left, even after a crash, the header must not call the slot empty.
    if (Status s = Flush(); !s.ok()) return s;
    if (Status s = medium_.WriteHeader(EncodeFreeHeader()); !s.ok()) return s;
  }
  if (Status s = Flush(); !s.ok()) return s;
  SetResidue(Residue::kNone);
  return {};
}

Status Slot::Flush() {
  Status flushed = medium_.Flush();
  if (flushed.ok()) SetMayBeNamed(state_ == SlotState::kNamed);
  return flushed;
}

}  // namespace sahpool
