// The part of Pool that knows rollback journals: how they come and go between two flushes of a
// transaction, and which of those that a start finds are void.

#include <array>
#include <string_view>

#include "pool/pool.h"

namespace sahpool {

Slot* Pool::FindDatabaseOf(const FileName& journal) const {
  std::string_view name = journal.view();
  if (!name.ends_with(kJournalSuffix)) return nullptr;
  name.remove_suffix(kJournalSuffix.size());
  const auto database = FileName::FromStored(name);
  Slot* const slot = database.ok() ? Find(database.value()) : nullptr;
  return slot != nullptr && slot->is_database() ? slot : nullptr;
}

// In the slot that the last one had, if that is still free: its header has the name already, and
// the flush of the new journal sees to it that no crash brings the old one back.
Result<Slot*> Pool::CreateJournal(const FileName& name, std::uint32_t flags) {
  if (Slot* const database = FindDatabaseOf(name); database != nullptr) {
    database->BeginTransaction();
  }
  SlotNode* retired = lists_.Named(name.view(), {});
  while (retired != nullptr && !retired->slot.is_retired()) {
    retired = SlotLists::Match(retired->next, name.view(), {});
  }
  auto slot = retired != nullptr ? Result<Slot*>(&retired->slot) : TakeFreeSlot();
  if (!slot.ok()) return slot;
  slot.value()->SetNamedJournal(name, flags);
  has_made_journals_ = true;
  NoteFreeSlots();
  return slot;
}

void Pool::PrepareCommit(Slot& database) {
  const Slot* const journal = FindCompanion(database.name(), kJournalSuffix);
  if (journal != nullptr && journal->is_sealed()) database.CommitWith(journal->seal_digest());
}

Status Pool::DeleteJournal(Slot& journal) {
  Slot* const database = FindDatabaseOf(journal.name());
  bool is_void = database != nullptr && journal.is_sealed();
  if (is_void) {
    // What a shim has written after SQLite's own flush would be lost without the journal.
    if (Status s = database->Flush(); !s.ok()) return s;
    is_void = database->has_committed(journal.seal_digest());
  }
  if (!is_void || !journal.Retire().ok()) return journal.SetFree();
  return {};
}

// Before a change that a hidden journal knows nothing of, which from then on must not come back.
Status Pool::ForgetHiddenJournalsOf(const Slot& database) {
  const std::string_view name = database.name().view();
  for (SlotNode* node = lists_.Named(name, kJournalSuffix); node != nullptr;
       node = SlotLists::Match(node->next, name, kJournalSuffix)) {
    if (!node->slot.hides_journal()) continue;
    if (Status s = node->slot.ForgetHidden(); !s.ok()) return s;
  }
  return {};
}

Status Pool::ForgetHiddenJournals() {
  for (Slot* slot = first_; slot != nullptr; slot = slot->next) {
    if (!slot->hides_journal()) continue;
    if (Status s = slot->ForgetHidden(); !s.ok()) return s;
  }
  return {};
}

Status Pool::FlushJournalOf(const Slot& database) {
  Slot* const journal = FindCompanion(database.name(), kJournalSuffix);
  if (journal == nullptr) return {};
  if (journal->is_incomplete_journal()) journal->ForgetKeptWrites();
  return journal->Flush();
}

// Deletes a journal by which nothing is to be rolled back, because it was never complete or because
// its transaction is committed.
Status Pool::SettleSeal(Slot& journal) {
  bool is_whole = false;
  if (Status s = journal.CheckSeal(is_whole); !s.ok()) return s;
  if (journal.seal_kind() == SealKind::kDamaged) {
    journal.Quarantine("the seal of the journal is damaged");
    return {};
  }
  bool is_foreign = false;
  if (!is_whole) {
    if (Status s = journal.CheckOwner(is_foreign); !s.ok()) return s;
  }
  if (is_whole || is_foreign) {
    Slot* const database = FindDatabaseOf(journal.name());
    bool is_committed = false;
    if (database == nullptr) return {};
    if (Status s = database->CheckCommitOf(journal.seal_digest(), is_committed); !s.ok()) return s;
    // One of another implementation is SQLite's alone from now on.
    if (!is_committed) return is_foreign ? journal.RenounceSeal() : Status();
    // What can be seen of the commit must last before its journal goes.
    if (Status s = database->Flush(); !s.ok()) return s;
  }
  // One that can't be emptied now is emptied before its slot is of use.
  if (!journal.SetFree().ok()) journal.Abandon();
  return {};
}

// Empties a journal by which SQLite rolls nothing back, because its header was not written yet, or
// is overwritten. SQLite would leave its bytes there and write the next journal over them; where
// they end in the name of a super-journal that has gone since, that journal would not be rolled
// back either.
Status Pool::SettleUnsealed(Slot& journal) {
  if (journal.size() == 0 || FindDatabaseOf(journal.name()) == nullptr) return {};
  std::array<std::byte, 1> first;
  if (Status s = journal.Read(first, 0); !s.ok()) return s;
  if (first[0] != std::byte{0}) return {};
  // One that can't be emptied now is emptied before its slot is of use.
  if (!journal.Truncate(0).ok()) journal.Abandon();
  return {};
}

Status Pool::SettleJournal(Slot& journal) {
  return journal.has_sealed_flag() ? SettleSeal(journal) : SettleUnsealed(journal);
}

Status Pool::SettleJournals() {
  for (Slot* slot = first_; slot != nullptr; slot = slot->next) {
    if (slot->state() != SlotState::kNamed || !slot->is_journal()) continue;
    if (Status s = SettleJournal(*slot); !s.ok()) return s;
  }
  return {};
}

}  // namespace sahpool
