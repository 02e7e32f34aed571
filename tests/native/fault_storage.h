// Slots in memory that fail on demand, write down what is asked of them, and know what a crash
// would leave: each slot remembers what it held at its last flush and every change since.
//
// Threads: none. A FaultDisk outlives the handles that it opened.
#ifndef SAHPOOL_TESTS_NATIVE_FAULT_STORAGE_H_
#define SAHPOOL_TESTS_NATIVE_FAULT_STORAGE_H_

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
};

// What lies on a disk, by slot name.
using SlotBytes = std::map<std::string, Bytes>;

class FaultDisk {
 public:
  FaultDisk() = default;
  explicit FaultDisk(const SlotBytes& slots) {
    for (const auto& [name, bytes] : slots) AddSlot(name, bytes);
  }
  FaultDisk(const FaultDisk&) = delete;
  FaultDisk& operator=(const FaultDisk&) = delete;

  // A slot that holds `bytes`, durably.
  void AddSlot(const std::string& name, Bytes bytes = {});
  std::unique_ptr<StorageHandle> Open(const std::string& name);

  std::vector<std::string> slot_names() const;
  Bytes& bytes(const std::string& name) { return slots_.at(name).now; }
  // All that was written.
  SlotBytes Everything() const;

  // What a crash at this moment can leave: everything, nothing since each slot's last flush, and
  // with changes since then lost or kept one by one, for no order among them is guaranteed.
  std::vector<SlotBytes> CrashStates() const;

  void Arm(const Fault& fault) {
    fault_ = fault;
    seen_ = 0;
    has_hit_ = false;
  }
  void Disarm() { fault_.reset(); }
  // Whether the armed fault came to pass.
  bool has_hit() const { return has_hit_; }

  // "write s1 0+524", "truncate s1 4096", "flush s1"; reads and sizes are left out.
  std::vector<std::string> log;
  // Called before each write, truncation and flush.
  std::function<void()> before_change;

 private:
  friend class FaultHandle;

  struct Change {
    std::int64_t offset = 0;  // of `bytes`, or the new size
    std::optional<Bytes> bytes = {};
  };
  struct Slot {
    Bytes now;
    Bytes durable;
    std::vector<Change> since_flush;
  };

  static void Apply(const Change& change, Bytes& bytes);
  void Make(Slot& slot, Change change);
  // The fault that strikes this call, if any.
  std::optional<Fault> Strike(CallKind kind);
  void Note(const std::string& entry);
  SlotBytes StateWith(const std::function<bool(std::size_t)>& is_kept) const;

  std::map<std::string, Slot> slots_;
  std::optional<Fault> fault_;
  int seen_ = 0;
  bool has_hit_ = false;
};

}  // namespace sahpool::testing

#endif  // SAHPOOL_TESTS_NATIVE_FAULT_STORAGE_H_
