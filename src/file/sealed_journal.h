// What a rollback journal has beside its bytes: a seal in its slot (format/annex.h), with which its
// bytes go out, and a slot that it may take over from the journal before it.
//
// SQLite writes a journal's header, a sector with zeros for the magic and the record count (or,
// when it will not flush, with a count that means "all"), then the records, and at last magic and
// count.
// Threads: none of its own; the pool's owner serialises calls. Ownership: the bytes outlive it.
// Errors: those of the slot's medium.
#ifndef SAHPOOL_FILE_SEALED_JOURNAL_H_
#define SAHPOOL_FILE_SEALED_JOURNAL_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "file/file_bytes.h"
#include "format/annex.h"
#include "format/file_name.h"
#include "sahpool/status.h"

namespace sahpool {

class SealedJournal {
 public:
  explicit SealedJournal(FileBytes& bytes) : bytes_(bytes) {}

  // Whether the header says that the file is a journal with a seal.
  bool has_flag() const;

  // A new journal, in a free slot that is clean or has the residue of one. Nothing is written: the
  // header goes out with the journal's bytes and their seal.
  void Begin(const FileName& name, std::uint32_t flags);
  // Before anything is written there.
  Status BeforeWrite(std::int64_t offset);
  // After that: whether what is there now is all that undoes the transaction.
  void AfterWrite(std::span<const std::byte> bytes, std::int64_t offset);
  // Whether those bytes are the sector of a first header.
  static bool IsBeginning(std::span<const std::byte> bytes, std::int64_t offset);
  // Whether those bytes are the zeros over a header's fields that end a transaction, in the journal
  // mode PERSIST.
  static bool IsEnd(std::span<const std::byte> bytes, std::int64_t offset);
  // Nothing of the journal has been handed over, and nothing relies on it yet, so that there is
  // nothing to flush and, when it is deleted, nothing to delete.
  bool is_incomplete() const { return state_.phase == Phase::kBegun; }
  // The same, and a seal can take the place of the flush that SQLite asks for before it writes the
  // record count.
  bool can_wait_for_completion() const;
  // When what is kept back is forgotten.
  void OnForget() {
    if (state_.phase == Phase::kComplete) state_.phase = Phase::kBegun;
  }
  // Hands over header, seal and bytes in one call. What is not complete, or not all there, goes
  // without a seal.
  Status HandOver();
  bool is_written() const { return state_.phase == Phase::kWritten; }
  // From now on SQLite's own rules hold for the journal: of one that is written in another way than
  // once from its beginning. Writes the header, if need be.
  Status RenounceSeal();

  // Whether the seal stands for all of the journal, durably, and for one database alone.
  bool is_sealed() const;
  std::uint64_t digest() const { return state_.seal.digest; }
  // Of a start: reads the seal, and whether the journal's bytes agree with it.
  Status CheckSeal(bool& is_whole);
  SealKind seal_kind() const { return state_.seal.kind(); }
  // Of one that doesn't agree: whether it can't be what a crash has left of a journal of ours, but
  // another implementation has written it into the slot of one.
  Status CheckOwner(bool& is_foreign);

  // Deletes a journal that is void because a commit record stands. That is not durable, and the
  // slot is free, but remembers the name: the journal may come back after a crash, until a flush or
  // until the next journal of that name is made durable in this slot. Its bytes stay: to write over
  // them costs a third less than to have the disk allocate them again.
  Status Retire();
  // Whether an incomplete journal has left no trace in its slot.
  bool is_untouched() const;
  // Deletes that: the slot is as it was before.
  void Drop();
  // When the slot is to hold something else.
  void Reset();

 private:
  // How far the handing over of a new journal is; kWritten of everything else.
  enum class Phase : std::uint8_t {
    kWritten,   // in the slot, if there is one
    kBegun,     // nothing of it has been handed over
    kComplete,  // the same, and SQLite has written the record count
  };

  Status RefuseLeftoverHeader(std::span<const std::byte> journal);
  bool KeepsWholeFile() const;

  struct State {
    Phase phase = Phase::kWritten;
    bool was_attempted = false;  // to hand something over
    bool names_super_journal = false;
    Residue residue = Residue::kNone;  // of the slot, before it
    std::uint32_t nonce = 0;           // of the last journal whose bytes were written to the slot
    JournalSeal seal;                  // in the slot
  };

  FileBytes& bytes_;
  State state_;
};

}  // namespace sahpool

#endif  // SAHPOOL_FILE_SEALED_JOURNAL_H_
