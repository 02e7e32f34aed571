// A pool whose slots are in memory and have nothing else to do: for pools of many slots, of which
// the core's own work is looked at.
//
// Threads: one. Ownership: owns slots and VFS.
#ifndef SAHPOOL_TESTS_NATIVE_MEMORY_POOL_H_
#define SAHPOOL_TESTS_NATIVE_MEMORY_POOL_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pool/pool.h"
#include "vfs/pool_vfs.h"

namespace sahpool::testing {

class MemoryHost final : public Host {
 public:
  std::int64_t NowMilliseconds() override { return 0; }
  std::size_t Randomness(std::span<std::byte> into) override {
    for (std::byte& byte : into) byte = static_cast<std::byte>(++state_ * 37);
    return into.size();
  }
  std::int64_t SleepMicroseconds(std::int64_t /*microseconds*/) override { return 0; }
  void Log(LogLevel /*level*/, std::string_view /*message*/) override {}

 private:
  unsigned state_ = 0;
};

class MemoryHandle final : public StorageHandle {
 public:
  Result<std::size_t> Read(std::span<std::byte> into, std::int64_t offset) override {
    const auto position = std::min(static_cast<std::size_t>(offset), bytes_.size());
    const auto count = std::min(into.size(), bytes_.size() - position);
    if (count > 0) std::memcpy(into.data(), &bytes_[position], count);
    return count;
  }
  Result<std::size_t> Write(std::span<const std::byte> bytes, std::int64_t offset) override {
    const auto end = static_cast<std::size_t>(offset) + bytes.size();
    bytes_.resize(std::max(bytes_.size(), end));
    std::copy(bytes.begin(), bytes.end(), bytes_.begin() + offset);
    return bytes.size();
  }
  Status Truncate(std::int64_t size) override {
    bytes_.resize(static_cast<std::size_t>(size));
    return {};
  }
  Result<std::int64_t> Size() override { return static_cast<std::int64_t>(bytes_.size()); }
  Status Flush() override { return {}; }

 private:
  std::vector<std::byte> bytes_;
};

class MemoryPool {
 public:
  // A started pool, of whose slots all but `free` hold the empty files FileName(0) and so on.
  MemoryPool(int slots, int free)
      : vfs_(PoolVfs::Create(host_, "memory-" + std::to_string(slots))), is_whole_(true) {
    for (int i = 0; i < slots; ++i) {
      Note(pool().Attach(std::make_unique<MemoryHandle>(), std::to_string(i)));
    }
    Note(pool().Start());
    for (int i = 0; i < slots - free; ++i) {
      const auto name = pool().names().Resolve(FileName(i));
      Note(pool().Create(name.value(), open_flag::kMainDb).status());
    }
    Note(vfs_->Register());
  }

  // Whether all of that has succeeded.
  bool is_whole() const { return is_whole_; }
  Pool& pool() { return vfs_->pool(); }
  const char* vfs_name() const { return vfs_->name(); }
  static std::string FileName(int number) { return "/files/" + std::to_string(number) + ".db"; }

 private:
  void Note(const Status& status) { is_whole_ = is_whole_ && status.ok(); }

  MemoryHost host_;
  std::unique_ptr<PoolVfs> vfs_;
  bool is_whole_;
};

}  // namespace sahpool::testing

#endif  // SAHPOOL_TESTS_NATIVE_MEMORY_POOL_H_
