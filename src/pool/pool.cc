#include "pool/pool.h"

#include <utility>

namespace sahpool {

Status Pool::CheckNothingIsPinned() const {
  if (!AnyPinned()) return {};
  return {Code::kBusy, "the pool has open files or unfinished imports or exports"};
}

Status Pool::Attach(std::unique_ptr<StorageHandle> handle, std::string_view slot_name) {
  std::unique_ptr<File> file = File::Create(std::move(handle), slot_name, context());
  if (!file) return Status::NoMemory();
  if (Status s = file->slot().Load(); !s.ok()) return s;
  if (is_started_ && file->slot().state() == SlotState::kFree) {
    if (Status s = file->MakeClean(); !s.ok()) return s;
  }
  Add(std::move(file));
  return {};
}

Status Pool::Start() {
  if (Status s = SettleJournals(); !s.ok()) return s;
  if (Status s = SettleNames(); !s.ok()) return s;
  for (File* file = first(); file != nullptr; file = file->links.next) {
    Slot& slot = file->slot();
    if (slot.state() == SlotState::kQuarantined) {
      Text text("quarantined slot ");
      text.Append(slot.slot_name()).Append(": ").Append(slot.quarantine_reason());
      host_.Log(LogLevel::kWarning, text.view());
    }
    if (slot.state() != SlotState::kFree || slot.medium().looks_empty()) continue;
    if (const Status s = file->MakeClean(); !s.ok()) host_.Log(LogLevel::kWarning, s.text());
  }
  is_started_ = true;
  NoteFreeSlots();
  return {};
}

Status Pool::DetachAll() {
  if (Status s = CheckNothingIsPinned(); !s.ok()) return s;
  if (broken_takeover() != nullptr) {
    // What can't be settled now, the next start decides.
    if (const Status s = Settle(); !s.ok()) host_.Log(LogLevel::kWarning, s.text());
  }
  for (File* file = first(); file != nullptr; file = file->links.next) {
    // What stays when that fails does no harm, and the next start tries again.
    if (file->slot().residue() == Residue::kRetired) static_cast<void>(file->MakeClean());
  }
  RemoveAll();
  Reset();
  is_started_ = false;
  return {};
}

std::unique_ptr<File> Pool::RemoveFreeSlot() {
  for (File* file = first(); file != nullptr; file = file->links.next) {
    // A removal need not be durable either: what comes back after a crash must hold nothing.
    if (file->slot().state() == SlotState::kFree && !file->use().is_watched() &&
        file->MakeClean().ok()) {
      Drop(*file);
      return Remove(*file);
    }
  }
  return nullptr;
}

Status Pool::Wipe() {
  if (Status s = CheckNothingIsPinned(); !s.ok()) return s;
  if (Status s = ForgetHiddenJournals(); !s.ok()) return s;
  if (Status s = Settle(); !s.ok()) return s;
  // Databases first: one that is still there when this breaks off still has its journal.
  for (const bool databases : {true, false}) {
    for (File* file = first(); file != nullptr; file = file->links.next) {
      if ((file->kind() == FileKind::kDatabase) != databases) continue;
      if (file->slot().residue() == Residue::kNone) continue;
      if (Status s = file->SetFree(); !s.ok()) return s;
    }
  }
  return {};
}

void Pool::KeepFree(std::int32_t count) {
  keep_free_ = count;
  if (is_started_) NoteFreeSlots();
}

void Pool::NoteFreeSlots() {
  if (free_count() < keep_free_) host_.OnFewFreeSlots();
}

Result<File*> Pool::Create(const FileName& name, std::uint32_t flags) {
  if (Find(name) != nullptr) return Status(Code::kExists, "the file exists already");
  if ((flags & open_flag::kMainDb) != 0) {
    if (Status s = name.CheckForDatabase(); !s.ok()) return s;
  }
  if (Status s = Settle(); !s.ok()) return s;
  const bool is_journal = (flags & open_flag::kMainJournal) != 0;
  auto file = is_journal ? CreateJournal(name, flags) : TakeFree();
  if (file.ok() && !is_journal) {
    Slot& slot = file.value()->slot();
    Status status = slot.SetNamed(name, flags);
    if (status.ok()) {
      status = slot.Flush();
      // The caller is told that there is no file, so there must be none.
      if (!status.ok() && !file.value()->SetFree().ok()) file.value()->Abandon();
    }
    if (!status.ok()) return status;
  }
  if (file.ok()) NoteFreeSlots();
  return file;
}

Result<File*> Pool::CreateTemporary(std::uint32_t flags) {
  auto file = TakeFree();
  if (!file.ok()) return file;
  Slot& slot = file.value()->slot();
  if (Status s = slot.SetTemporary(SlotState::kTemporary); !s.ok()) return s;
  if ((flags & (open_flag::kTempDb | open_flag::kTransientDb)) != 0) {
    if (const Status marked = slot.Flush(); !marked.ok()) {
      static_cast<void>(file.value()->SetFree());
      return marked;
    }
  }
  NoteFreeSlots();
  return file;
}

Result<File*> Pool::Reserve() {
  if (Status s = Settle(); !s.ok()) return s;
  auto file = TakeFree();
  if (!file.ok()) return file;
  Slot& slot = file.value()->slot();
  if (Status s = slot.SetTemporary(SlotState::kReserved); !s.ok()) return s;
  if (Status s = slot.Flush(); !s.ok()) {
    static_cast<void>(file.value()->SetFree());
    return s;
  }
  NoteFreeSlots();
  return file;
}

Status Pool::Close(File& file, std::uint32_t open_flags) {
  if (file.slot().state() == SlotState::kTemporary) return file.SetFree();
  if ((open_flags & open_flag::kDeleteOnClose) != 0) return Delete(file);
  // Journals live and die with their transactions; what is meant to stay is made durable.
  // Whoever opens a file as a database wants it to stay, whatever its header says that it is.
  const std::uint32_t flags = file.slot().flags() | open_flags;
  if ((flags & (open_flag::kMainDb | open_flag::kWal)) == 0) return {};
  Status durable = MakeDurableAtClose(file);
  // What can't be handed over now, when no connection is left to be told later, is given up.
  file.Close();
  return durable;
}

// Not what a failed import has left: that is settled by itself.
File* Pool::FindQuarantined(std::string_view slot_name) const {
  for (File* file = first(); file != nullptr; file = file->links.next) {
    const Slot& slot = file->slot();
    if (slot.state() == SlotState::kQuarantined && slot.slot_name() == slot_name &&
        file != broken_takeover()) {
      return file;
    }
  }
  return nullptr;
}

Status Pool::Recover(std::string_view slot_name, const FileName& name) {
  File* const file = FindQuarantined(slot_name);
  if (file == nullptr) return {Code::kNotFound, "no quarantined slot has that name"};
  if (Find(name) != nullptr) {
    Text text(name.view());
    return {Code::kExists, text.Append(" exists already")};
  }
  // What the damaged header says of the type is kept where it can be true.
  std::uint32_t type = file->slot().flags() & open_flag::kPersistentTypes;
  if (type == 0 || (type & (type - 1)) != 0) type = open_flag::kMainDb;
  if (type == open_flag::kMainDb) {
    if (Status s = name.CheckForDatabase(); !s.ok()) return s;
  }
  if (Status s = ForgetHiddenJournals(); !s.ok()) return s;
  if (type == open_flag::kMainJournal) {
    bool is_sealed = false;
    if (Status s = file->journal().CheckSeal(is_sealed); !s.ok()) return s;
    if (is_sealed) {
      type |= open_flag::kSealedJournal;
    } else {
      file->journal().Reset();
    }
  }
  if (Status s = file->slot().SetNamed(name, type); !s.ok()) return s;
  if (Status s = file->slot().Flush(); !s.ok()) return s;
  // The start did not have both to tell whether the journal is void.
  File* const journal =
      file->kind() == FileKind::kJournal ? file : FindCompanion(name, kJournalSuffix);
  const bool can_settle =
      journal != nullptr && !journal->use().is_pinned() && journal->kind() == FileKind::kJournal;
  return can_settle ? SettleJournal(*journal) : Status();
}

Status Pool::Discard(std::string_view slot_name) {
  File* const file = FindQuarantined(slot_name);
  if (file == nullptr) return {Code::kNotFound, "no quarantined slot has that name"};
  return file->SetFree();
}

}  // namespace sahpool
