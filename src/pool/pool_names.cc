#include "pool/pool_names.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

namespace sahpool {
namespace {

Result<FileName> Join(const FileName& name, std::string_view suffix) {
  std::array<char, FileName::kMaxSize + 32> joined;
  const std::string_view stem = name.view();
  const auto end =
      std::copy(suffix.begin(), suffix.end(), std::copy(stem.begin(), stem.end(), joined.begin()));
  return FileName::FromStored({joined.data(), static_cast<std::size_t>(end - joined.begin())});
}

class SuperJournalsOfPool final : public SuperJournalLookup {
 public:
  SuperJournalsOfPool(const PoolNames& names, const PoolFiles& files)
      : names_(names), files_(files) {}

  // As to SQLite, an empty one is none: what a crash in the middle of its deletion leaves.
  Result<bool> Exists(std::string_view name) override {
    const auto resolved = names_.Resolve(name);
    if (!resolved.ok()) return false;
    if (Status s = names_.CheckAbsence(resolved.value()); !s.ok()) return s;
    const File* const file = files_.Find(resolved.value());
    return file != nullptr && file->size() > 0;
  }

 private:
  const PoolNames& names_;
  const PoolFiles& files_;
};

// Of two slots with one name. The same answer at every start, so that one that breaks off is
// followed by one that decides alike.
bool HasBetterClaim(const File& a, const File& b) {
  const bool a_is_empty = a.size() == 0;
  const bool b_is_empty = b.size() == 0;
  return a_is_empty != b_is_empty ? b_is_empty : a.slot().slot_name() < b.slot().slot_name();
}

FileBytes* BytesOf(File* file) { return file != nullptr ? &file->bytes() : nullptr; }

// Writes back, into the database file, what its journals say was last committed.
Status WriteBack(File& database, CommittedImage& image) {
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
  return database.Sync();
}

}  // namespace

Status PoolNames::CheckAbsence(const FileName& name) const {
  if (quarantined_count() == 0 || Find(name) != nullptr) return {};
  for (const File* file = first(); file != nullptr; file = file->links.next) {
    const Slot& slot = file->slot();
    if (slot.state() != SlotState::kQuarantined || file == broken_takeover()) continue;
    if (!slot.MayHold(name)) continue;
    Text text(name.view());
    text.Append(" may be in quarantined slot ").Append(slot.slot_name());
    return {Code::kCorrupt, text.Append(": recover or discard it first")};
  }
  return {};
}

Status PoolNames::CheckQuarantine(const FileName& database) const {
  if (Status s = CheckAbsence(database); !s.ok()) return s;
  return CheckCompanions(database);
}

Status PoolNames::CheckCompanions(const FileName& database) const {
  Status status;
  for (const std::string_view suffix : kCompanionSuffixes) {
    const auto name = Join(database, suffix);
    if (status.ok() && name.ok()) status = CheckAbsence(name.value());
  }
  return status;
}

Status PoolNames::OpenCommitted(File& database, CommittedImage& image) const {
  const FileName& name = database.slot().name();
  if (Status s = CheckQuarantine(name); !s.ok()) return s;
  SuperJournalsOfPool super_journals(*this, *this);
  return image.Load(database.bytes(), BytesOf(FindCompanion(name, kJournalSuffix)),
                    BytesOf(FindCompanion(name, kWalSuffix)), super_journals);
}

Status PoolNames::SettleNames() {
  for (File* file = first(); file != nullptr; file = file->links.next) {
    if (file->slot().state() != SlotState::kNamed) continue;
    if (Status s = SettleName(*file); !s.ok()) return s;
  }
  return {};
}

// Two slots can claim one name when a crash met an import that was replacing a database: both are
// whole. Or when a slot could not be emptied before a crash: that one holds nothing.
Status PoolNames::SettleName(File& file) {
  const std::string_view own_name = file.slot().name().view();
  const SlotLists& lists = context().lists;
  for (SlotNode* node = lists.Named(own_name); node != nullptr;
       node = SlotLists::Match(node->next, own_name, {})) {
    File& other = node->file;
    if (node->slot.state() != SlotState::kNamed || !HasBetterClaim(other, file)) continue;
    // The one that keeps the name must have it on the disk too, before the other one loses it.
    if (Status s = other.Sync(); !s.ok()) return s;
    if (file.size() > 0) return MoveAside(file);
    const Status freed = file.SetFree();
    // Once the name is gone, the rest is done when the slot is needed.
    return file.slot().state() == SlotState::kNamed ? freed : Status();
  }
  // A journal whose name no open could reach moves with its database, below.
  if (file.kind() != FileKind::kDatabase || IsResolved(own_name, url_dialect_)) return {};
  const auto resolved = Resolve(own_name);
  if (!resolved.ok() || !CanRenameDatabase(file, resolved.value())) return MoveAside(file);
  return RenameDatabase(file, resolved.value());
}

// Whether the name has a file, or a journal that would be taken for that of a file put there.
bool PoolNames::IsTaken(const FileName& name) const {
  return Find(name) != nullptr || FindCompanion(name, kJournalSuffix) != nullptr ||
         FindCompanion(name, kWalSuffix) != nullptr;
}

bool PoolNames::CanRenameDatabase(const File& file, const FileName& name) const {
  return Find(name) == nullptr &&
         std::none_of(kCompanionSuffixes.begin(), kCompanionSuffixes.end(), [&](auto suffix) {
           return FindCompanion(file.slot().name(), suffix) != nullptr &&
                  (!Join(name, suffix).ok() || FindCompanion(name, suffix) != nullptr);
         });
}

// The journals first: a database must not be found without the journal that belongs to it.
Status PoolNames::RenameDatabase(File& file, const FileName& name) {
  for (const std::string_view suffix : kCompanionSuffixes) {
    File* const companion = FindCompanion(file.slot().name(), suffix);
    if (companion == nullptr) continue;
    const auto companion_name = Join(name, suffix);
    if (!companion_name.ok()) return companion_name.status();
    if (Status s = Rename(*companion, companion_name.value()); !s.ok()) return s;
  }
  return Rename(file, name);
}

// Gives the file a name of its own beside the one that it can't have: nothing is deleted on doubt.
Status PoolNames::MoveAside(File& file) {
  Slot& slot = file.slot();
  const auto stem = Resolve(slot.name().view());
  if (!stem.ok()) {
    // Under any name made of it the next start would find it as unreachable as it is.
    slot.Quarantine("its name is too long to be opened");
    return {};
  }
  // The journals of a name stay with the file that keeps it.
  int count = 0;
  for (const SlotNode* node = context().lists.Named(slot.name().view()); node != nullptr;
       node = SlotLists::Match(node->next, slot.name().view(), {})) {
    count += node->slot.state() == SlotState::kNamed ? 1 : 0;
  }
  const bool shares_its_name = count > 1;
  for (std::int64_t number = 1;; ++number) {
    Text suffix(".duplicate-");
    suffix.Append(number);
    const auto name = Join(stem.value(), suffix.view());
    if (!name.ok() ||
        (file.kind() == FileKind::kDatabase && !name.value().CheckForDatabase().ok())) {
      slot.Quarantine("its name is taken by another slot");
      return {};
    }
    if (shares_its_name ? IsTaken(name.value()) : !CanRenameDatabase(file, name.value())) continue;
    return shares_its_name ? Rename(file, name.value()) : RenameDatabase(file, name.value());
  }
}

Status PoolNames::Rename(File& file, const FileName& name) {
  Slot& slot = file.slot();
  Text text("renaming ");
  text.Append(slot.name().view()).Append(" to ").Append(name.view());
  host_.Log(LogLevel::kWarning, text.view());
  // First, so that all of the file stands under the new name from the beginning, and so that the
  // header of a journal goes with its bytes no more.
  if (Status s = file.Drain(); !s.ok()) return s;
  if (Status s = slot.SetNamed(name, slot.flags()); !s.ok()) return s;
  return slot.Flush();
}

Status PoolNames::SettleCompanions(const FileName& name, File* database) {
  for (const std::string_view suffix : kCompanionSuffixes) {
    const File* const companion = FindCompanion(name, suffix);
    if (companion != nullptr && companion->use().is_pinned()) {
      return FileIsOpen(companion->slot().name());
    }
  }
  if (Status s = CheckCompanions(name); !s.ok()) return s;
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
    File* const companion = FindCompanion(name, suffix);
    if (companion == nullptr) continue;
    // A journal without its database may be all that is left of some rows.
    if (Status s = database != nullptr ? Delete(*companion) : MoveAside(*companion); !s.ok()) {
      return s;
    }
  }
  return {};
}

Status PoolNames::Publish(File& reserved, const FileName& name, std::uint32_t flags) {
  File* const replaced = Find(name);
  if (replaced != nullptr && replaced->use().is_pinned()) return FileIsOpen(name);
  if (Status s = ForgetHiddenJournals(); !s.ok()) return s;
  // The bytes must be there before the name says so.
  if (Status s = MakeDurable(reserved); !s.ok()) return s;
  if (Status s = SettleCompanions(name, replaced); !s.ok()) return s;
  if (Status s = reserved.slot().SetNamed(name, flags); !s.ok()) return s;
  Status status = reserved.Sync();
  if (status.ok() && replaced != nullptr) {
    status = Delete(*replaced);
    // The old one is gone, even if its slot could not be cleaned yet.
    if (replaced->slot().state() != SlotState::kNamed) return {};
  }
  if (!status.ok()) TakeBackName(reserved, replaced);
  return status;
}

// After a failure in which it is unknown which headers are durable: the old database keeps the
// name, and the new one is given up only when the old one is known to be whole on the disk.
void PoolNames::TakeBackName(File& reserved, File* replaced) {
  if (replaced != nullptr && !replaced->Sync().ok()) {
    reserved.slot().Quarantine("an import broke off while it replaced a database");
    OnBrokenTakeover(reserved, *replaced);
  } else if (!reserved.slot().SetTemporary(SlotState::kReserved).ok()) {
    reserved.Abandon();
  }
}

}  // namespace sahpool
