// A pool with its VFS over a FaultDisk, and databases to put into it.
#ifndef SAHPOOL_TESTS_NATIVE_POOL_ON_DISK_H_
#define SAHPOOL_TESTS_NATIVE_POOL_ON_DISK_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fault_storage.h"
#include "native/posix_storage.h"
#include "pool/pool.h"
#include "vfs/pool_vfs.h"
#include "vfs_name.h"

namespace sahpool::testing {

class ListeningHost final : public Host {
 public:
  std::int64_t NowMilliseconds() override { return system_.NowMilliseconds(); }
  std::size_t Randomness(std::span<std::byte> into) override { return system_.Randomness(into); }
  std::int64_t SleepMicroseconds(std::int64_t /*microseconds*/) override { return 0; }
  void Log(LogLevel /*level*/, std::string_view message) override {
    messages.emplace_back(message);
  }
  void OnFewFreeSlots() override { ++few_free_slots; }

  std::vector<std::string> messages;
  int few_free_slots = 0;

 private:
  PosixHost system_;
};

// One worker's life with the slots of a disk.
class PoolOnDisk {
 public:
  explicit PoolOnDisk(FaultDisk& disk);
  PoolOnDisk(const PoolOnDisk&) = delete;
  PoolOnDisk& operator=(const PoolOnDisk&) = delete;

  // Attaches every slot of the disk, starts the pool and registers its VFS.
  Status Start();

  Pool& pool() { return vfs_->pool(); }
  PoolVfs& vfs() { return *vfs_; }
  ListeningHost& host() { return host_; }

  // By the name as an app gives it; null when there is none.
  File* Find(std::string_view name);
  // The names of the files, sorted; a name that two slots have is there twice.
  std::vector<std::string> Names();
  // The bytes of a file as an export gives them.
  Result<Bytes> Export(std::string_view name);
  Status Import(std::string_view name, const Bytes& bytes);

 private:
  FaultDisk& disk_;
  ListeningHost host_;
  const VfsName name_;
  std::unique_ptr<PoolVfs> vfs_;
};

FileName Resolved(std::string_view name);

// A slot as it lies on a disk: a valid header, version 2, and the bytes of the file.
Bytes SlotOf(std::string_view stored_name, std::uint32_t flags, const Bytes& content);
// The header's digest version turned back to 1, which has none.
void MakeVersion1(Bytes& slot);

// The flags of official pools.
inline constexpr std::uint32_t kDatabaseFlags = 0x106;
inline constexpr std::uint32_t kJournalFlags = 0x806;
inline constexpr std::uint32_t kWalFlags = 0x80006;

// Clean free slots, "s0" and so on.
void AddFreeSlots(FaultDisk& disk, int count);

// A database of `row_count` rows that all say `tag`; about 1 KiB for each row.
Bytes MakeDatabase(std::string_view tag, int row_count = 10);
// "<tag>*<row count>" of such a database when it is intact, otherwise what is wrong with it.
std::string DescribeDatabase(const Bytes& bytes);
// The same of a file in a pool, as a connection sees it that opens it.
std::string DescribeFile(PoolOnDisk& pool, std::string_view name);

// What lies on the disk when a worker dies that has changed all rows of "app.db" from `tag` to
// "lost" and not committed, far enough to have changed the database file: a hot journal is left.
SlotBytes MakeHotPool(std::string_view tag);
// The same of one whose WAL holds the commit that made the rows say `tag`.
SlotBytes MakeWalPool(std::string_view tag, int page_size = 1024);
// The slot in which a file lies.
const Bytes& SlotNamed(const SlotBytes& slots, std::string_view stored_name);
// The same slot under another name.
Bytes Renamed(const Bytes& slot, std::string_view stored_name);

// All that a crash before each call can leave, while it lives.
class CrashRecorder {
 public:
  explicit CrashRecorder(FaultDisk& disk) : disk_(disk) {
    disk.log.clear();
    disk.before_change = [this] { Record(); };
  }
  ~CrashRecorder() { disk_.before_change = nullptr; }
  CrashRecorder(const CrashRecorder&) = delete;
  CrashRecorder& operator=(const CrashRecorder&) = delete;

  // Starts a pool over everything that a crash up to now can have left, and calls `check(pool)`.
  void Check(const std::function<void(PoolOnDisk&)>& check);

 private:
  void Record() { crashes_.push_back(disk_.CrashStates()); }

  FaultDisk& disk_;
  std::vector<std::vector<SlotBytes>> crashes_;
};

// Runs `operation` on a pool over `start`, then, for each write, truncation and flush in it, on all
// that a crash before that call can leave: starts a pool over it and calls `check(pool)`.
void ForEachCrash(const SlotBytes& start, const std::function<void(PoolOnDisk&)>& operation,
                  const std::function<void(PoolOnDisk&)>& check);

// Calls `run(fault)` for every kind of fault, once and for good, in the first call, the second, and
// so on as long as it returns whether the fault came to pass.
void ForEachFault(const std::function<bool(const Fault&)>& run);

// Runs `operation` on a pool over `start` once for each fault in each of its calls: Then calls
// `check(pool, disk)` with the faults disarmed.
void ForEachFault(const SlotBytes& start, const std::function<void(PoolOnDisk&)>& operation,
                  const std::function<void(PoolOnDisk&, FaultDisk&)>& check);

// Reports to GoogleTest unless every slot of the pool is accounted for: `capacity` slots, each
// free, quarantined or the only one with its name.
void ExpectAllSlotsAccountedFor(PoolOnDisk& pool, int capacity);

}  // namespace sahpool::testing

#endif  // SAHPOOL_TESTS_NATIVE_POOL_ON_DISK_H_
