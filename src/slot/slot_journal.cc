// The part of Slot that gives rollback journals their seals and databases their commit records.

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <new>

#include "format/byte_order.h"
#include "format/digest64.h"
#include "format/journal_header.h"
#include "slot/slot.h"

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

void Slot::SetNamedJournal(const FileName& name, std::uint32_t flags) {
  journal_ = {
      .is_unwritten = true, .was_retired = is_retired(), .nonce = journal_.nonce, .seal = {}};
  header_pending_ = true;
  is_clean_ = false;
  may_be_named_on_disk_ = true;
  Become(SlotState::kNamed, name, flags | open_flag::kSealedJournal);
  header_ = EncodeNamedHeader(name_.view(), flags_);
}

Status Slot::DropJournal() {
  buffer_.reset();
  if (!header_pending_ || journal_.was_attempted) return SetFree();
  const bool was_retired = journal_.was_retired;
  const std::uint32_t nonce = journal_.nonce;
  const FileName name = name_;
  SetFreeInMemory();
  header_ = EncodeFreeHeader();
  header_pending_ = false;
  may_be_named_on_disk_ = false;
  if (was_retired) {
    SetRetired(name, nonce);
  } else {
    is_clean_ = true;
    Relist();
  }
  return {};
}

Status Slot::Retire() {
  const FileName name = name_;
  const std::uint32_t nonce = journal_.nonce;
  if (Status s = WriteHeader(EncodeFreeHeader()); !s.ok()) return s;
  SetFreeInMemory();
  may_be_named_on_disk_ = false;
  SetRetired(name, nonce);
  return {};
}

void Slot::SetRetired(const FileName& name, std::uint32_t nonce) {
  journal_.nonce = nonce;
  journal_.is_retired = true;
  Become(SlotState::kFree, name, 0);
}

Status Slot::ForgetHidden() {
  if (Status s = CutLeftovers(); !s.ok()) return s;
  return Settle();
}

// Before SQLite's rules hold for what is behind the journal.
Status Slot::CutLeftovers() {
  if (Status s = LearnSize(); !s.ok()) return s;
  return stored_size_ > kSlotDataOffset + own_size() ? Cut(own_size()) : Status();
}

// Behind the journal nothing may stay that could be read as more of it.
Status Slot::RefuseLeftoverHeader(std::span<const std::byte> journal) {
  const auto size = static_cast<std::int64_t>(journal.size());
  const std::int64_t sector = LoadBigEndian32(&journal[kJournalSectorSizeOffset]);
  const std::int64_t beyond_sector = sector > 0 ? size % sector : 0;
  const std::int64_t position =
      kSlotDataOffset + size + (beyond_sector > 0 ? sector - beyond_sector : 0);
  std::array<std::byte, kJournalMagic.size()> found;
  if (stored_size_ < position + static_cast<std::int64_t>(found.size())) return {};
  if (Status s = ReadAll(found, position); !s.ok()) return s;
  return HasJournalMagic(found) ? Cut(size) : Status();
}

// All of the file is kept back, in one piece.
bool Slot::KeepsWholeFile() const {
  const auto extents = buffer_->extents();
  return extents.size() == 1 && extents[0].offset == 0 && size() == buffer_->end();
}

bool Slot::can_wait_for_completion() const {
  if (!is_incomplete_journal() || !has_kept_writes()) return false;
  return KeepsWholeFile();
}

bool Slot::is_sealed() const {
  return journal_.seal.kind() == SealKind::kSealed && !journal_.is_unwritten &&
         !journal_.names_super_journal && !is_dirty_ && !has_kept_writes() &&
         static_cast<std::uint64_t>(size()) == journal_.seal.size;
}

// Header, seal and bytes in one call. What is not complete, or not all there, goes without a seal.
Status Slot::HandOverJournal() {
  if (!journal_.is_complete || !KeepsWholeFile()) {
    if (Status s = RenounceSeal(); !s.ok()) return s;
    return HandOver({});
  }
  const auto bytes = buffer_->BytesOf(buffer_->extents()[0]);
  const JournalSeal seal = JournalSeal::Of(bytes.size(), Digest64(bytes));
  std::array<std::byte, kSlotDataOffset> prefix{};
  std::copy(header_.begin(), header_.end(), prefix.begin());
  const std::uint32_t nonce = NonceOf(bytes);
  const JournalMark mark = JournalMark::Of(nonce, journal_.nonce);
  const JournalNote note{.mark = mark, .seal = seal, .mark_again = mark};
  std::memcpy(&prefix[kJournalNoteOffset], &note, sizeof(note));
  const bool names_super_journal = EndsWithSuperJournal(bytes);
  journal_.was_attempted = true;
  const auto size = static_cast<std::int64_t>(bytes.size());
  // SQLite looks for a super-journal's name at the end of the file.
  if (names_super_journal || CountsToEndOfFile(bytes)) {
    if (Status s = CutLeftovers(); !s.ok()) return s;
  } else if (Status s = RefuseLeftoverHeader(bytes); !s.ok()) {
    return s;
  }
  if (Status s = HandOver(prefix); !s.ok()) return s;
  header_pending_ = false;
  journal_ = {.names_super_journal = names_super_journal,
              .has_leftovers = stored_size_ > kSlotDataOffset + size,
              .nonce = nonce,
              .seal = seal};
  return {};
}

Status Slot::RenounceSeal() {
  if (!has_sealed_flag()) return {};
  // Before SQLite's rules hold, what came before must be gone: it had a seal to tell that it is
  // void.
  if (Status s = CutLeftovers(); !s.ok()) return s;
  if (journal_.is_unwritten && is_dirty_) {
    if (Status s = FlushHandle(); !s.ok()) return s;
  }
  journal_.was_attempted = true;
  const std::uint32_t flags = flags_ & ~open_flag::kSealedJournal;
  if (Status s = WriteHeader(EncodeNamedHeader(name_.view(), flags)); !s.ok()) return s;
  flags_ = flags;
  journal_ = {};
  return {};
}

// One of which a part could not be handed over is emptied: the zeros might find no room either.
Status Slot::Void(std::span<const std::byte> zeros) {
  if (Status s = RenounceSeal(); !s.ok()) return s;
  return is_given_up_ ? Truncate(0) : Write(zeros, 0);
}

// What a database keeps back, with a commit record when that was asked for and is possible.
Status Slot::HandOverCommit() {
  const auto extents = buffer_->extents();
  const bool can_record = transaction_.journal_digest != 0 && !transaction_.has_changes &&
                          extents.size() <= CommitRecord::kMaxRuns;
  if (Status s = NoteChange(); !s.ok()) return s;
  if (!can_record) {
    transaction_.journal_digest = 0;
    return HandOver({});
  }
  CommitRecord record{.journal_digest = transaction_.journal_digest, .database_size = size()};
  for (const WriteBuffer::Extent& extent : extents) {
    const auto bytes = buffer_->BytesOf(extent);
    record.runs[static_cast<std::size_t>(record.run_count++)] = {
        .offset = extent.offset, .size = static_cast<std::int64_t>(bytes.size())};
    record.digest = Digest64(bytes, record.digest);
  }
  record.Close();
  transaction_.has_record = true;
  Status handed_over = HandOver(std::as_bytes(std::span(&record, 1)));
  transaction_.is_recorded = handed_over.ok();
  return handed_over;
}

// When the transaction goes on, or goes wrong, after its record was written, the record must not
// vouch for what it does not know of.
Status Slot::NoteChange() {
  transaction_.has_changes = true;
  transaction_.is_recorded = false;
  if (!transaction_.has_record) return {};
  const std::array<std::byte, 8> nothing{};
  if (Status s = WriteAll(nothing, kAnnexOffset); !s.ok()) return s;
  if (Status s = FlushHandle(); !s.ok()) return s;
  transaction_.has_record = false;
  transaction_.journal_digest = 0;
  return {};
}

// What the slot is too short for is zeros.
Status Slot::ReadAnnex(std::span<std::byte> into) {
  std::fill(into.begin(), into.end(), std::byte{0});
  const auto present = std::clamp<std::int64_t>(stored_size_ - kAnnexOffset, 0,
                                                static_cast<std::int64_t>(into.size()));
  return ReadAll(into.first(static_cast<std::size_t>(present)), kAnnexOffset);
}

// Adds the digest of that piece of the file, which a note names; `exists` is false where there is
// no such piece.
Status Slot::AddToDigest(std::int64_t offset, std::int64_t size, std::uint64_t& digest,
                         bool& exists) {
  exists = offset >= 0 && size >= 0 && size <= static_cast<std::int64_t>(WriteBuffer::kCapacity) &&
           offset <= this->size() - size;
  if (!exists) return {};
  const auto count = static_cast<std::size_t>(size);
  const std::unique_ptr<std::byte[]> bytes(new (std::nothrow) std::byte[count]);
  if (!bytes) return Status::NoMemory();
  if (Status s = Read({bytes.get(), count}, offset); !s.ok()) return s;
  digest = Digest64({bytes.get(), count}, digest);
  return {};
}

Status Slot::CheckSeal(bool& is_whole) {
  JournalSeal& seal = journal_.seal;
  if (Status s = ReadAnnex(std::as_writable_bytes(std::span(&seal, 1))); !s.ok()) return s;
  is_whole = seal.kind() == SealKind::kSealed;
  if (!is_whole) return {};
  std::uint64_t digest = 0;
  Status status = AddToDigest(0, static_cast<std::int64_t>(seal.size), digest, is_whole);
  is_whole = is_whole && digest == seal.digest;
  return status;
}

Status Slot::CheckOwner(bool& is_foreign) {
  JournalNote note;
  std::array<std::byte, kJournalHeaderFieldsSize> header{};
  is_foreign = false;
  if (size() < static_cast<std::int64_t>(header.size())) return {};
  if (Status s = ReadAll(std::as_writable_bytes(std::span(&note, 1)), kJournalNoteOffset);
      !s.ok()) {
    return s;
  }
  if (Status s = Read(header, 0); !s.ok()) return s;
  const std::uint32_t nonce = NonceOf(header);
  is_foreign = HasJournalMagic(header) && note.seal.kind() == SealKind::kSealed &&
               note.mark.is_valid() && !note.mark.names(nonce) && !note.mark_again.names(nonce);
  return {};
}

Status Slot::CheckCommitOf(std::uint64_t journal_digest, bool& is_committed) {
  CommitRecord record;
  if (Status s = ReadAnnex(std::as_writable_bytes(std::span(&record, 1))); !s.ok()) return s;
  is_committed = record.is_valid() && record.journal_digest == journal_digest &&
                 record.database_size == size();
  std::uint64_t digest = 0;
  for (std::size_t i = 0; is_committed && i < record.run_count; ++i) {
    const auto& [offset, run_size] = record.runs[i];
    if (Status s = AddToDigest(offset, run_size, digest, is_committed); !s.ok()) return s;
  }
  is_committed = is_committed && digest == record.digest;
  return {};
}

}  // namespace sahpool
