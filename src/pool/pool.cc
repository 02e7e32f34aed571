#include "pool/pool.h"

#include <utility>

namespace sahpool {

Pool::~Pool() { RemoveAll(); }

void Pool::RemoveAll() {
  while (first_ != nullptr) {
    const std::unique_ptr<Slot> slot(first_);
    first_ = slot->next;
  }
  broken_takeover_ = {};
  changed_ = nullptr;
  has_made_journals_ = false;
  is_started_ = false;
}

Status Pool::Attach(std::unique_ptr<StorageHandle> handle, std::string_view slot_name) {
  std::unique_ptr<Slot> slot = Slot::Create(std::move(handle), slot_name, lists_, meter_);
  if (!slot) return Status::NoMemory();
  if (Status s = slot->Load(); !s.ok()) return s;
  if (is_started_ && slot->state() == SlotState::kFree) {
    if (Status s = slot->MakeClean(); !s.ok()) return s;
  }
  slot->next = first_;
  first_ = slot.release();
  return {};
}

Status Pool::Start() {
  if (Status s = SettleJournals(); !s.ok()) return s;
  if (Status s = SettleNames(); !s.ok()) return s;
  for (Slot* slot = first_; slot != nullptr; slot = slot->next) {
    if (slot->state() == SlotState::kQuarantined) {
      Text text("quarantined slot ");
      text.Append(slot->slot_name()).Append(": ").Append(slot->quarantine_reason());
      host_.Log(LogLevel::kWarning, text.view());
    }
    if (slot->state() != SlotState::kFree || slot->looks_clean()) continue;
    if (const Status s = slot->MakeClean(); !s.ok()) host_.Log(LogLevel::kWarning, s.text());
  }
  is_started_ = true;
  NoteFreeSlots();
  return {};
}

Status Pool::DetachAll() {
  if (AnyPinned()) return {Code::kBusy, "the pool has open files or unfinished imports or exports"};
  if (broken_takeover_.new_slot != nullptr) {
    // What can't be settled now, the next start decides.
    if (const Status s = Settle(); !s.ok()) host_.Log(LogLevel::kWarning, s.text());
  }
  for (Slot* slot = first_; slot != nullptr; slot = slot->next) {
    // What stays when that fails does no harm, and the next start tries again.
    if (slot->is_retired()) static_cast<void>(slot->MakeClean());
  }
  RemoveAll();
  return {};
}

std::unique_ptr<Slot> Pool::RemoveFreeSlot() {
  for (Slot** link = &first_; *link != nullptr; link = &(*link)->next) {
    // A removal need not be durable either: what comes back after a crash must hold nothing.
    if ((*link)->state() == SlotState::kFree && !(*link)->is_watched() &&
        (*link)->MakeClean().ok()) {
      ForgetChanged(**link);
      (*link)->Unlist();
      return std::unique_ptr<Slot>(std::exchange(*link, (*link)->next));
    }
  }
  return nullptr;
}

Status Pool::Wipe() {
  if (AnyPinned()) return {Code::kBusy, "the pool has open files or unfinished imports or exports"};
  if (Status s = ForgetHiddenJournals(); !s.ok()) return s;
  if (Status s = Settle(); !s.ok()) return s;
  // Databases first: one that is still there when this breaks off still has its journal.
  for (const bool databases : {true, false}) {
    for (Slot* slot = first_; slot != nullptr; slot = slot->next) {
      if (slot->is_database() != databases) continue;
      if (slot->state() == SlotState::kFree && slot->is_clean()) continue;
      if (Status s = slot->SetFree(); !s.ok()) return s;
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

Slot* Pool::FindCompanion(std::string_view database, std::string_view suffix) const {
  SlotNode* node = lists_.Named(database, suffix);
  while (node != nullptr && node->slot.state() != SlotState::kNamed) {
    node = SlotLists::Match(node->next, database, suffix);
  }
  return node != nullptr ? &node->slot : nullptr;
}

Slot* Pool::At(SlotState state, std::int32_t index) const {
  auto& [slot, place, last_state, changes] = last_at_;
  if (slot == nullptr || index < place || last_state != state || changes != lists_.changes) {
    last_at_ = {.slot = first_, .state = state, .changes = lists_.changes};
  }
  for (; slot != nullptr; slot = slot->next) {
    if (slot->state() != state) continue;
    if (place == index) return slot;
    ++place;
  }
  return nullptr;
}

// Clean slots first, retired journals last; a slot that can't be cleaned is passed over, since
// another may do.
Result<Slot*> Pool::TakeFreeSlot() {
  Status problem;
  for (SlotNode* node : lists_.free) {
    while (node != nullptr) {
      Slot* const slot = &node->slot;
      node = node->next;
      Status cleaned = slot->MakeClean();
      if (cleaned.ok()) return slot;
      problem = cleaned;
    }
  }
  if (!problem.ok()) return problem;
  Text text("the pool is full: all ");
  text.Append(capacity()).Append(" slots are in use; addCapacity() makes more");
  return Status(Code::kNoFreeSlot, text);
}

Status Pool::Settle() {
  if (auto& [new_slot, old_slot] = broken_takeover_; new_slot != nullptr) {
    if (Status s = old_slot->Flush(); !s.ok()) return s;
    if (Status s = new_slot->SetFree(); !s.ok()) return s;
    broken_takeover_ = {};
  }
  if (lists_.unsettled_count == 0) return {};
  for (Slot* slot = first_; slot != nullptr; slot = slot->next) {
    if (!slot->needs_settling()) continue;
    if (Status s = slot->Settle(); !s.ok()) return s;
  }
  return {};
}

Status Pool::MakeDurable(Slot& slot) {
  if (Status s = Settle(); !s.ok()) return s;
  return slot.Flush();
}

Result<Slot*> Pool::Create(const FileName& name, std::uint32_t flags) {
  if (Find(name) != nullptr) return Status(Code::kExists, "the file exists already");
  if ((flags & open_flag::kMainDb) != 0) {
    if (Status s = name.CheckForDatabase(); !s.ok()) return s;
  }
  if (Status s = Settle(); !s.ok()) return s;
  if ((flags & open_flag::kMainJournal) != 0) return CreateJournal(name, flags);
  auto slot = TakeFreeSlot();
  if (!slot.ok()) return slot;
  Status status = slot.value()->SetNamed(name, flags);
  if (status.ok()) {
    status = slot.value()->Flush();
    // The caller is told that there is no file, so there must be none.
    if (!status.ok() && !slot.value()->SetFree().ok()) slot.value()->Abandon();
  }
  if (!status.ok()) return status;
  NoteFreeSlots();
  return slot;
}

Result<Slot*> Pool::CreateTemporary(std::uint32_t flags) {
  auto slot = TakeFreeSlot();
  if (!slot.ok()) return slot;
  if (Status s = slot.value()->SetTemporary(SlotState::kTemporary); !s.ok()) return s;
  if ((flags & (open_flag::kTempDb | open_flag::kTransientDb)) != 0) {
    if (const Status marked = slot.value()->Flush(); !marked.ok()) {
      static_cast<void>(slot.value()->ReleaseTemporary());
      return marked;
    }
  }
  NoteFreeSlots();
  return slot;
}

Result<Slot*> Pool::Reserve() {
  if (Status s = Settle(); !s.ok()) return s;
  auto slot = TakeFreeSlot();
  if (!slot.ok()) return slot;
  if (Status s = slot.value()->SetTemporary(SlotState::kReserved); !s.ok()) return s;
  if (Status s = slot.value()->Flush(); !s.ok()) {
    static_cast<void>(slot.value()->SetFree());
    return s;
  }
  NoteFreeSlots();
  return slot;
}

Status Pool::IsOpen(const FileName& name) {
  Text text(name.view());
  return {Code::kBusy, text.Append(" is open")};
}

Status Pool::Delete(Slot& slot) {
  if (slot.is_pinned()) return IsOpen(slot.name());
  if (slot.is_incomplete_journal()) return slot.DropJournal();
  // Without its journal nothing undoes what of the database's past a crash could bring back.
  if (Status s = BeginChange(slot, slot.is_database()); !s.ok()) return s;
  return (slot.flags() & open_flag::kMainJournal) != 0 ? DeleteJournal(slot) : slot.SetFree();
}

Status Pool::DeleteDatabase(Slot& slot) {
  const FileName name = slot.name();
  const bool is_database = slot.is_database();
  if (Status s = Delete(slot); !s.ok()) return s;
  if (!is_database) return {};
  for (const std::string_view suffix : {kJournalSuffix, kWalSuffix}) {
    Slot* const companion = FindCompanion(name, suffix);
    if (companion == nullptr || companion->is_pinned()) continue;
    if (Status s = Delete(*companion); !s.ok()) return s;
  }
  return {};
}

// Not what a failed import has left: that is settled by itself.
Slot* Pool::FindQuarantined(std::string_view slot_name) const {
  for (Slot* slot = first_; slot != nullptr; slot = slot->next) {
    if (slot->state() == SlotState::kQuarantined && slot->slot_name() == slot_name &&
        slot != broken_takeover_.new_slot) {
      return slot;
    }
  }
  return nullptr;
}

Status Pool::Recover(std::string_view slot_name, const FileName& name) {
  Slot* const slot = FindQuarantined(slot_name);
  if (slot == nullptr) return {Code::kNotFound, "no quarantined slot has that name"};
  if (Find(name) != nullptr) {
    Text text(name.view());
    return {Code::kExists, text.Append(" exists already")};
  }
  // What the damaged header says of the type is kept where it can be true.
  std::uint32_t type = slot->flags() & open_flag::kPersistentTypes;
  if (type == 0 || (type & (type - 1)) != 0) type = open_flag::kMainDb;
  if (type == open_flag::kMainDb) {
    if (Status s = name.CheckForDatabase(); !s.ok()) return s;
  }
  if (Status s = ForgetHiddenJournals(); !s.ok()) return s;
  if (type == open_flag::kMainJournal) {
    bool is_sealed = false;
    if (Status s = slot->CheckSeal(is_sealed); !s.ok()) return s;
    if (is_sealed) {
      type |= open_flag::kSealedJournal;
    } else {
      slot->ForgetSeal();
    }
  }
  if (Status s = slot->SetNamed(name, type); !s.ok()) return s;
  if (Status s = slot->Flush(); !s.ok()) return s;
  // The start did not have both to tell whether the journal is void.
  Slot* const journal = slot->is_journal() ? slot : FindCompanion(name, kJournalSuffix);
  const bool can_settle = journal != nullptr && !journal->is_pinned() && journal->is_journal();
  return can_settle ? SettleJournal(*journal) : Status();
}

Status Pool::Discard(std::string_view slot_name) {
  Slot* const slot = FindQuarantined(slot_name);
  if (slot == nullptr) return {Code::kNotFound, "no quarantined slot has that name"};
  return slot->SetFree();
}

}  // namespace sahpool
