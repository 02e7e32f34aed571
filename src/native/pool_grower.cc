#include "native/pool_grower.h"

#include <utility>

namespace sahpool {

PoolGrower::PoolGrower(DirectoryPool& pool, Host& host, std::mutex& capacity_mutex, int keep_free)
    : pool_(pool), host_(host), capacity_mutex_(capacity_mutex), keep_free_(keep_free) {
  thread_ = std::thread([this] { Run(); });
}

PoolGrower::~PoolGrower() {
  {
    const std::lock_guard<std::mutex> guard(mutex_);
    is_ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void PoolGrower::Note() {
  if (pool_.vfs().pool().files().free_count() == 0) Warn(pool_.AddSlotFromInside());
  {
    const std::lock_guard<std::mutex> guard(mutex_);
    is_wanted_ = true;
  }
  changed_.notify_one();
}

void PoolGrower::Run() {
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return is_wanted_ || is_ending_; });
    if (is_ending_) return;
    is_wanted_ = false;
    lock.unlock();
    Grow();
    lock.lock();
  }
}

void PoolGrower::Grow() {
  const std::lock_guard<std::mutex> guard(capacity_mutex_);
  int missing = 0;
  static_cast<void>(pool_.vfs().WithPool([&](Pool& inner) {
    missing = keep_free_ - inner.files().free_count();
    return Status();
  }));
  if (missing <= 0) return;
  Warn(pool_.AddCapacity(missing));
}

void PoolGrower::Warn(const Status& status) {
  if (status.ok()) return;
  Text text("the pool could not grow: ");
  host_.Log(LogLevel::kWarning, text.Append(status.text()).view());
}

}  // namespace sahpool
