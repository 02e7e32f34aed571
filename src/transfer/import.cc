#include "transfer/import.h"

#include <array>
#include <new>
#include <utility>

#include "format/database_header.h"

namespace sahpool {

Result<std::unique_ptr<Import>> Import::Begin(Pool& pool, const FileName& name) {
  if (Status s = name.CheckForDatabase(); !s.ok()) return s;
  auto file = pool.Reserve();
  if (!file.ok()) return file.status();
  std::unique_ptr<Import> import(new (std::nothrow) Import(pool, *file.value(), name));
  if (!import) {
    static_cast<void>(file.value()->SetFree());
    return Status::NoMemory();
  }
  return import;
}

Import::~Import() { Abort(); }

Status Import::Write(std::span<const std::byte> bytes) {
  if (file_ == nullptr || !staged_.empty()) return {Code::kMisuse, "the import has ended"};
  if (const Status s = file_->Write(bytes, size_); !s.ok()) {
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
  if (Status s = file_->Read(header, 0); !s.ok()) return s;
  return CheckDatabaseHeader(header, size_);
}

Status Import::Stage(const FileName& temporary) {
  if (file_ == nullptr || !staged_.empty()) return {Code::kMisuse, "the import has ended"};
  // Under its final name it would have replaced the old one by now.
  Status status =
      temporary == name_ ? Status(Code::kInvalid, "the name is not temporary") : CheckSize();
  if (status.ok() && pool_.files().Find(temporary) != nullptr) {
    Text text(temporary.view());
    status = Status(Code::kExists, text.Append(" exists already"));
  }
  if (status.ok()) status = pool_.names().Publish(*file_, temporary, open_flag::kMainDb);
  if (file_->slot().state() == SlotState::kNamed) {
    file_->use().Unpin();
    file_->links.stager = this;
    staged_ = temporary;
  }
  return Describe(status);
}

bool Import::IsStaged(const File* file) const {
  return pool_.files().Find(staged_) == file && file->links.stager == this;
}

// What is left to do before the name. A staged slot is the import's own again.
Status Import::Complete() {
  if (staged_.empty()) {
    constexpr std::array kRollbackJournalMode = {std::byte{1}, std::byte{1}};
    if (Status s = Check(); !s.ok()) return s;
    return file_->Write(kRollbackJournalMode, kDatabaseFormatVersionOffset);
  }
  if (!IsStaged(file_) || file_->use().is_pinned()) {
    return {Code::kBusy, "the imported file is open or gone"};
  }
  // What the check has left in a journal or a WAL belongs to the file.
  if (Status s = pool_.names().SettleCompanions(staged_, file_); !s.ok()) return s;
  file_->use().Pin();
  file_->links.stager = nullptr;
  staged_ = FileName();
  return {};
}

Status Import::Finish() {
  if (file_ == nullptr) return {Code::kMisuse, "the import has ended"};
  Status status = Complete();
  if (status.ok()) {
    status = pool_.names().Publish(*file_, name_, open_flag::kMainDb);
    if (file_->slot().state() == SlotState::kNamed && file_->slot().name() == name_) {
      file_->use().Unpin();
      file_ = nullptr;
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
  File* const file = std::exchange(file_, nullptr);
  if (file == nullptr) return;
  if (staged_.empty()) {
    file->use().Unpin();
  } else if (!IsStaged(file)) {
    return;
  }
  // If it can't be emptied now, its header says that the next start may.
  if (file->slot().state() == SlotState::kReserved) static_cast<void>(file->SetFree());
  if (file->slot().state() == SlotState::kNamed) {
    static_cast<void>(pool_.order().DeleteDatabase(*file));
  }
}

}  // namespace sahpool
