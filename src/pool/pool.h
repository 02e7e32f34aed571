// A pool: slots, the names of the files they hold, and every change of which slot holds what.
//
// A file changes hands through one header write, whose count is checked and which is flushed before
// the call returns. Nothing but Delete(), Wipe() and Discard() destroys a file's bytes; a slot
// whose header can't be believed is quarantined.
//
// Threads: none of its own; the owner (vfs/pool_vfs.h) serialises all calls.
// Ownership: the pool owns its slots and through them the handles. A Slot* stays valid until its
// slot is removed, which a pinned slot refuses. The host must outlive the pool. Errors: Status with
// a text for people; after an error the pool is as it was unless said otherwise.
#ifndef SAHPOOL_POOL_POOL_H_
#define SAHPOOL_POOL_POOL_H_

#include <cstdint>
#include <memory>
#include <string_view>

#include "format/committed_image.h"
#include "format/file_name.h"
#include "sahpool/status.h"
#include "slot/slot.h"
#include "slot/slot_lists.h"
#include "storage/storage.h"

namespace sahpool {

class Pool {
 public:
  explicit Pool(Host& host) : host_(host), meter_(host) {}
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  Host& host() { return host_; }
  StorageMeter& meter() { return meter_; }

  // How the host's URL parser spells names; before the first Attach(). At first as the standard.
  void set_url_dialect(const UrlDialect& dialect) { url_dialect_ = dialect; }
  // The stored name for a name that an app or SQLite passes: ResolveFileName() in that dialect.
  Result<FileName> Resolve(std::string_view name) const {
    return ResolveFileName(name, url_dialect_);
  }
  [[gnu::noinline]] Result<FileName> Resolve(const char* name) const {
    return Resolve(std::string_view(name));
  }

  // Takes over a handle and reads its header; changes nothing in storage until Start(), and after
  // that prepares a free slot for use at once.
  Status Attach(std::unique_ptr<StorageHandle> handle, std::string_view slot_name);

  // After the last Attach() of a start: settles names that more than one slot claims or that no
  // open could reach, and frees what is left of temporary files. A slot that can't be tidied now
  // stays out of use and is tried again when it is needed.
  Status Start();

  // Forgets all slots, which closes nothing and changes nothing in storage. kBusy while one is
  // pinned.
  Status DetachAll();

  // Takes a free slot that holds nothing out of the pool. Null when there is none.
  std::unique_ptr<Slot> RemoveFreeSlot();

  // Makes every slot free, quarantined ones too. kBusy, and no effect, while one is pinned.
  Status Wipe();

  std::int32_t capacity() const { return lists_.count; }
  std::int32_t file_count() const { return CountIn(SlotState::kNamed); }
  std::int32_t free_count() const { return CountIn(SlotState::kFree); }
  std::int32_t quarantined_count() const { return CountIn(SlotState::kQuarantined); }

  // Asks the host for slots whenever fewer than `count` are free.
  void KeepFree(std::int32_t count);

  // The slot that holds the file of that resolved name, null when there is none.
  Slot* Find(std::string_view name) const { return FindCompanion(name, {}); }
  Slot* Find(const FileName& name) const { return Find(name.view()); }
  // The same of a database's journal or WAL.
  Slot* FindCompanion(const FileName& database, std::string_view suffix) const {
    return FindCompanion(database.view(), suffix);
  }
  [[gnu::noinline]] Slot* FindCompanion(std::string_view database, std::string_view suffix) const;
  // The slot in that state with that place in the order of slots, null past the end. A walk over
  // all of them, place by place, costs no more than one over the slots, while none changes.
  Slot* At(SlotState state, std::int32_t index) const;

  // Makes durable whatever is known not to be: what a start found, which a killed process may have
  // left unflushed, deletions and a given-up import that failed halfway. Costs nothing when there
  // is no such thing.
  Status Settle();

  // Makes the slot durable, after Settle(): a journal that came back after a crash would undo what
  // was written since.
  Status MakeDurable(Slot& slot);

  // Before a database is flushed whose last commit left its journal, emptied, unflushed: if that
  // came back it would undo what the database then holds.
  Status FlushJournalOf(const Slot& database);

  // Before a change of the file: what was kept back of the files changed before is handed over
  // first, so that a killed process never leaves a later change without an earlier one. What can't
  // be handed over, for want of room, is an error only where this change must come after it: of
  // one database, unless `may_overtake`, and of whatever a super-journal binds. Other files go on.
  Status BeginChange(Slot& slot, bool may_overtake = false);
  // When a change of the database has failed, after which SQLite undoes the transaction: what its
  // journal keeps back need not be handed over any more, for the database has no change that it
  // would undo.
  void GiveUpJournalOf(const Slot& database);
  // The same when the flush of a journal has failed.
  void GiveUp(Slot& journal);
  // Hands over what was kept back of other files, by the same rule.
  Status DrainBefore(const Slot& later, bool may_overtake = false);
  // After a write transaction: hands over what is left of it, and gives up what can't be, as a
  // crash would. A commit has handed over all; of any other transaction the journal undoes what was
  // handed over, and where that is nothing, nothing is to be undone. A checkpoint's pages stay: the
  // wal-index may tell that the database has them.
  Status EndTransaction(Slot& database);

  // Before the database is flushed with all pages of a transaction written, which is SQLite's word:
  // where its journal has a seal, what is kept back of the database becomes a commit that its slot
  // vouches for, and the journal need not be deleted durably. What is written after all makes that
  // void, and is flushed before the journal goes.
  void PrepareCommit(Slot& database);

  // Creates an empty file. Durable on return, but for a rollback journal, which is not before its
  // first flush. kNoFreeSlot when the pool is full, kExists when the name is taken.
  Result<Slot*> Create(const FileName& name, std::uint32_t flags);
  // A slot for a nameless temporary file. A temporary database is marked as such durably: a crash
  // must not leave its bytes under an empty header, which is how a damaged header looks.
  Result<Slot*> CreateTemporary(std::uint32_t flags);
  // A slot that an import fills before Publish(); durably marked as such.
  Result<Slot*> Reserve();

  // Whether the database may be opened: kCorrupt, with a text that says what to do, while a
  // quarantined slot claims to be its journal or its WAL, without which its bytes may not be what
  // was committed, or to be the database itself, beside which an empty one must not appear.
  Status CheckQuarantine(const FileName& database) const;
  // The same error where there is no such file but a slot that claims to be it.
  Status CheckAbsence(const FileName& name) const;

  // Makes `image`, which holds nothing yet, what is committed of a database, its journal and WAL
  // taken into account. Valid until any of the three changes. kNotADatabase when they can't be
  // read.
  Status OpenCommitted(Slot& database, CommittedImage& image) const;

  // Frees the slot of a file; kBusy while it is pinned. When the name is gone but that could not be
  // made durable, this is an error and MakeDurable() sees to it.
  Status Delete(Slot& slot);
  // The same for a database with its journal and WAL, for users who mean the database.
  Status DeleteDatabase(Slot& slot);

  // Gives the slot, which is complete, reserved or that of a file, the name `name`, replacing the
  // database that has it and that database's journal and WAL, none of which may be pinned (kBusy).
  Status Publish(Slot& reserved, const FileName& name, std::uint32_t flags);

  // Leaves no journal and no WAL under the name: beside another database they would be applied to
  // that. `database`, to which they belong, gets what they say was committed last; null when there
  // is none. kBusy while one is open, kNotADatabase where one can't be read.
  Status SettleCompanions(const FileName& name, Slot* database);

  // Gives a quarantined slot a header under `name`; kExists when the name is taken. When only
  // making that durable fails, the file has the name all the same.
  Status Recover(std::string_view slot_name, const FileName& name);
  // Empties a quarantined slot.
  Status Discard(std::string_view slot_name);

 private:
  std::int32_t CountIn(SlotState state) const {
    return lists_.counts[static_cast<std::size_t>(state)];
  }
  bool AnyPinned() const {
    for (const Slot* slot = first_; slot != nullptr; slot = slot->next) {
      if (slot->is_pinned()) return true;
    }
    return false;
  }

  void RemoveAll();
  Result<Slot*> TakeFreeSlot();
  void NoteFreeSlots();
  Slot* FindQuarantined(std::string_view slot_name) const;
  // Journals, in pool_journals.cc.
  Result<Slot*> CreateJournal(const FileName& name, std::uint32_t flags);
  Status DeleteJournal(Slot& journal);
  Slot* FindDatabaseOf(const FileName& journal) const;
  Status ForgetHiddenJournalsOf(const Slot& database);
  Status ForgetHiddenJournals();
  void ForgetChanged(const Slot& slot);
  static bool MustFollow(const Slot& later, const Slot& earlier, bool may_overtake);
  Status SettleJournals();
  Status SettleJournal(Slot& journal);
  Status SettleSeal(Slot& journal);
  Status SettleUnsealed(Slot& journal);

  // Settling names, in pool_names.cc.
  Status SettleNames();
  Status SettleName(Slot& slot);
  bool IsTaken(const FileName& name) const;
  bool CanRenameDatabase(const Slot& slot, const FileName& name) const;
  Status RenameDatabase(Slot& slot, const FileName& name);
  Status MoveAside(Slot& slot);
  // The error of what can't be done to a file that is open.
  [[gnu::noinline]] static Status IsOpen(const FileName& name);
  Status Rename(Slot& slot, const FileName& name);
  void TakeBackName(Slot& reserved, Slot* replaced);

  Host& host_;
  SlotLists lists_;
  UrlDialect url_dialect_;
  // An import that failed when both headers had the name, and neither could be changed durably:
  // the new slot stays in quarantine until the old one is known to be whole on the disk.
  struct BrokenTakeover {
    Slot* new_slot = nullptr;
    Slot* old_slot = nullptr;
  };

  Slot* first_ = nullptr;
  // Where the last At() has come to.
  mutable struct {
    Slot* slot = nullptr;
    std::int32_t index = 0;
    SlotState state = SlotState::kFree;
    std::uint32_t changes = 0;
  } last_at_;
  // The lasting files of which something may be kept back, that was changed last first. The others
  // are those that could not be handed over.
  Slot* changed_ = nullptr;
  BrokenTakeover broken_takeover_;
  bool has_made_journals_ = false;  // of which one may be hidden
  bool has_given_up_ = false;       // something of a journal, which is still there
  bool is_started_ = false;
  std::int32_t keep_free_ = 0;
  StorageMeter meter_;
};

// The suffixes under which SQLite keeps a database's rollback journal and write-ahead log.
inline constexpr std::string_view kJournalSuffix = "-journal";
inline constexpr std::string_view kWalSuffix = "-wal";

}  // namespace sahpool

#endif  // SAHPOOL_POOL_POOL_H_
