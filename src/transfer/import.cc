#include "transfer/import.h"

#include <array>
#include <new>
#include <utility>

#include "format/database_header.h"

namespace sahpool {

Result<std::unique_ptr<Import>> Import::Begin(Pool& pool, const FileName& name) {
  if (Status s = name.CheckForDatabase(); !s.ok()) return s;
  auto slot = pool.Reserve();
  if (!slot.ok()) return slot.status();
  std::unique_ptr<Import> import(new (std::nothrow) Import(pool, *slot.value(), name));
  if (!import) {
    static_cast<void>(slot.value()->SetFree());
    return Status::NoMemory();
  }
  return import;
}

Import::~Import() { Abort(); }

Status Import::Write(std::span<const std::byte> bytes) {
  if (slot_ == nullptr || !staged_.empty()) return {Code::kMisuse, "the import has ended"};
  if (const Status s = slot_->Write(bytes, size_); !s.ok()) {
    Abort();
    return Describe(s);
  }
  size_ += static_cast<std::int64_t>(bytes.size());
  return {};
}

Status Import::CheckSize() const {
  if (size_ >= kMinDatabaseSize && size_ % kMinDatabaseSize == 0) return {};
  Text text("an SQLite database can't have ");
  return {Code::kNotADatabase, text.Append(size_).Append(" bytes")};
}

Status Import::Check() {
  if (Status s = CheckSize(); !s.ok()) return s;
  std::array<std::byte, kDatabaseHeaderSize> header;
  if (Status s = slot_->Read(header, 0); !s.ok()) return s;
  return CheckDatabaseHeader(header, size_);
}

Status Import::Stage(const FileName& temporary) {
  if (slot_ == nullptr || !staged_.empty()) return {Code::kMisuse, "the import has ended"};
  // Under its final name it would have replaced the old one by now.
  Status status =
      temporary == name_ ? Status(Code::kInvalid, "the name is not temporary") : CheckSize();
  if (status.ok() && pool_.Find(temporary) != nullptr) {
    Text text(temporary.view());
    status = Status(Code::kExists, text.Append(" exists already"));
  }
  if (status.ok()) status = pool_.Publish(*slot_, temporary, open_flag::kMainDb);
  if (slot_->state() == SlotState::kNamed) {
    slot_->Unpin();
    slot_->stager = this;
    staged_ = temporary;
  }
  return Describe(status);
}

bool Import::IsStaged(const Slot* slot) const {
  return pool_.Find(staged_) == slot && slot->stager == this;
}

// What is left to do before the name. A staged slot is the import's own again.
Status Import::Complete() {
  if (staged_.empty()) {
    constexpr std::array kRollbackJournalMode = {std::byte{1}, std::byte{1}};
    if (Status s = Check(); !s.ok()) return s;
    return slot_->Write(kRollbackJournalMode, kDatabaseFormatVersionOffset);
  }
  if (!IsStaged(slot_) || slot_->is_pinned()) {
    return {Code::kBusy, "the imported file is open or gone"};
  }
  // What the check has left in a journal or a WAL belongs to the file.
  if (Status s = pool_.SettleCompanions(staged_, slot_); !s.ok()) return s;
  slot_->Pin();
  staged_ = FileName();
  return {};
}

Status Import::Finish() {
  if (slot_ == nullptr) return {Code::kMisuse, "the import has ended"};
  Status status = Complete();
  if (status.ok()) {
    status = pool_.Publish(*slot_, name_, open_flag::kMainDb);
    if (slot_->state() == SlotState::kNamed && slot_->name() == name_) {
      slot_->Unpin();
      slot_ = nullptr;
    }
  }
  Abort();
  return Describe(status);
}

Status Import::Describe(const Status& status) const {
  if (status.ok()) return {};
  Text text(status.text());
  return {status.code(), text.Append(" (importing ").Append(name_.view()).Append(")")};
}

void Import::Abort() {
  Slot* const slot = std::exchange(slot_, nullptr);
  if (slot == nullptr) return;
  if (staged_.empty()) {
    slot->Unpin();
  } else if (!IsStaged(slot)) {
    return;
  }
  // If it can't be emptied now, its header says that the next start may.
  if (slot->state() == SlotState::kReserved) static_cast<void>(slot->SetFree());
  if (slot->state() == SlotState::kNamed) static_cast<void>(pool_.DeleteDatabase(*slot));
}

}  // namespace sahpool
