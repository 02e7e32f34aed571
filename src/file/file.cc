#include "file/file.h"

#include <algorithm>
#include <new>
#include <utility>

namespace sahpool {

std::unique_ptr<File> File::Create(std::unique_ptr<StorageHandle> handle,
                                   std::string_view slot_name, FileContext& context) {
  std::unique_ptr<char[]> name(new (std::nothrow) char[slot_name.size() + 1]);
  if (!name) return nullptr;
  *std::copy(slot_name.begin(), slot_name.end(), name.get()) = '\0';
  return std::unique_ptr<File>(new (std::nothrow)
                                   File(std::move(handle), std::move(name), context));
}

File::File(std::unique_ptr<StorageHandle>&& handle, std::unique_ptr<char[]>&& slot_name,
           FileContext& context)
    : use_(context.watched_changes),
      bytes_(std::move(handle), std::move(slot_name), context, *this) {}

FileKind KindOf(std::uint32_t flags) {
  if ((flags & open_flag::kMainDb) != 0) return FileKind::kDatabase;
  if ((flags & open_flag::kMainJournal) != 0) return FileKind::kJournal;
  return (flags & open_flag::kWal) != 0 ? FileKind::kWal : FileKind::kPlain;
}

void File::Close() {
  bytes_.StopKeeping();
  read_cache_.Release();
  wal_ = {};
}

Status File::Read(std::span<std::byte> into, std::int64_t offset, FileKind opened_as) {
  if (opened_as != FileKind::kDatabase || !bytes_.kept().is_started()) {
    return bytes_.Read(into, offset);
  }
  FileContext& context = bytes_.context();
  return read_cache_.Read(bytes_, into, offset, context.read_ahead_bytes,
                          context.meter.stats().read_ahead_hits);
}

Status File::Write(std::span<const std::byte> bytes, std::int64_t offset, FileKind opened_as) {
  use_.NoteChange(offset);
  Status status = opened_as == FileKind::kJournal ? WriteJournal(bytes, offset)
                  : opened_as == FileKind::kWal   ? WriteWal(bytes, offset)
                                                  : KeepOrWrite(bytes, offset);
  // The bytes of an import, whose file is not open, can't be looked at: they may be the host's.
  if (!bytes_.kept().is_started()) return status;
  if (status.ok()) {
    read_cache_.OnWrite(bytes, offset);
  } else {
    read_cache_.Clear();
  }
  return status;
}

Status File::WriteJournal(std::span<const std::byte> bytes, std::int64_t offset) {
  if (SealedJournal::IsEnd(bytes, offset)) {
    if (Status s = journal_.RenounceSeal(); !s.ok()) return s;
    // One of which a part could not be handed over is emptied: the zeros might find no room either.
    if (bytes_.is_given_up()) return Truncate(0);
  }
  // With an exclusive lock nothing else tells that the transaction before, which could only be
  // undone, has ended.
  if (SealedJournal::IsBeginning(bytes, offset) && bytes_.is_given_up()) ForgetKept();
  if (Status s = KeepOrWrite(bytes, offset); !s.ok()) return s;
  journal_.AfterWrite(bytes, offset);
  return {};
}

// With synchronous=NORMAL no other call follows that could fail.
Status File::WriteWal(std::span<const std::byte> bytes, std::int64_t offset) {
  Status status = KeepOrWrite(bytes, offset);
  if (wal_.CompletesCommit(bytes, offset) && status.ok()) status = Drain();
  if (!status.ok()) ForgetKept();
  return status;
}

// What vouches for the bytes before goes first, whoever writes.
Status File::KeepOrWrite(std::span<const std::byte> bytes, std::int64_t offset) {
  if (Status s = journal_.BeforeWrite(offset); !s.ok()) return s;
  if (Status s = commits_.BeforeWrite(); !s.ok()) return s;
  if (bytes_.kept().Put(bytes, offset)) return {};
  if (Status s = Drain(); !s.ok()) return s;
  if (bytes_.kept().Put(bytes, offset)) return {};
  if (!journal_.is_written()) {
    if (Status s = journal_.RenounceSeal(); !s.ok()) return s;
  }
  if (Status s = commits_.VoidRecord(); !s.ok()) return s;
  if (Status s = bytes_.CutLeftovers(); !s.ok()) return s;
  return bytes_.Write(bytes, offset);
}

Status File::Drain() {
  if (bytes_.kept().empty() || bytes_.is_given_up()) return {};
  bytes_.kept().Arrange();
  if (!journal_.is_written()) return journal_.HandOver();
  if (kind() == FileKind::kDatabase) return commits_.HandOver();
  if (Status s = bytes_.CutLeftovers(); !s.ok()) return s;
  // Of a journal the beginning comes last: its record count must not be there before what ends the
  // journal is, such as the zero that SQLite writes over a header of an earlier transaction.
  return bytes_.HandOver({}, kind() == FileKind::kJournal);
}

Status File::Truncate(std::int64_t size) {
  use_.NoteChange(size);
  read_cache_.OnTruncate(size);
  if (Status s = journal_.RenounceSeal(); !s.ok()) return s;
  if (bytes_.CutKept(size)) return {};
  if (Status s = commits_.VoidRecord(); !s.ok()) return s;
  return bytes_.Cut(size);
}

Status File::Sync() {
  if (Status s = Drain(); !s.ok()) return s;
  if (kind() == FileKind::kWal && bytes_.kept().is_started()) WalFrames::GrowAhead(bytes_);
  return slot().Flush();
}

void File::ForgetKept() {
  use_.NoteChange(0);
  read_cache_.Clear();
  bytes_.ForgetKept();
  journal_.OnForget();
}

Status File::SetFree(Deletion deletion) {
  if (journal_.is_incomplete()) {
    bytes_.StopKeeping();
    if (journal_.is_untouched()) {
      journal_.Drop();
      ForgetContent();
      return {};
    }
  }
  if (slot().state() == SlotState::kTemporary) {
    slot().BecomeFree(Residue::kUnknown);
    ForgetContent();
    return bytes_.Cut(0);
  }
  Status freed = deletion == Deletion::kMayComeBack ? journal_.Retire() : slot().SetFree();
  if (slot().state() == SlotState::kFree) ForgetContent();
  return freed;
}

void File::Abandon() {
  slot().BecomeFree(Residue::kUnknown);
  slot().medium().SetHeader(EncodeFreeHeader(), HeaderState::kPending);
  ForgetContent();
}

Status File::MakeClean() {
  if (slot().residue() != Residue::kNone) journal_.Reset();
  return slot().MakeClean();
}

// What the slot holds now is another's, or nothing. A residue stays what it is.
void File::ForgetContent() {
  use_.NoteChange(0);
  Close();
  if (slot().residue() != Residue::kRetired) journal_.Reset();
  commits_.Reset();
  links.stager = nullptr;
}

}  // namespace sahpool
