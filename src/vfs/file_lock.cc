#include "vfs/file_lock.h"

namespace sahpool {

bool FileLock::Raise(Holder& holder, LockLevel wanted) {
  if (holder.level >= wanted) return true;
  const bool other_writes = writer_ != nullptr && writer_ != &holder;
  if (wanted == LockLevel::kShared) {
    if (other_writes && writer_->level >= LockLevel::kPending) return false;
    ++shared_count_;
    holder.level = LockLevel::kShared;
    return true;
  }
  if (other_writes) return false;
  if (wanted == LockLevel::kExclusive && shared_count_ > 1) {
    // A reader that rolls back a hot journal goes from SHARED to EXCLUSIVE and leaves no PENDING
    // behind: nothing would ever clear it.
    if (holder.level == LockLevel::kReserved) holder.level = LockLevel::kPending;
    return false;
  }
  writer_ = &holder;
  holder.level = wanted;
  return true;
}

void FileLock::Lower(Holder& holder, LockLevel wanted) {
  if (holder.level <= wanted) return;
  if (writer_ == &holder) writer_ = nullptr;
  if (wanted == LockLevel::kNone) --shared_count_;
  holder.level = wanted;
}

}  // namespace sahpool
