#include "pool/snapshot.h"

#include <new>
#include <utility>

namespace sahpool {

Result<std::unique_ptr<Snapshot>> Snapshot::Open(Pool& pool, Slot& slot) {
  std::unique_ptr<Snapshot> snapshot(new (std::nothrow) Snapshot(slot));
  if (!snapshot) return Status::NoMemory();
  snapshot->is_database_ = slot.is_database();
  if (snapshot->is_database_) {
    if (Status s = pool.OpenCommitted(slot, snapshot->image_); !s.ok()) return s;
  }
  return snapshot;
}

Status Snapshot::Read(std::span<std::byte> into, std::int64_t offset) {
  return is_database_ ? image_.Read(into, offset) : slot_.Read(into, offset);
}

}  // namespace sahpool
