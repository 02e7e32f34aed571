#include "pool/import.h"

#include <array>
#include <new>

#include "format/database_header.h"

namespace sahpool {

Result<std::unique_ptr<Import>> Import::Begin(Pool& pool, const FileName& name) {
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
  if (slot_ == nullptr) return {Code::kMisuse, "the import has ended"};
  if (Status s = slot_->Write(bytes, size_); !s.ok()) {
    Abort();
    return s;
  }
  size_ += static_cast<std::int64_t>(bytes.size());
  return {};
}

Status Import::Check() {
  if (size_ < kMinDatabaseSize || size_ % kMinDatabaseSize != 0) {
    Text text("an SQLite database can't have ");
    return {Code::kNotADatabase, text.Append(size_).Append(" bytes")};
  }
  std::array<std::byte, kDatabaseHeaderSize> header;
  if (Status s = slot_->Read(header, 0); !s.ok()) return s;
  return CheckDatabaseHeader(header, size_);
}

Status Import::Finish() {
  if (slot_ == nullptr) return {Code::kMisuse, "the import has ended"};
  constexpr std::array kRollbackJournalMode = {std::byte{1}, std::byte{1}};
  Status status = Check();
  if (status.ok()) status = slot_->Write(kRollbackJournalMode, kDatabaseFormatVersionOffset);
  if (status.ok()) status = pool_.Publish(*slot_, name_, open_flag::kMainDb);
  if (slot_->state() == SlotState::kNamed) {
    slot_->Unpin();
    slot_ = nullptr;
  } else {
    Abort();
  }
  return status;
}

void Import::Abort() {
  if (slot_ == nullptr) return;
  slot_->Unpin();
  // If it can't be emptied now, its header says that the next start may.
  if (slot_->state() == SlotState::kReserved) static_cast<void>(slot_->SetFree());
  slot_ = nullptr;
}

}  // namespace sahpool
