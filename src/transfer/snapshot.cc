#include "transfer/snapshot.h"

#include <limits>
#include <new>

namespace sahpool {

Snapshot::Snapshot(const FileContext& context, File& file)
    : context_(context), file_(file), changes_(context.watched_changes) {
  file.use().Pin();
  file.use().Watch(std::numeric_limits<std::int64_t>::max());
}

Result<std::unique_ptr<Snapshot>> Snapshot::Open(Pool& pool, File& file) {
  std::unique_ptr<Snapshot> snapshot(new (std::nothrow) Snapshot(pool.files().context(), file));
  if (!snapshot) return Status::NoMemory();
  snapshot->is_database_ = file.kind() == FileKind::kDatabase;
  if (!snapshot->is_database_) return snapshot;
  CommittedImage& image = snapshot->image_;
  if (Status s = pool.names().OpenCommitted(file, image); !s.ok()) return s;
  if (image.reads_journal()) {
    snapshot->journal_ = pool.files().FindCompanion(file.slot().name(), kJournalSuffix);
    snapshot->journal_->use().Watch(snapshot->journal_->size());
  }
  // A WAL grows behind what is read of it.
  if (image.wal_end() > 0) {
    snapshot->wal_ = pool.files().FindCompanion(file.slot().name(), kWalSuffix);
    snapshot->wal_->use().Watch(image.wal_end());
  }
  return snapshot;
}

Snapshot::~Snapshot() {
  if (journal_ != nullptr) journal_->use().Unwatch();
  if (wal_ != nullptr) wal_->use().Unwatch();
  file_.use().Unwatch();
  file_.use().Unpin();
}

Status Snapshot::Read(std::span<std::byte> into, std::int64_t offset) {
  if (context_.watched_changes != changes_) {
    return {Code::kBusy, "the file was written to while it was exported"};
  }
  return is_database_ ? image_.Read(into, offset) : file_.bytes().Read(into, offset);
}

}  // namespace sahpool
