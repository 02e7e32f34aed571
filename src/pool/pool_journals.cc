#include "pool/pool_journals.h"

#include <array>

namespace sahpool {

// In the slot that the last one had, if that is still free: its header has the name already, and
// the flush of the new journal sees to it that no crash brings the old one back.
Result<File*> PoolJournals::CreateJournal(const FileName& name, std::uint32_t flags) {
  if (File* const database = FindDatabaseOf(name)) database->commits().Reset();
  SlotNode* retired = context().lists.Named(name.view());
  while (retired != nullptr && retired->slot.residue() != Residue::kRetired) {
    retired = SlotLists::Match(retired->next, name.view(), {});
  }
  auto file = retired != nullptr ? Result<File*>(&retired->file) : TakeFree();
  if (!file.ok()) return file;
  file.value()->journal().Begin(name, flags);
  OnNewJournal();
  return file;
}

void PoolJournals::PrepareCommit(File& database) {
  File* const journal = FindCompanion(database.slot().name(), kJournalSuffix);
  if (journal != nullptr && journal->journal().is_sealed()) {
    database.commits().CommitWith(journal->journal().digest());
  }
}

// Deletes a journal by which nothing is to be rolled back, because it was never complete or because
// its transaction is committed.
Status PoolJournals::SettleSealed(File& file) {
  SealedJournal& journal = file.journal();
  bool is_whole = false;
  if (Status s = journal.CheckSeal(is_whole); !s.ok()) return s;
  if (journal.seal_kind() == SealKind::kDamaged) {
    file.slot().Quarantine("the seal of the journal is damaged");
    return {};
  }
  bool is_foreign = false;
  if (!is_whole) {
    if (Status s = journal.CheckOwner(is_foreign); !s.ok()) return s;
  }
  if (is_whole || is_foreign) {
    File* const database = FindDatabaseOf(file.slot().name());
    bool is_committed = false;
    if (database == nullptr) return {};
    if (Status s = database->commits().CheckCommitOf(journal.digest(), is_committed); !s.ok()) {
      return s;
    }
    // One of another implementation is SQLite's alone from now on.
    if (!is_committed) return is_foreign ? journal.RenounceSeal() : Status();
    // What can be seen of the commit must last before its journal goes.
    if (Status s = database->Sync(); !s.ok()) return s;
  }
  // One that can't be emptied now is emptied before its slot is of use.
  if (!file.SetFree().ok()) file.Abandon();
  return {};
}

// Empties a journal by which SQLite rolls nothing back, because its header was not written yet, or
// is overwritten. SQLite would leave its bytes there and write the next journal over them; where
// they end in the name of a super-journal that has gone since, that journal would not be rolled
// back either.
Status PoolJournals::SettleUnsealed(File& journal) {
  if (journal.size() == 0 || FindDatabaseOf(journal.slot().name()) == nullptr) return {};
  std::array<std::byte, 1> first;
  if (Status s = journal.Read(first, 0); !s.ok()) return s;
  if (first[0] != std::byte{0}) return {};
  // One that can't be emptied now is emptied before its slot is of use.
  if (!journal.Truncate(0).ok()) journal.Abandon();
  return {};
}

Status PoolJournals::SettleJournal(File& journal) {
  return journal.journal().has_flag() ? SettleSealed(journal) : SettleUnsealed(journal);
}

Status PoolJournals::SettleJournals() {
  for (File* file = first(); file != nullptr; file = file->links.next) {
    if (file->slot().state() != SlotState::kNamed || file->kind() != FileKind::kJournal) continue;
    if (Status s = SettleJournal(*file); !s.ok()) return s;
  }
  return {};
}

}  // namespace sahpool
