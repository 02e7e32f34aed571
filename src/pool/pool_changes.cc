// The part of Pool that keeps the order in which kept back changes reach the host.

#include <string_view>

#include "pool/pool.h"

namespace sahpool {
namespace {

// The name of the database that a file belongs to.
std::string_view StemOf(const Slot& slot) {
  std::string_view name = slot.name().view();
  const std::string_view suffix = slot.is_wal() ? kWalSuffix : kJournalSuffix;
  if (!slot.is_database() && name.ends_with(suffix)) name.remove_suffix(suffix.size());
  return name;
}

}  // namespace

// What a WAL keeps back is of no commit, so that nothing must come after it.
bool Pool::MustFollow(const Slot& later, const Slot& earlier, bool may_overtake) {
  if (((later.flags() | earlier.flags()) & open_flag::kSuperJournal) != 0) return true;
  return !may_overtake && !earlier.is_wal() && StemOf(later) == StemOf(earlier);
}

// What could not be handed over before is tried again only where it matters.
Status Pool::DrainBefore(const Slot& later, bool may_overtake) {
  for (Slot** link = &changed_; *link != nullptr;) {
    Slot& earlier = **link;
    if (&earlier != &later) {
      const bool must_follow = MustFollow(later, earlier, may_overtake);
      // No database holds anything that an incomplete journal would have to undo.
      if (must_follow || link == &changed_) {
        const Status drained = earlier.is_incomplete_journal() ? Status() : earlier.Drain();
        if (drained.ok()) {
          *link = earlier.next_changed;
          continue;
        }
        if (must_follow) return drained;
      }
    }
    link = &earlier.next_changed;
  }
  return {};
}

void Pool::ForgetChanged(const Slot& slot) {
  Slot** link = &changed_;
  while (*link != nullptr && *link != &slot) link = &(*link)->next_changed;
  if (*link != nullptr) *link = slot.next_changed;
}

Status Pool::BeginChange(Slot& slot, bool may_overtake) {
  // Nobody looks for a nameless file after a crash.
  if (slot.state() == SlotState::kTemporary) return {};
  if (changed_ != &slot || slot.next_changed != nullptr) {
    if (Status s = DrainBefore(slot, may_overtake); !s.ok()) return s;
    ForgetChanged(slot);
    slot.next_changed = changed_;
    changed_ = &slot;
  }
  if (has_made_journals_ && slot.is_database()) {
    if (Status s = ForgetHiddenJournalsOf(slot); !s.ok()) return s;
  }
  return Settle();
}

void Pool::GiveUpJournalOf(const Slot& database) {
  Slot* const journal = FindCompanion(database.name(), kJournalSuffix);
  if (journal != nullptr) GiveUp(*journal);
}

void Pool::GiveUp(Slot& journal) {
  journal.GiveUpKeptWrites();
  has_given_up_ = true;
}

Status Pool::EndTransaction(Slot& database) {
  Status drained = DrainBefore(database);
  if (drained.ok()) drained = database.Drain();
  if (!drained.ok() || has_given_up_) {
    Slot* const journal = FindCompanion(database.name(), kJournalSuffix);
    const Slot* const wal = FindCompanion(database.name(), kWalSuffix);
    if (journal != nullptr) journal->ForgetKeptWrites();
    if (!drained.ok() && (wal == nullptr || wal->size() == 0)) database.ForgetKeptWrites();
    has_given_up_ = false;
  }
  return drained;
}

}  // namespace sahpool
