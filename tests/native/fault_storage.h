// A disk in memory that fails on demand, writes down what is asked of it, and knows what a crash
// would leave.
//
// The model. Flushing a slot makes all of that slot's past durable, its creation included, and says
// nothing about other slots. Since its last flush, each write and each size change of a slot may
// after a crash be there or not, whatever the order in which they were made; a write also in part,
// by the sectors of 512 bytes that it touches. Two writes of which the second goes on in the middle
// of a sector, where the host cut the first one short, are one: a sector goes to the disk whole. A
// slot that was created and never flushed may be missing. A slot that was removed may be back, for
// as long as the machine runs: nothing makes a removal durable. survival.h draws from these
// possibilities.
//
// Threads: none. A FaultDisk outlives the handles that it opened.
#ifndef SAHPOOL_TESTS_NATIVE_FAULT_STORAGE_H_
#define SAHPOOL_TESTS_NATIVE_FAULT_STORAGE_H_

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "memory_source.h"
#include "storage/storage.h"

namespace sahpool::testing {

enum class CallKind { kRead, kWrite, kTruncate, kSize, kFlush };

struct Fault {
  enum class Kind {
    kError,             // fails and does nothing
    kErrorAfterHalf,    // writes half of the bytes, then fails
    kErrorAfterEffect,  // does all of it, then says that it failed
    kShort,             // writes or reads half of the bytes and returns that count
    kNothing,           // writes or reads nothing and returns 0
  };

  Kind kind = Kind::kError;
  int nth = 1;                      // from arming on, counted over the calls of kind `of`
  std::optional<CallKind> of = {};  // any kind when empty
  Code code = Code::kIo;
  bool persists = false;  // every later call of that kind fails too
  // Only calls strike that would make all slots together longer than so many bytes, which is what a
  // quota forbids: what needs no room works, and what is cut off is room again. Then half of the
  // bytes is those that there is room for.
  std::optional<std::int64_t> quota = {};
  // Only calls on that slot strike, where it is not empty.
  std::string slot = {};
};

// What lies on a disk, by slot name.
using SlotBytes = std::map<std::string, Bytes>;

class FaultDisk {
 public:
  // What the disk writes at once; a write is torn between two of these.
  static constexpr std::int64_t kSectorSize = 512;

  struct Change {
    std::int64_t offset = 0;  // of `bytes`, or the new size
    std::optional<Bytes> bytes = {};
    std::uint64_t number = 0;   // rises with every change of any slot
    bool is_cut_short = false;  // the host took less than it was given
  };
  struct Slot {
    Bytes now;
    Bytes durable;
    std::vector<Change> since_flush = {};
    bool was_ever_durable = true;
    bool is_removed = false;
  };

  FaultDisk() = default;
  explicit FaultDisk(const SlotBytes& slots) {
    for (const auto& [name, bytes] : slots) AddSlot(name, bytes);
  }
  FaultDisk(const FaultDisk&) = delete;
  FaultDisk& operator=(const FaultDisk&) = delete;

  // A slot that holds `bytes`, durably.
  void AddSlot(const std::string& name, Bytes bytes = {});
  // A new slot that a crash may take away until it is flushed.
  void CreateSlot(const std::string& name);
  // Removes a slot, which a crash may bring back.
  void RemoveSlot(const std::string& name);
  std::unique_ptr<StorageHandle> Open(const std::string& name);

  // Puts other slots in the place of all that there are. No handle may be open.
  void Replace(std::map<std::string, Slot> slots) { slots_ = std::move(slots); }

  // Without the removed ones.
  std::vector<std::string> slot_names() const;
  // With the removed ones.
  const std::map<std::string, Slot>& slots() const { return slots_; }
  // Makes a change in `bytes` as the disk does.
  static void Apply(const Change& change, Bytes& bytes);

  Bytes& bytes(const std::string& name) { return slots_.at(name).now; }
  // All that was written.
  SlotBytes Everything() const;

  // What a crash at this moment can leave: everything, nothing since each slot's last flush, and
  // with changes since then lost or kept one by one, for no order among them is guaranteed.
  std::vector<SlotBytes> CrashStates() const;
  // The same one by one, by an index below the count.
  std::size_t crash_state_count() const;
  SlotBytes CrashState(std::size_t index) const;

  void Arm(const Fault& fault) {
    fault_ = fault;
    seen_ = 0;
    has_hit_ = false;
  }
  void Disarm() { fault_.reset(); }
  // Whether the armed fault came to pass.
  bool has_hit() const { return has_hit_; }
  // How long all slots are together, without the removed ones.
  std::int64_t total_size() const;
  // How many calls of any kind have been made.
  std::uint64_t call_count() const { return call_count_; }

  // "write s1 0+524", "truncate s1 4096", "flush s1"; reads and sizes are left out.
  std::vector<std::string> log;
  bool keeps_log = true;
  // Called before each write, truncation, flush, creation and removal.
  std::function<void()> before_change;

 private:
  friend class FaultHandle;

  void Make(Slot& slot, Change change);
  static bool GoesOnInSector(const Slot& slot, const Change& change);
  static void MakeDurable(Slot& slot);
  // The fault that strikes this call, if any.
  std::optional<Fault> Strike(CallKind kind, std::string_view slot, std::int64_t growth = 0);
  // How much longer the slot would be that ends at `end`.
  static std::int64_t GrowthOf(const Slot& slot, std::int64_t end) {
    return std::max<std::int64_t>(end - std::ssize(slot.now), 0);
  }
  void Note(const char* action, const std::string& slot, const std::string& detail = {});
  SlotBytes StateWith(const std::function<bool(std::size_t)>& is_kept) const;

  std::map<std::string, Slot> slots_;
  std::optional<Fault> fault_;
  int seen_ = 0;
  bool has_hit_ = false;
  std::uint64_t call_count_ = 0;
  std::uint64_t change_count_ = 0;
};

}  // namespace sahpool::testing

#endif  // SAHPOOL_TESTS_NATIVE_FAULT_STORAGE_H_
