#include "pool/change_order.h"

#include <string_view>

namespace sahpool {
namespace {

// The name of the database that a file belongs to.
std::string_view StemOf(const File& file) {
  std::string_view name = file.slot().name().view();
  const std::string_view suffix = file.kind() == FileKind::kWal ? kWalSuffix : kJournalSuffix;
  if (file.kind() != FileKind::kDatabase && name.ends_with(suffix)) {
    name.remove_suffix(suffix.size());
  }
  return name;
}

// Whether a crash could bring back a journal that SQLite takes for gone: a retired one, now or when
// the next one is written over it, or one of which no call that hands it over has succeeded.
bool HidesJournal(File& file) {
  const Slot& slot = file.slot();
  return (slot.residue() == Residue::kRetired || !file.journal().is_written()) &&
         (slot.medium().is_dirty() || slot.medium().size() > kSlotDataOffset);
}

Status CutHidden(File& file) {
  if (Status s = file.bytes().CutLeftovers(); !s.ok()) return s;
  return file.slot().Flush();
}

}  // namespace

// What a WAL keeps back is of no commit, so that nothing must come after it.
bool ChangeOrder::MustFollow(const File& later, const File& earlier, bool may_overtake) {
  const std::uint32_t flags = later.slot().flags() | earlier.slot().flags();
  if ((flags & open_flag::kSuperJournal) != 0) return true;
  return !may_overtake && earlier.kind() != FileKind::kWal && StemOf(later) == StemOf(earlier);
}

// What could not be handed over before is tried again only where it matters.
Status ChangeOrder::DrainBefore(const File& later, bool may_overtake) {
  for (File** link = &changed_; *link != nullptr;) {
    File& earlier = **link;
    if (&earlier != &later) {
      const bool must_follow = MustFollow(later, earlier, may_overtake);
      // No database holds anything that an incomplete journal would have to undo.
      if (must_follow || link == &changed_) {
        const Status drained = earlier.journal().is_incomplete() ? Status() : earlier.Drain();
        if (drained.ok()) {
          *link = earlier.links.next_changed;
          continue;
        }
        if (must_follow) return drained;
      }
    }
    link = &earlier.links.next_changed;
  }
  return {};
}

void ChangeOrder::Drop(const File& file) {
  File** link = &changed_;
  while (*link != nullptr && *link != &file) link = &(*link)->links.next_changed;
  if (*link != nullptr) *link = file.links.next_changed;
}

void ChangeOrder::Reset() {
  broken_takeover_ = {};
  changed_ = nullptr;
  may_hide_journals_ = false;
}

Status ChangeOrder::Begin(File& file, bool may_overtake) {
  // Nobody looks for a nameless file after a crash.
  if (file.slot().state() == SlotState::kTemporary) return {};
  if (changed_ != &file || file.links.next_changed != nullptr) {
    if (Status s = DrainBefore(file, may_overtake); !s.ok()) return s;
    Drop(file);
    file.links.next_changed = changed_;
    changed_ = &file;
  }
  if (may_hide_journals_ && file.kind() == FileKind::kDatabase) {
    if (Status s = ForgetHiddenJournalsOf(file); !s.ok()) return s;
  }
  return Settle();
}

void ChangeOrder::OnFailedWrite(const File& file) {
  File* const journal = FindCompanion(file.slot().name(), kJournalSuffix);
  if (journal != nullptr) GiveUp(*journal);
}

void ChangeOrder::OnFailedSync(File& file, FileKind opened_as) {
  if (opened_as == FileKind::kJournal) GiveUp(file);
}

void ChangeOrder::GiveUp(File& journal) {
  journal.bytes().GiveUpKept();
  has_given_up_ = true;
}

Status ChangeOrder::EndTransaction(File& database) {
  Status drained = DrainBefore(database);
  if (drained.ok()) drained = database.Drain();
  if (!drained.ok() || has_given_up_) {
    const FileName& name = database.slot().name();
    File* const journal = FindCompanion(name, kJournalSuffix);
    const File* const wal = FindCompanion(name, kWalSuffix);
    if (journal != nullptr) journal->ForgetKept();
    if (!drained.ok() && (wal == nullptr || wal->size() == 0)) database.ForgetKept();
    has_given_up_ = false;
  }
  return drained;
}

Status ChangeOrder::Settle() {
  if (auto& [new_file, old_file] = broken_takeover_; new_file != nullptr) {
    if (Status s = old_file->Sync(); !s.ok()) return s;
    if (Status s = new_file->SetFree(); !s.ok()) return s;
    broken_takeover_ = {};
  }
  if (context().lists.unsettled_count == 0) return {};
  for (File* file = first(); file != nullptr; file = file->links.next) {
    if (!file->slot().needs_settling()) continue;
    if (Status s = file->slot().Flush(); !s.ok()) return s;
  }
  return {};
}

Status ChangeOrder::MakeDurable(File& file) {
  if (Status s = Settle(); !s.ok()) return s;
  return file.Sync();
}

Status ChangeOrder::MakeDurableAtClose(File& file) {
  if (File* const journal = FindCompanion(file.slot().name(), kJournalSuffix)) {
    if (journal->journal().is_incomplete()) journal->ForgetKept();
    if (Status s = journal->Sync(); !s.ok()) return s;
  }
  return MakeDurable(file);
}

Status ChangeOrder::Delete(File& file) {
  if (file.use().is_pinned()) return FileIsOpen(file.slot().name());
  if (file.journal().is_incomplete()) return file.SetFree();
  // Without its journal nothing undoes what of the database's past a crash could bring back.
  if (Status s = Begin(file, file.kind() == FileKind::kDatabase); !s.ok()) return s;
  return file.kind() == FileKind::kJournal ? DeleteJournal(file) : file.SetFree();
}

Status ChangeOrder::DeleteJournal(File& journal) {
  File* const database = FindDatabaseOf(journal.slot().name());
  bool is_void = database != nullptr && journal.journal().is_sealed();
  if (is_void) {
    // What a shim has written after SQLite's own flush would be lost without the journal.
    if (Status s = database->Sync(); !s.ok()) return s;
    is_void = database->commits().has_committed(journal.journal().digest());
  }
  if (!is_void || !journal.SetFree(Deletion::kMayComeBack).ok()) return journal.SetFree();
  may_hide_journals_ = true;
  return {};
}

Status ChangeOrder::DeleteDatabase(File& file) {
  const FileName name = file.slot().name();
  const bool is_database = file.kind() == FileKind::kDatabase;
  if (Status s = Delete(file); !s.ok()) return s;
  if (!is_database) return {};
  for (const std::string_view suffix : kCompanionSuffixes) {
    File* const companion = FindCompanion(name, suffix);
    if (companion == nullptr || companion->use().is_pinned()) continue;
    if (Status s = Delete(*companion); !s.ok()) return s;
  }
  return {};
}

Status ChangeOrder::DeleteOrEmpty(File& file) {
  if (!file.use().is_pinned() || file.kind() != FileKind::kJournal) return Delete(file);
  if (Status s = Begin(file); !s.ok()) return s;
  if (Status s = file.Truncate(0); !s.ok()) return s;
  return file.Sync();
}

// Before a change that a hidden journal knows nothing of, which from then on must not come back.
Status ChangeOrder::ForgetHiddenJournalsOf(const File& database) {
  const std::string_view name = database.slot().name().view();
  for (SlotNode* node = context().lists.Named(name, kJournalSuffix); node != nullptr;
       node = SlotLists::Match(node->next, name, kJournalSuffix)) {
    if (!HidesJournal(node->file)) continue;
    if (Status s = CutHidden(node->file); !s.ok()) return s;
  }
  return {};
}

Status ChangeOrder::ForgetHiddenJournals() {
  for (File* file = first(); file != nullptr; file = file->links.next) {
    if (!HidesJournal(*file)) continue;
    if (Status s = CutHidden(*file); !s.ok()) return s;
  }
  return {};
}

}  // namespace sahpool
