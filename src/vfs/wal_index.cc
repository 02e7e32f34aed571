#include "vfs/wal_index.h"

#include <algorithm>
#include <new>
#include <utility>

namespace sahpool {
namespace {

std::uint8_t Mask(int first, int count) {
  return static_cast<std::uint8_t>(((1U << count) - 1U) << first);
}

}  // namespace

Result<void*> WalIndex::Map(Holder& holder, int index, int region_size, bool create) {
  if (!holder.has_joined) {
    holder.has_joined = true;
    ++holders_;
  }
  if (index >= region_count_) {
    if (!create) return static_cast<void*>(nullptr);
    if (!Grow(index + 1, region_size)) {
      return Status::NoMemory();
    }
  }
  return static_cast<void*>(regions_[static_cast<std::size_t>(index)].get());
}

// The regions stay where they are; only the table of pointers to them is replaced.
bool WalIndex::Grow(int count, int region_size) {
  std::unique_ptr<Region[]> grown(new (std::nothrow) Region[static_cast<std::size_t>(count)]);
  if (!grown) return false;
  for (int i = region_count_; i < count; ++i) {
    auto& region = grown[static_cast<std::size_t>(i)];
    region.reset(new (std::nothrow) std::byte[static_cast<std::size_t>(region_size)]());
    if (!region) return false;
  }
  std::move(regions_.get(), regions_.get() + region_count_, grown.get());
  regions_ = std::move(grown);
  region_count_ = count;
  return true;
}

bool WalIndex::LockShared(Holder& holder, int first) {
  const std::uint8_t mask = Mask(first, 1);
  if ((holder.shared & mask) != 0) return true;
  if ((exclusive_ & mask) != 0) return false;
  ++shared_counts_[static_cast<std::size_t>(first)];
  holder.shared |= mask;
  return true;
}

bool WalIndex::LockExclusive(Holder& holder, int first, int count) {
  const std::uint8_t mask = Mask(first, count);
  if ((holder.exclusive & mask) == mask) return true;
  if ((exclusive_ & mask) != 0) return false;
  for (int i = first; i < first + count; ++i) {
    if (shared_counts_[static_cast<std::size_t>(i)] > 0) return false;
  }
  exclusive_ |= mask;
  holder.exclusive |= mask;
  return true;
}

void WalIndex::Unlock(Holder& holder, int first, int count) {
  for (int i = first; i < first + count; ++i) {
    const std::uint8_t mask = Mask(i, 1);
    if ((holder.shared & mask) != 0) --shared_counts_[static_cast<std::size_t>(i)];
    if ((holder.exclusive & mask) != 0) exclusive_ &= static_cast<std::uint8_t>(~mask);
  }
  const auto kept = static_cast<std::uint8_t>(~Mask(first, count));
  holder.shared &= kept;
  holder.exclusive &= kept;
}

void WalIndex::Leave(Holder& holder) {
  if (!holder.has_joined) return;
  Unlock(holder, 0, kLockCount);
  holder.has_joined = false;
  if (--holders_ > 0) return;
  regions_.reset();
  region_count_ = 0;
}

}  // namespace sahpool
