#include "file/sealed_journal.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "file/annex_reader.h"
#include "format/byte_order.h"
#include "format/digest64.h"
#include "format/journal_header.h"

namespace sahpool {
namespace {

bool CountsToEndOfFile(std::span<const std::byte> journal) {
  return journal.size() < kJournalHeaderFieldsSize ||
         LoadBigEndian32(&journal[kJournalRecordCountOffset]) == kCountFromFileSize;
}

// 0 of what does not begin as a journal does.
std::uint32_t NonceOf(std::span<const std::byte> journal) {
  return journal.size() >= kJournalHeaderFieldsSize && HasJournalMagic(journal)
             ? LoadBigEndian32(&journal[kJournalNonceOffset])
             : 0;
}

bool EndsWithSuperJournal(std::span<const std::byte> journal) {
  return journal.size() > kJournalMagic.size() &&
         HasJournalMagic(journal.last<kJournalMagic.size()>());
}

}  // namespace

bool SealedJournal::has_flag() const {
  constexpr std::uint32_t kSealed = open_flag::kMainJournal | open_flag::kSealedJournal;
  return (bytes_.slot().flags() & kSealed) == kSealed;
}

void SealedJournal::Begin(const FileName& name, std::uint32_t flags) {
  Slot& slot = bytes_.slot();
  state_ = {.phase = Phase::kBegun, .residue = slot.residue(), .nonce = state_.nonce, .seal = {}};
  bytes_.EndAt(0);
  slot.Claim(name, flags | open_flag::kSealedJournal);
}

Status SealedJournal::BeforeWrite(std::int64_t offset) {
  // A seal stands for these bytes as they are, and SQLite leaves them so; a shim may not.
  return offset < static_cast<std::int64_t>(state_.seal.size) ? RenounceSeal() : Status();
}

void SealedJournal::AfterWrite(std::span<const std::byte> bytes, std::int64_t offset) {
  constexpr std::size_t kMagicAndCountSize = kJournalRecordCountOffset + 4;
  if (state_.phase != Phase::kBegun || offset != 0 || bytes.size() < kMagicAndCountSize) return;
  if (bytes.size() == kMagicAndCountSize ||
      LoadBigEndian32(&bytes[kJournalRecordCountOffset]) != 0) {
    state_.phase = Phase::kComplete;
  }
}

bool SealedJournal::IsBeginning(std::span<const std::byte> bytes, std::int64_t offset) {
  return offset == 0 && bytes.size() > kJournalHeaderFieldsSize;
}

bool SealedJournal::IsEnd(std::span<const std::byte> bytes, std::int64_t offset) {
  return offset == 0 && bytes.size() == kJournalHeaderFieldsSize;
}

// All of the file is kept back, in one piece.
bool SealedJournal::KeepsWholeFile() const {
  const auto extents = bytes_.kept().extents();
  return extents.size() == 1 && extents[0].offset == 0 && bytes_.size() == extents[0].end();
}

bool SealedJournal::can_wait_for_completion() const { return is_incomplete() && KeepsWholeFile(); }

Status SealedJournal::HandOver() {
  if (is_incomplete() || !KeepsWholeFile()) {
    if (Status s = RenounceSeal(); !s.ok()) return s;
    return bytes_.HandOver({}, true);
  }
  SlotMedium& medium = bytes_.slot().medium();
  const auto bytes = bytes_.kept().BytesOf(bytes_.kept().extents()[0]);
  const JournalSeal seal = JournalSeal::Of(bytes.size(), Digest64(bytes));
  std::array<std::byte, kSlotDataOffset> prefix{};
  std::copy(medium.header().begin(), medium.header().end(), prefix.begin());
  const std::uint32_t nonce = NonceOf(bytes);
  const JournalMark mark = JournalMark::Of(nonce, state_.nonce);
  const JournalNote note{.mark = mark, .seal = seal, .mark_again = mark};
  std::memcpy(&prefix[kJournalNoteOffset], &note, sizeof(note));
  const bool names_super_journal = EndsWithSuperJournal(bytes);
  state_.was_attempted = true;
  const auto size = static_cast<std::int64_t>(bytes.size());
  // SQLite looks for a super-journal's name at the end of the file.
  if (names_super_journal || CountsToEndOfFile(bytes)) {
    if (Status s = bytes_.CutLeftovers(); !s.ok()) return s;
  } else if (Status s = RefuseLeftoverHeader(bytes); !s.ok()) {
    return s;
  }
  if (Status s = bytes_.HandOver(prefix); !s.ok()) return s;
  medium.SetHeader(medium.header(), HeaderState::kWritten);
  state_ = {.names_super_journal = names_super_journal, .nonce = nonce, .seal = seal};
  bytes_.EndAt(size);
  return {};
}

// Behind the journal nothing may stay that could be read as more of it.
Status SealedJournal::RefuseLeftoverHeader(std::span<const std::byte> journal) {
  SlotMedium& medium = bytes_.slot().medium();
  const auto size = static_cast<std::int64_t>(journal.size());
  const std::int64_t sector = LoadBigEndian32(&journal[kJournalSectorSizeOffset]);
  const std::int64_t beyond_sector = sector > 0 ? size % sector : 0;
  const std::int64_t position =
      kSlotDataOffset + size + (beyond_sector > 0 ? sector - beyond_sector : 0);
  std::array<std::byte, kJournalMagic.size()> found;
  if (medium.size() < position + static_cast<std::int64_t>(found.size())) return {};
  if (Status s = medium.Read(found, position); !s.ok()) return s;
  return HasJournalMagic(found) ? bytes_.Cut(size) : Status();
}

Status SealedJournal::RenounceSeal() {
  if (!has_flag()) return {};
  // Before SQLite's rules hold, what came before must be gone: it had a seal to tell that it is
  // void.
  if (Status s = bytes_.CutLeftovers(); !s.ok()) return s;
  Slot& slot = bytes_.slot();
  if (!is_written() && slot.medium().is_dirty()) {
    if (Status s = slot.Flush(); !s.ok()) return s;
  }
  const std::uint32_t flags = slot.flags() & ~open_flag::kSealedJournal;
  if (Status s = slot.SetNamed(slot.name(), flags); !s.ok()) return s;
  Reset();
  return {};
}

bool SealedJournal::is_sealed() const {
  return state_.seal.kind() == SealKind::kSealed && is_written() && !state_.names_super_journal &&
         !bytes_.slot().medium().is_dirty() && bytes_.kept().empty() &&
         static_cast<std::uint64_t>(bytes_.size()) == state_.seal.size;
}

Status SealedJournal::CheckSeal(bool& is_whole) {
  if (Status s = ReadAnnex(bytes_, std::as_writable_bytes(std::span(&state_.seal, 1))); !s.ok()) {
    return s;
  }
  is_whole = seal_kind() == SealKind::kSealed;
  if (!is_whole) return {};
  std::uint64_t digest = 0;
  Status status =
      AddToDigest(bytes_, 0, static_cast<std::int64_t>(state_.seal.size), digest, is_whole);
  is_whole = is_whole && digest == state_.seal.digest;
  return status;
}

Status SealedJournal::CheckOwner(bool& is_foreign) {
  JournalNote note;
  std::array<std::byte, kJournalHeaderFieldsSize> header{};
  is_foreign = false;
  if (bytes_.size() < static_cast<std::int64_t>(header.size())) return {};
  if (Status s = bytes_.slot().medium().Read(std::as_writable_bytes(std::span(&note, 1)),
                                             kJournalNoteOffset);
      !s.ok()) {
    return s;
  }
  if (Status s = bytes_.Read(header, 0); !s.ok()) return s;
  const std::uint32_t nonce = NonceOf(header);
  is_foreign = HasJournalMagic(header) && note.seal.kind() == SealKind::kSealed &&
               note.mark.is_valid() && !note.mark.names(nonce) && !note.mark_again.names(nonce);
  return {};
}

Status SealedJournal::Retire() {
  Slot& slot = bytes_.slot();
  if (Status s = slot.medium().WriteHeader(EncodeFreeHeader()); !s.ok()) return s;
  const std::uint32_t nonce = state_.nonce;
  Reset();
  state_.nonce = nonce;
  bytes_.EndAt(0);
  slot.BecomeFree(Residue::kRetired);
  return {};
}

bool SealedJournal::is_untouched() const {
  return !state_.was_attempted &&
         bytes_.slot().medium().header_state() == HeaderState::kGoesWithBytes;
}

void SealedJournal::Drop() {
  Slot& slot = bytes_.slot();
  state_.phase = Phase::kWritten;
  slot.medium().SetHeader(EncodeFreeHeader(), HeaderState::kWritten);
  slot.BecomeFree(state_.residue);
}

void SealedJournal::Reset() {
  state_ = {};
  bytes_.EndWithSlot();
}

}  // namespace sahpool
