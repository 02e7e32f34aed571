// A slot: one storage handle with its header, its state and its size.
//
// The pool owns its slots and their handles exclusively, so name, flags and size are answered from
// memory; only bytes, truncation and flushes go to the handle. Every count that the handle returns
// is compared with what was asked.
// While a file is open its writes may be kept back (slot/write_buffer.h): Drain() hands them over,
// and whoever reads, cuts or flushes the file need not know. A Drain() that fails keeps them until
// ForgetKeptWrites().
// Threads: none of its own; the pool's owner serialises calls.
// Errors: Status with the host's text. A failed header write leaves the slot's name in memory as it
// was and the header is written again by the next Flush().
#ifndef SAHPOOL_SLOT_SLOT_H_
#define SAHPOOL_SLOT_SLOT_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "format/annex.h"
#include "format/byte_source.h"
#include "format/file_name.h"
#include "format/slot_header.h"
#include "sahpool/status.h"
#include "slot/slot_lists.h"
#include "slot/write_buffer.h"
#include "storage/storage.h"
#include "storage/storage_meter.h"

namespace sahpool {

enum class SlotState : std::uint8_t {
  kFree,         // holds no file
  kNamed,        // holds the file name()
  kTemporary,    // holds a nameless temporary file of an open connection
  kReserved,     // is being filled by an import
  kQuarantined,  // holds bytes whose header can't be believed; touched only on request
};

class Slot final : public ByteSource {
 public:
  // Takes over `handle`. `slot_name` is the host's file name. Null when memory has run out.
  // `lists`, in which it is until Unlist() or its end, and `meter` outlive the slot.
  static std::unique_ptr<Slot> Create(std::unique_ptr<StorageHandle> handle,
                                      std::string_view slot_name, SlotLists& lists,
                                      StorageMeter& meter);
  ~Slot() { Unlist(); }
  // Before somebody else takes it over, who changes nothing by it.
  [[gnu::noinline]] void Unlist();

  // Asks the handle for its size and, where there is one, reads the header: sets state, name and
  // flags, or the reason for a quarantine. Writes nothing.
  Status Load();

  std::string_view slot_name() const { return {slot_name_.get(), slot_name_size_}; }
  SlotState state() const { return state_; }
  const FileName& name() const { return name_; }
  std::uint32_t flags() const { return flags_; }
  bool is_database() const { return (flags_ & open_flag::kMainDb) != 0; }
  bool is_journal() const { return (flags_ & open_flag::kMainJournal) != 0; }
  bool is_wal() const { return (flags_ & open_flag::kWal) != 0; }
  std::string_view quarantine_reason() const { return quarantine_reason_; }
  // Whether a quarantined slot may hold the bytes of that file: the name still stands there, or
  // what does is damaged and the digest is that of the name. Not when one of the two is that of a
  // slot without a name: then a crash has torn the header write that took the name away or was
  // about to give it.
  bool MayHold(const FileName& name) const;
  StorageHandle& handle() { return *handle_; }

  // The size of the file's bytes, without the header.
  std::int64_t size() const override;

  // Fills all of `into`; a range past the end is an error.
  Status Read(std::span<std::byte> into, std::int64_t offset) override;
  Status Write(std::span<const std::byte> bytes, std::int64_t offset);
  // Sets size(), cutting off or extending with zeros.
  Status Truncate(std::int64_t size);
  // From now on writes are kept back until Drain(), or until there are too many. Without effect
  // when memory has run out.
  void KeepWrites();
  // Gives that up; what was kept back must have been drained, or is to be forgotten.
  void StopKeepingWrites() { buffer_.reset(); }
  // Of a journal of which nothing was handed over this leaves none.
  void ForgetKeptWrites() {
    NoteWatchedChange(0);
    if (buffer_) buffer_->Clear();
    is_given_up_ = false;
    journal_.is_complete = journal_.is_complete && !journal_.is_unwritten;
  }
  // Of a transaction that can only be undone: what could not be handed over need not be any more,
  // but can be read until it is forgotten or cut off.
  void GiveUpKeptWrites() { is_given_up_ = has_kept_writes(); }
  // Before the journal of another transaction, in the place of that.
  void ForgetGivenUpWrites() {
    if (is_given_up_) ForgetKeptWrites();
  }
  bool has_kept_writes() const { return buffer_ != nullptr && !buffer_->empty(); }
  // Hands over what was kept back, in the order of the file.
  Status Drain();
  // Makes header and bytes durable. Costs nothing when nothing was written since the last flush. A
  // WAL that has grown while its writes are kept back gets zeros behind its frames.
  Status Flush();
  // The same for what was handed over, whatever is kept back.
  Status Settle();

  // Header changes. Each is one write; durable after the next Flush().
  Status SetNamed(const FileName& name, std::uint32_t flags);
  // What a crash leaves of it is freed by the next start.
  Status SetTemporary(SlotState state);
  // Empties the slot, and succeeds when its name is gone durably. Deleting a database makes its
  // header a temporary file's first, and flushes that, so that a crash never leaves a database's
  // bytes under an empty header, which is how a damaged header looks. A slot that could not be
  // emptied becomes free but not clean.
  Status SetFree();
  // Makes the slot free in memory, whatever its header says. MakeClean() does the rest.
  void Abandon();
  // Whether a crash could bring back what SQLite takes for gone: a file that the slot does not hold
  // now, or what was there before a killed process or a call that failed. Until a Flush() no other
  // file may take such a name, and nothing that relies on what can be seen now may be made durable.
  bool needs_settling() const {
    return is_doubtful_ || (may_be_named_on_disk_ && state_ != SlotState::kNamed &&
                            state_ != SlotState::kQuarantined);
  }
  // Empties a kTemporary slot and leaves the rest to MakeClean(): nobody waits for it to be
  // durable.
  Status ReleaseTemporary();

  // Takes the slot out of use, in memory only, for `reason`, a literal.
  void Quarantine(std::string_view reason);

  // A free slot is clean when its header is known to be empty, durably, with nothing behind it.
  // Only such a slot may be given to a file: otherwise, after a crash, an old header could stand
  // over new bytes. MakeClean() makes it so.
  bool is_clean() const { return is_clean_; }
  // Whether it needs but a flush to be clean.
  bool looks_clean() const {
    return is_size_known_ && stored_size_ == kSlotDataOffset && header_ == EncodeFreeHeader();
  }
  Status MakeClean();

  // --- Rollback journals with a seal (format/annex.h); in slot_journal.cc. ---

  // Whether the header says that the file is a journal with a seal.
  bool has_sealed_flag() const {
    constexpr std::uint32_t kSealed = open_flag::kMainJournal | open_flag::kSealedJournal;
    return (flags_ & kSealed) == kSealed;
  }
  // SetNamed() for a new rollback journal. Nothing is written: the header goes out with the
  // journal's bytes and their seal. Of a free slot that is clean, or retired.
  void SetNamedJournal(const FileName& name, std::uint32_t flags);
  // SQLite has written the record count: what is there now is what undoes the transaction.
  void CompleteJournal() { journal_.is_complete = true; }
  // Nothing of the journal has been handed over, and nothing relies on it yet, so that there is
  // nothing to flush and, when it is deleted, nothing to delete.
  bool is_incomplete_journal() const { return journal_.is_unwritten && !journal_.is_complete; }
  // The same, and a seal can take the place of the flush that SQLite asks for before it writes the
  // record count.
  bool can_wait_for_completion() const;
  // From now on SQLite's own rules hold for the journal: of one that is written in another way than
  // once from its beginning. Writes the header, if need be.
  Status RenounceSeal();
  // Whether the seal stands for all of the journal, durably, and for one database alone.
  bool is_sealed() const;
  std::uint64_t seal_digest() const { return journal_.seal.digest; }
  // Deletes a journal that is void because a commit record stands. That is not durable, and the
  // slot is free, but remembers the name: the journal may come back after a crash, until a flush or
  // until the next journal of that name is made durable in this slot. Its bytes stay: to write over
  // them costs a third less than to have the disk allocate them again.
  Status Retire();
  bool is_retired() const { return state_ == SlotState::kFree && journal_.is_retired; }
  // Whether a crash could bring back a journal that SQLite takes for gone: a retired one, now or
  // when the next one is written over it, or one of which no call that hands it over has succeeded.
  bool hides_journal() const {
    return (is_retired() || journal_.is_unwritten) && (is_dirty_ || stored_size_ > kSlotDataOffset);
  }
  // Makes a hidden journal gone for good.
  Status ForgetHidden();
  // Writes the zeros over the beginning that end a transaction.
  Status Void(std::span<const std::byte> zeros);
  // Deletes an incomplete journal; the slot is as it was before, if nothing was written.
  Status DropJournal();

  // --- Commit records of databases, likewise. ---

  // A new journal has begun, of which the database holds no changes yet.
  void BeginTransaction() { transaction_ = {}; }
  // What is kept back is all that the transaction changes, and it is undone by the journal with
  // that seal: the next Drain() says so in the slot. Without effect where that can't be said.
  void CommitWith(std::uint64_t journal_digest) { transaction_.journal_digest = journal_digest; }
  // Whether the last flush has made all of that durable.
  bool has_committed(std::uint64_t journal_digest) const {
    return transaction_.is_recorded && !is_dirty_ && !has_kept_writes() &&
           transaction_.journal_digest == journal_digest;
  }
  // Of a start: whether the database is, byte by byte, as the transaction of that journal left it.
  Status CheckCommitOf(std::uint64_t journal_digest, bool& is_committed);
  // Of a start: reads the seal, and whether the journal's bytes agree with it.
  Status CheckSeal(bool& is_whole);
  // Of one that doesn't agree: whether it can't be what a crash has left of a journal of ours, but
  // another implementation has written it into the slot of one.
  Status CheckOwner(bool& is_foreign);
  SealKind seal_kind() const { return journal_.seal.kind(); }
  // When the one that CheckSeal() has read is not to count.
  void ForgetSeal() { journal_ = {}; }

  // While pinned, a slot is in use by a connection, an import or an export.
  void Pin() { ++pins_; }
  void Unpin() { --pins_; }
  bool is_pinned() const { return pins_ > 0; }

  // While watched, changes of the file's first `size` bytes, or of whose they are, are counted by
  // the meter. The slot must not be destroyed meanwhile.
  void Watch(std::int64_t size) {
    ++watchers_;
    watched_size_ = std::max(watched_size_, size);
  }
  void Unwatch() {
    if (--watchers_ == 0) watched_size_ = 0;
  }
  bool is_watched() const { return watchers_ > 0; }

  // The pool's lists: of all slots, and of those of which something may be kept back.
  Slot* next = nullptr;
  Slot* next_changed = nullptr;
  // The import that has staged the file, until the slot holds another one.
  const void* stager = nullptr;

 private:
  Slot(std::unique_ptr<StorageHandle> handle, SlotLists& lists, StorageMeter& meter);

  // All changes of state and name.
  [[gnu::noinline]] void Become(SlotState state, const FileName& name, std::uint32_t flags);
  // After whatever else its lists depend on: whether the slot is clean or retired.
  [[gnu::noinline]] void Relist();
  // After whatever needs_settling() depends on.
  [[gnu::noinline]] void CountUnsettled();

  void Classify(const DecodedHeader& header, bool holds_database);
  void QuarantineUnread(const DecodedHeader& header, std::string_view reason);
  Result<bool> StartsLikeDatabase();
  Status MarkForDeletion();
  void SetFreeInMemory();
  Status WriteHeader(const SlotHeaderBytes& header);
  Status ReadStored(std::span<std::byte> into, std::int64_t offset);
  Status ReadAll(std::span<std::byte> into, std::int64_t position);
  Status WriteAll(std::span<const std::byte> bytes, std::int64_t position);
  Status AddToDigest(std::int64_t offset, std::int64_t size, std::uint64_t& digest, bool& exists);
  Status ReadAnnex(std::span<std::byte> into);
  std::int64_t own_size() const;
  Status Cut(std::int64_t size);
  Status CutLeftovers();
  Status RefuseLeftoverHeader(std::span<const std::byte> journal);
  Status WritePendingHeader();
  Status FlushHandle();
  Status HandOver(std::span<const std::byte> prefix);
  void GrowAhead();
  bool KeepsWholeFile() const;
  Status HandOverJournal();
  void SetRetired(const FileName& name, std::uint32_t nonce);
  Status HandOverCommit();
  Status NoteChange();
  void NoteWatchedChange(std::int64_t offset) {
    if (offset < watched_size_) meter_.NoteWatchedChange();
  }
  void NoteFailedChange();
  Result<std::int64_t> AskSize();
  Status LearnSize();
  Status Describe(const Status& cause, const char* action) const;

  std::unique_ptr<StorageHandle> handle_;
  SlotLists& lists_;
  StorageMeter& meter_;
  SlotNode by_name_{*this};
  SlotNode free_{*this};
  SlotState listed_state_ = SlotState::kFree;
  bool is_listed_ = true;
  bool is_counted_unsettled_ = false;
  std::unique_ptr<WriteBuffer> buffer_;
  std::unique_ptr<char[]> slot_name_;
  std::size_t slot_name_size_ = 0;
  SlotState state_ = SlotState::kFree;
  std::uint32_t flags_ = 0;
  std::int64_t stored_size_ = 0;   // of what was handed over, header included
  std::int64_t flushed_size_ = 0;  // the same when it was flushed last
  bool header_pending_ = false;    // the last attempt to write header_ failed
  bool is_given_up_ = false;       // what is kept back
  bool is_dirty_ = false;          // something was written since the last flush
  bool is_clean_ = false;
  bool is_size_known_ = true;  // false after a failed call, when the host does not tell the size
  bool is_doubtful_ = false;   // not flushed since Load() or since a call that failed
  bool may_be_named_on_disk_ = false;  // since the last flush, if only for a moment
  struct JournalState {
    bool is_unwritten = false;   // nothing of it has been handed over
    bool was_attempted = false;  // but was tried
    bool is_complete = false;
    bool names_super_journal = false;
    bool was_retired = false;  // the slot, before it
    bool is_retired = false;
    bool has_leftovers = false;  // of retired journals, behind what the seal stands for
    std::uint32_t nonce = 0;     // of the last journal whose bytes were written to the slot
    JournalSeal seal;            // in the slot
  } journal_;
  struct TransactionState {
    bool has_changes = false;  // something of it was handed over
    bool has_record = false;   // the slot has a record, or a part of one
    bool is_recorded = false;  // record and pages have been handed over, and nothing since
    std::uint64_t journal_digest = 0;
  } transaction_;
  int pins_ = 0;
  int watchers_ = 0;
  std::int64_t watched_size_ = 0;
  std::string_view quarantine_reason_;  // a literal
  // Behind the rest, which then lies where instructions of WebAssembly are the shortest.
  FileName name_;
  SlotHeaderBytes header_{};  // as it should stand in the slot
};

}  // namespace sahpool

#endif  // SAHPOOL_SLOT_SLOT_H_
