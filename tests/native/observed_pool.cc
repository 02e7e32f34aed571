#include "observed_pool.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <utility>

#include "sql_connection.h"

namespace sahpool::testing {
namespace {

class ObservedHandle final : public StorageHandle {
 public:
  ObservedHandle(std::unique_ptr<StorageHandle> handle, const ObservedPool::Observer& observer)
      : handle_(std::move(handle)), observer_(observer) {}

  Result<std::size_t> Read(std::span<std::byte> into, std::int64_t offset) override {
    if (Status s = Announce(SlotOperation::kRead); !s.ok()) return s;
    return handle_->Read(into, offset);
  }
  Result<std::size_t> Write(std::span<const std::byte> bytes, std::int64_t offset) override {
    if (Status s = Announce(SlotOperation::kWrite); !s.ok()) return s;
    return handle_->Write(bytes, offset);
  }
  Status Truncate(std::int64_t size) override {
    if (Status s = Announce(SlotOperation::kTruncate); !s.ok()) return s;
    return handle_->Truncate(size);
  }
  Result<std::int64_t> Size() override { return handle_->Size(); }
  Status Flush() override {
    if (Status s = Announce(SlotOperation::kFlush); !s.ok()) return s;
    return handle_->Flush();
  }

 private:
  Status Announce(SlotOperation operation) const {
    return observer_ ? observer_(operation) : Status();
  }

  std::unique_ptr<StorageHandle> handle_;
  const ObservedPool::Observer& observer_;
};

}  // namespace

ObservedPool::ObservedPool(const std::string& directory, int capacity)
    : vfs_(PoolVfs::Create(host_, UniqueVfsName())) {
  const std::filesystem::path slots = std::filesystem::path(directory) / ".opaque";
  std::filesystem::create_directories(slots);
  const Status status = vfs_->WithPool([&](Pool& pool) {
    for (int i = 0; i < capacity; ++i) {
      const std::string name = "slot-" + std::to_string(i);
      auto handle = PosixHandle::Open((slots / name).c_str(), true);
      if (!handle.ok()) return handle.status();
      auto observed = std::make_unique<ObservedHandle>(std::move(handle.value()), observer);
      if (Status s = pool.Attach(std::move(observed), name); !s.ok()) return s;
    }
    return pool.Start();
  });
  EXPECT_TRUE(status.ok()) << status.text();
  EXPECT_TRUE(vfs_->Register().ok());
}

}  // namespace sahpool::testing
