// What cases over a pool share: slots handed to pools, names, and a VFS that is registered for as
// long as the case runs.
//
// Ownership: the backend keeps its slots; a pool gets handles that refer to them, so that a case
// can look behind the pool's back and give the same slots to a second pool, which is a restart.
#ifndef SAHPOOL_TESTS_CONFORMANCE_POOL_FIXTURE_H_
#define SAHPOOL_TESTS_CONFORMANCE_POOL_FIXTURE_H_

#include <memory>
#include <new>
#include <string_view>
#include <utility>

#include "pool/pool.h"
#include "tests/conformance/conformance.h"
#include "vfs/pool_vfs.h"

namespace sahpool::conformance {

// How many changes to storage still succeed before all fail, as when a process dies.
class ChangeBudget {
 public:
  explicit ChangeBudget(int left) : left_(left) {}

  // Whether one more change may be made.
  bool Spend() {
    is_exceeded_ = is_exceeded_ || left_ == 0;
    return !is_exceeded_ && left_-- > 0;
  }
  bool is_exceeded() const { return is_exceeded_; }

 private:
  int left_;
  bool is_exceeded_ = false;
};

class SlotReference final : public StorageHandle {
 public:
  // Without a budget every change is made.
  SlotReference(StorageHandle& slot, ChangeBudget* budget) : slot_(slot), budget_(budget) {}

  Result<std::size_t> Read(std::span<std::byte> into, std::int64_t offset) override {
    return slot_.Read(into, offset);
  }
  Result<std::size_t> Write(std::span<const std::byte> bytes, std::int64_t offset) override {
    if (!MayChange()) return EndOfBudget();
    return slot_.Write(bytes, offset);
  }
  Status Truncate(std::int64_t size) override {
    return MayChange() ? slot_.Truncate(size) : EndOfBudget();
  }
  Result<std::int64_t> Size() override { return slot_.Size(); }
  Status Flush() override { return MayChange() ? slot_.Flush() : EndOfBudget(); }

 private:
  bool MayChange() { return budget_ == nullptr || budget_->Spend(); }
  static Status EndOfBudget() { return {Code::kIo, "no more changes are made"}; }

  StorageHandle& slot_;
  ChangeBudget* budget_;
};

// Neighbouring slots of a backend.
struct SlotRange {
  int first = 0;
  int count = 0;
};
inline constexpr SlotRange kLowerHalf{0, kSlotCount / 2};
inline constexpr SlotRange kUpperHalf{kSlotCount / 2, kSlotCount / 2};
inline constexpr SlotRange kAllSlots{0, kSlotCount};

// "slot-a" for the first. The order of the names is that of the indices.
inline Text SlotName(int index) {
  const char letter = static_cast<char>('a' + index);
  return Text("slot-").Append({&letter, 1});
}

// The index of the slot with that name, -1 when it isn't one of SlotName().
inline int SlotIndex(std::string_view slot_name) {
  for (int index = 0; index < kSlotCount; ++index) {
    if (SlotName(index).view() == slot_name) return index;
  }
  return -1;
}

inline Status AttachSlots(Backend& backend, SlotRange range, Pool& pool,
                          ChangeBudget* budget = nullptr) {
  for (int index = range.first; index < range.first + range.count; ++index) {
    std::unique_ptr<StorageHandle> handle(new (std::nothrow)
                                              SlotReference(backend.slot(index), budget));
    if (!handle) return {Code::kNoMemory, "out of memory"};
    if (Status s = pool.Attach(std::move(handle), SlotName(index).view()); !s.ok()) return s;
  }
  return {};
}

// Attaches the slots and starts the pool, as a worker does that begins.
inline Status StartPool(Backend& backend, SlotRange range, Pool& pool,
                        ChangeBudget* budget = nullptr) {
  if (Status s = AttachSlots(backend, range, pool, budget); !s.ok()) return s;
  return pool.Start();
}

// Makes the slots of `to` what those of `from` are at this moment: what a crash would leave, if all
// that was written reached the disk.
inline Failure CopySlots(Backend& backend, SlotRange from, SlotRange to) {
  REQUIRE_EQ(from.count, to.count);
  Buffer buffer(65536);
  REQUIRE(buffer);
  for (int index = 0; index < from.count; ++index) {
    StorageHandle& source = backend.slot(from.first + index);
    StorageHandle& target = backend.slot(to.first + index);
    REQUIRE_OK(target.Truncate(0));
    for (std::int64_t offset = 0;;) {
      const auto count = source.Read(buffer.span(), offset);
      REQUIRE_OK(count);
      if (count.value() == 0) break;
      const auto written = target.Write(buffer.first(count.value()), offset);
      REQUIRE_OK(written);
      REQUIRE_EQ(written.value(), count.value());
      offset += static_cast<std::int64_t>(count.value());
    }
  }
  return {};
}

// The stored name of a name that is known to be good.
inline FileName Named(std::string_view name) { return ResolveFileName(name, UrlDialect{}).value(); }

inline constexpr std::size_t kPatternSize = 10000;
// Creates a file of kPatternSize bytes.
inline Failure CreateWithPattern(Pool& pool, std::string_view name, std::uint32_t seed,
                                 std::uint32_t flags = open_flag::kMainDb) {
  Buffer bytes(kPatternSize);
  REQUIRE(bytes);
  FillPattern(bytes.span(), seed);
  const auto slot = pool.Create(Named(name), flags);
  REQUIRE_OK(slot);
  REQUIRE_OK(slot.value()->Write(bytes.span(), 0));
  REQUIRE_OK(slot.value()->Sync());
  return {};
}

// Whether the file is one that CreateWithPattern() made with that seed.
inline Failure HoldsPattern(const Pool& pool, std::string_view name, std::uint32_t seed) {
  File* const file = pool.files().Find(Named(name));
  REQUIRE(file != nullptr);
  REQUIRE_EQ(file->size(), kPatternSize);
  Buffer bytes(kPatternSize);
  REQUIRE(bytes);
  REQUIRE_OK(file->Read(bytes.span(), 0));
  REQUIRE(HasPattern(bytes.span(), seed));
  return {};
}

// A pool with its VFS registered. Everything opened in it must be closed before it is destroyed.
class TestVfs {
 public:
  // Gives the slots to a new pool, in place of the one before. `name` must not be taken.
  Failure Start(Backend& backend, SlotRange range, const char* name = "conformance",
                ChangeBudget* budget = nullptr) {
    vfs_.reset();
    vfs_ = PoolVfs::Create(backend.host(), name);
    REQUIRE(vfs_ != nullptr);
    REQUIRE_OK(StartPool(backend, range, vfs_->pool(), budget));
    REQUIRE_OK(vfs_->Register());
    return {};
  }

  const char* name() const { return vfs_->name(); }
  Pool& pool() { return vfs_->pool(); }
  PoolVfs* operator->() { return vfs_.get(); }
  // As SQLite knows it.
  sqlite3_vfs* sqlite() const { return sqlite3_vfs_find(vfs_->name()); }

 private:
  std::unique_ptr<PoolVfs> vfs_;
};

}  // namespace sahpool::conformance

#endif  // SAHPOOL_TESTS_CONFORMANCE_POOL_FIXTURE_H_
