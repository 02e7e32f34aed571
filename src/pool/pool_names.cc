// The part of Pool that settles who has a name: at start, and when an import takes one over.

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

#include "format/committed_image.h"
#include "pool/pool.h"

namespace sahpool {
namespace {

constexpr std::array kCompanionSuffixes = {kJournalSuffix, kWalSuffix};

Result<FileName> Join(const FileName& name, std::string_view suffix) {
  std::array<char, FileName::kMaxSize + 32> joined;
  const std::string_view stem = name.view();
  const auto end =
      std::copy(suffix.begin(), suffix.end(), std::copy(stem.begin(), stem.end(), joined.begin()));
  return FileName::FromStored({joined.data(), static_cast<std::size_t>(end - joined.begin())});
}

class SuperJournalsOfPool final : public SuperJournalLookup {
 public:
  explicit SuperJournalsOfPool(const Pool& pool) : pool_(pool) {}

  // As to SQLite, an empty one is none: what a crash in the middle of its deletion leaves.
  Result<bool> Exists(std::string_view name) override {
    const auto resolved = pool_.Resolve(name);
    if (!resolved.ok()) return false;
    if (Status s = pool_.CheckAbsence(resolved.value()); !s.ok()) return s;
    const Slot* const slot = pool_.Find(resolved.value());
    return slot != nullptr && slot->size() > 0;
  }

 private:
  const Pool& pool_;
};

// Of two slots with one name. The same answer at every start, so that one that breaks off is
// followed by one that decides alike.
bool HasBetterClaim(const Slot& a, const Slot& b) {
  const bool a_is_empty = a.size() == 0;
  const bool b_is_empty = b.size() == 0;
  return a_is_empty != b_is_empty ? b_is_empty : a.slot_name() < b.slot_name();
}

// Writes back, into the database file, what its journals say was last committed.
Status WriteBack(Slot& database, CommittedImage& image) {
  if (Status s = database.Truncate(image.kept_size()); !s.ok()) return s;
  if (Status s = database.Truncate(image.size()); !s.ok()) return s;
  std::array<std::byte, 4096> buffer;
  for (std::size_t i = 0; i < image.overlay_count(); ++i) {
    auto [offset, size] = image.overlay(i);
    while (size > 0) {
      const auto count = std::min(static_cast<std::size_t>(size), buffer.size());
      const auto chunk = std::span(buffer).first(count);
      if (Status s = image.Read(chunk, offset); !s.ok()) return s;
      if (Status s = database.Write(chunk, offset); !s.ok()) return s;
      offset += static_cast<std::int64_t>(count);
      size -= static_cast<std::int64_t>(count);
    }
  }
  return database.Flush();
}

}  // namespace

Status Pool::CheckAbsence(const FileName& name) const {
  if (quarantined_count() == 0 || Find(name) != nullptr) return {};
  for (const Slot* slot = first_; slot != nullptr; slot = slot->next) {
    if (slot->state() != SlotState::kQuarantined || slot == broken_takeover_.new_slot) continue;
    if (!slot->MayHold(name)) continue;
    Text text(name.view());
    text.Append(" may be in quarantined slot ").Append(slot->slot_name());
    return {Code::kCorrupt, text.Append(": recover or discard it first")};
  }
  return {};
}

Status Pool::CheckQuarantine(const FileName& database) const {
  Status status = CheckAbsence(database);
  for (const std::string_view suffix : kCompanionSuffixes) {
    const auto name = Join(database, suffix);
    if (status.ok() && name.ok()) status = CheckAbsence(name.value());
  }
  return status;
}

Status Pool::OpenCommitted(Slot& database, CommittedImage& image) const {
  if (Status s = CheckQuarantine(database.name()); !s.ok()) return s;
  SuperJournalsOfPool super_journals(*this);
  return image.Load(database, FindCompanion(database.name(), kJournalSuffix),
                    FindCompanion(database.name(), kWalSuffix), super_journals);
}

Status Pool::SettleNames() {
  for (Slot* slot = first_; slot != nullptr; slot = slot->next) {
    if (slot->state() != SlotState::kNamed) continue;
    if (Status s = SettleName(*slot); !s.ok()) return s;
  }
  return {};
}

// Two slots can claim one name when a crash met an import that was replacing a database: both are
// whole. Or when a slot could not be emptied before a crash: that one holds nothing.
Status Pool::SettleName(Slot& slot) {
  const std::string_view own_name = slot.name().view();
  for (SlotNode* node = lists_.Named(own_name, {}); node != nullptr;
       node = SlotLists::Match(node->next, own_name, {})) {
    Slot& other = node->slot;
    if (other.state() != SlotState::kNamed || !HasBetterClaim(other, slot)) continue;
    // The one that keeps the name must have it on the disk too, before the other one loses it.
    if (Status s = other.Flush(); !s.ok()) return s;
    if (slot.size() > 0) return MoveAside(slot);
    const Status freed = slot.SetFree();
    // Once the name is gone, the rest is done when the slot is needed.
    return slot.state() == SlotState::kNamed ? freed : Status();
  }
  // A journal whose name no open could reach moves with its database, below.
  if (!slot.is_database() || IsResolved(slot.name().view(), url_dialect_)) return {};
  const auto resolved = Resolve(slot.name().view());
  if (!resolved.ok() || !CanRenameDatabase(slot, resolved.value())) return MoveAside(slot);
  return RenameDatabase(slot, resolved.value());
}

// Whether the name has a file, or a journal that would be taken for that of a file put there.
bool Pool::IsTaken(const FileName& name) const {
  return Find(name) != nullptr || FindCompanion(name, kJournalSuffix) != nullptr ||
         FindCompanion(name, kWalSuffix) != nullptr;
}

bool Pool::CanRenameDatabase(const Slot& slot, const FileName& name) const {
  return Find(name) == nullptr &&
         std::none_of(kCompanionSuffixes.begin(), kCompanionSuffixes.end(), [&](auto suffix) {
           return FindCompanion(slot.name(), suffix) != nullptr &&
                  (!Join(name, suffix).ok() || FindCompanion(name, suffix) != nullptr);
         });
}

// The journals first: a database must not be found without the journal that belongs to it.
Status Pool::RenameDatabase(Slot& slot, const FileName& name) {
  for (const std::string_view suffix : kCompanionSuffixes) {
    Slot* const companion = FindCompanion(slot.name(), suffix);
    if (companion == nullptr) continue;
    const auto companion_name = Join(name, suffix);
    if (!companion_name.ok()) return companion_name.status();
    if (Status s = Rename(*companion, companion_name.value()); !s.ok()) return s;
  }
  return Rename(slot, name);
}

// Gives the file a name of its own beside the one that it can't have: nothing is deleted on doubt.
Status Pool::MoveAside(Slot& slot) {
  const auto stem = Resolve(slot.name().view());
  if (!stem.ok()) {
    // Under any name made of it the next start would find it as unreachable as it is.
    slot.Quarantine("its name is too long to be opened");
    return {};
  }
  // The journals of a name stay with the file that keeps it.
  int count = 0;
  for (const SlotNode* node = lists_.Named(slot.name().view(), {}); node != nullptr;
       node = SlotLists::Match(node->next, slot.name().view(), {})) {
    count += node->slot.state() == SlotState::kNamed ? 1 : 0;
  }
  const bool shares_its_name = count > 1;
  for (std::int64_t number = 1;; ++number) {
    Text suffix(".duplicate-");
    suffix.Append(number);
    const auto name = Join(stem.value(), suffix.view());
    if (!name.ok() || (slot.is_database() && !name.value().CheckForDatabase().ok())) {
      slot.Quarantine("its name is taken by another slot");
      return {};
    }
    if (shares_its_name ? IsTaken(name.value()) : !CanRenameDatabase(slot, name.value())) continue;
    return shares_its_name ? Rename(slot, name.value()) : RenameDatabase(slot, name.value());
  }
}

Status Pool::Rename(Slot& slot, const FileName& name) {
  Text text("renaming ");
  text.Append(slot.name().view()).Append(" to ").Append(name.view());
  host_.Log(LogLevel::kWarning, text.view());
  if (Status s = slot.SetNamed(name, slot.flags()); !s.ok()) return s;
  return slot.Flush();
}

Status Pool::SettleCompanions(const FileName& name, Slot* database) {
  for (const std::string_view suffix : kCompanionSuffixes) {
    const Slot* const companion = FindCompanion(name, suffix);
    if (companion != nullptr && companion->is_pinned()) return IsOpen(companion->name());
  }
  if (database != nullptr) {
    CommittedImage image;
    Status status = OpenCommitted(*database, image);
    if (status.code() == Code::kCorrupt) {
      // Nothing can be made of them; a database that is broken can still be replaced.
      database = nullptr;
    } else if (status.ok() && !image.is_database_itself()) {
      status = WriteBack(*database, image);
    }
    if (database != nullptr && !status.ok()) return status;
  }
  for (const std::string_view suffix : kCompanionSuffixes) {
    Slot* const companion = FindCompanion(name, suffix);
    if (companion == nullptr) continue;
    // A journal without its database may be all that is left of some rows.
    if (Status s = database != nullptr ? Delete(*companion) : MoveAside(*companion); !s.ok()) {
      return s;
    }
  }
  return {};
}

Status Pool::Publish(Slot& reserved, const FileName& name, std::uint32_t flags) {
  Slot* const replaced = Find(name);
  if (replaced != nullptr && replaced->is_pinned()) return IsOpen(name);
  if (Status s = ForgetHiddenJournals(); !s.ok()) return s;
  // The bytes must be there before the name says so.
  if (Status s = MakeDurable(reserved); !s.ok()) return s;
  if (Status s = SettleCompanions(name, replaced); !s.ok()) return s;
  if (Status s = reserved.SetNamed(name, flags); !s.ok()) return s;
  Status status = reserved.Flush();
  if (status.ok() && replaced != nullptr) {
    status = Delete(*replaced);
    // The old one is gone, even if its slot could not be cleaned yet.
    if (replaced->state() != SlotState::kNamed) return {};
  }
  if (!status.ok()) TakeBackName(reserved, replaced);
  return status;
}

// After a failure in which it is unknown which headers are durable: the old database keeps the
// name, and the new one is given up only when the old one is known to be whole on the disk.
void Pool::TakeBackName(Slot& reserved, Slot* replaced) {
  if (replaced != nullptr && !replaced->Flush().ok()) {
    reserved.Quarantine("an import broke off while it replaced a database");
    broken_takeover_ = {.new_slot = &reserved, .old_slot = replaced};
  } else if (!reserved.SetTemporary(SlotState::kReserved).ok()) {
    reserved.Abandon();
  }
}

}  // namespace sahpool
