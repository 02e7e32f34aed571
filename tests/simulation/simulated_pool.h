// A pool on a FaultDisk, driven as a browser's host drives one: slots are opened and attached,
// created and removed, and the whole is paused and resumed.
//
// Threads: none. Ownership: the disk and the host outlive the pool. Errors: Status.
#ifndef SAHPOOL_TESTS_SIMULATION_SIMULATED_POOL_H_
#define SAHPOOL_TESTS_SIMULATION_SIMULATED_POOL_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "fault_storage.h"
#include "sahpool/status.h"
#include "vfs/pool_vfs.h"
#include "vfs_name.h"

namespace sahpool::testing {

// Time stands still, randomness comes from a seed, messages go nowhere.
class SimulatedHost final : public Host {
 public:
  explicit SimulatedHost(std::uint64_t seed) : state_(seed | 1) {}

  std::int64_t NowMilliseconds() override { return 1'700'000'000'000; }
  std::size_t Randomness(std::span<std::byte> into) override;
  std::int64_t SleepMicroseconds(std::int64_t microseconds) override { return microseconds; }
  void Log(LogLevel level, std::string_view message) override;

 private:
  std::uint64_t state_;
};

class SimulatedPool {
 public:
  // Slots that it makes later are named after `generation`, so that no name is used twice on one
  // disk.
  SimulatedPool(FaultDisk& disk, std::uint64_t seed, std::string generation);
  ~SimulatedPool();
  SimulatedPool(const SimulatedPool&) = delete;
  SimulatedPool& operator=(const SimulatedPool&) = delete;

  // Attaches every slot of the disk and registers the VFS. After a failure it may be tried again.
  Status Start();
  // Unregisters the VFS and lets go of the slots; kBusy while a file is open.
  Status Pause();

  Status AddCapacity(int count);
  Status ReduceCapacity(int count);

  // Does what a user does who is told that the database or its journal may be in quarantine.
  void RecoverClaimsOn(std::string_view database);
  // Whether `name` is that of the database, of its journal or of its WAL.
  static bool IsFileOf(std::string_view name, std::string_view database);

  bool is_started() const { return is_started_; }
  PoolVfs& vfs() { return *vfs_; }
  const char* vfs_name() const { return vfs_->name(); }
  Pool& pool();

 private:
  FaultDisk& disk_;
  SimulatedHost host_;
  std::string generation_;
  int created_ = 0;
  bool is_started_ = false;
  const VfsName name_;
  std::unique_ptr<PoolVfs> vfs_;
};

}  // namespace sahpool::testing

#endif  // SAHPOOL_TESTS_SIMULATION_SIMULATED_POOL_H_
