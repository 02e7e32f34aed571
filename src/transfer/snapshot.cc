#include "transfer/snapshot.h"

#include <limits>
#include <new>

namespace sahpool {

Snapshot::Snapshot(const StorageMeter& meter, Slot& slot)
    : meter_(meter), slot_(slot), changes_(meter.watched_changes()) {
  slot.Pin();
  slot.Watch(std::numeric_limits<std::int64_t>::max());
}

Result<std::unique_ptr<Snapshot>> Snapshot::Open(Pool& pool, Slot& slot) {
  std::unique_ptr<Snapshot> snapshot(new (std::nothrow) Snapshot(pool.meter(), slot));
  if (!snapshot) return Status::NoMemory();
  snapshot->is_database_ = slot.is_database();
  if (!snapshot->is_database_) return snapshot;
  CommittedImage& image = snapshot->image_;
  if (Status s = pool.OpenCommitted(slot, image); !s.ok()) return s;
  if (image.reads_journal()) {
    snapshot->journal_ = pool.FindCompanion(slot.name(), kJournalSuffix);
    snapshot->journal_->Watch(snapshot->journal_->size());
  }
  // A WAL grows behind what is read of it.
  if (image.wal_end() > 0) {
    snapshot->wal_ = pool.FindCompanion(slot.name(), kWalSuffix);
    snapshot->wal_->Watch(image.wal_end());
  }
  return snapshot;
}

Snapshot::~Snapshot() {
  if (journal_ != nullptr) journal_->Unwatch();
  if (wal_ != nullptr) wal_->Unwatch();
  slot_.Unwatch();
  slot_.Unpin();
}

Status Snapshot::Read(std::span<std::byte> into, std::int64_t offset) {
  if (meter_.watched_changes() != changes_) {
    return {Code::kBusy, "the file was written to while it was exported"};
  }
  return is_database_ ? image_.Read(into, offset) : slot_.Read(into, offset);
}

}  // namespace sahpool
