// Opening, changing and removing a pool natively: sahpool.h over DirectoryPool. Every callback is
// called before its function returns.

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "library/pool_object.h"
#include "native/directory_pool.h"
#include "native/pool_grower.h"
#include "sahpool/pending.h"
#include "sahpool/sahpool.h"

namespace sahpool {

bool CanWait() { return true; }

void YieldToEventLoop() {}

}  // namespace sahpool

namespace {

namespace fs = std::filesystem;

using sahpool::Code;
using sahpool::DirectoryPool;
using sahpool::Report;
using sahpool::Status;

constexpr std::chrono::milliseconds kRetryDelay(20);
constexpr int kMostSlots = 100'000;

// A PosixHost whose messages can go elsewhere, and which passes on that slots are short.
class LibraryHost final : public sahpool::PosixHost {
 public:
  // Never destroyed: a thread may be asleep in it. One that was let go of serves the next pool.
  static LibraryHost& Take(sahpool_log_function log, void* context) {
    const std::lock_guard<std::mutex> guard(unused_mutex);
    LibraryHost* const host = unused != nullptr ? unused : new LibraryHost;
    unused = std::exchange(host->next_, nullptr);
    host->log_ = log;
    host->context_ = context;
    return *host;
  }
  void LetGo() {
    const std::lock_guard<std::mutex> guard(unused_mutex);
    next_ = std::exchange(unused, this);
  }

  void Log(sahpool::LogLevel level, std::string_view message) override {
    if (log_ == nullptr) return PosixHost::Log(level, message);
    log_(context_, static_cast<int>(level), sahpool::Text(message).c_str());
  }

  void OnFewFreeSlots() override {
    const std::lock_guard<std::mutex> guard(mutex_);
    if (grower_ != nullptr) grower_->Note();
  }

  void set_grower(sahpool::PoolGrower* grower) {
    const std::lock_guard<std::mutex> guard(mutex_);
    grower_ = grower;
  }

 private:
  LibraryHost() = default;

  static std::mutex unused_mutex;
  static LibraryHost* unused;

  LibraryHost* next_ = nullptr;
  sahpool_log_function log_ = nullptr;
  void* context_ = nullptr;
  std::mutex mutex_;
  sahpool::PoolGrower* grower_ = nullptr;
};

std::mutex LibraryHost::unused_mutex;
LibraryHost* LibraryHost::unused = nullptr;

struct LibraryPool : sahpool_pool {
  explicit LibraryPool(const sahpool_options& options)
      : vfs_name(options.vfs_name),
        directory(options.directory != nullptr && *options.directory != '\0' ? options.directory
                                                                             : "." + vfs_name),
        capacity(options.initial_capacity > 0 ? options.initial_capacity : 6),
        keep_free(options.keep_free),
        acquire_timeout(options.acquire_timeout_ms),
        make_default(options.make_default != 0),
        is_slot_folder(options.is_slot_folder != 0),
        host(LibraryHost::Take(options.log, options.log_context)) {}
  ~LibraryPool() { host.LetGo(); }
  LibraryPool(const LibraryPool&) = delete;
  LibraryPool& operator=(const LibraryPool&) = delete;

  const std::string vfs_name;
  const fs::path directory;
  const int capacity;
  const int keep_free;
  const std::chrono::milliseconds acquire_timeout;
  const bool make_default;
  const bool is_slot_folder;
  LibraryHost& host;
  std::mutex capacity_mutex;
  std::unique_ptr<DirectoryPool> open;
  std::unique_ptr<sahpool::PoolGrower> grower;
};

LibraryPool& Self(sahpool_pool* pool) { return *static_cast<LibraryPool*>(pool); }

void Finish(sahpool_callback callback, void* context, sahpool_pool* pool, const Status& status,
            int value = 0) {
  const sahpool_outcome outcome = {sahpool::ToSqliteCode(status), static_cast<int>(status.code()),
                                   status.c_str(), pool, value};
  if (callback != nullptr) callback(context, &outcome);
}

Status OpenDirectory(LibraryPool& pool, int capacity, bool clear) {
  const auto deadline = std::chrono::steady_clock::now() + pool.acquire_timeout;
  for (;;) {
    auto opened = DirectoryPool::Open(pool.directory, {.vfs_name = pool.vfs_name,
                                                       .initial_capacity = capacity,
                                                       .is_slot_folder = pool.is_slot_folder,
                                                       .clear = clear,
                                                       .make_default = pool.make_default,
                                                       .host = &pool.host});
    if (opened.ok()) {
      pool.open = std::move(opened.value());
      return {};
    }
    if (opened.status().code() != Code::kBusy || std::chrono::steady_clock::now() >= deadline) {
      return opened.status();
    }
    std::this_thread::sleep_for(kRetryDelay);
  }
}

Status Open(LibraryPool& pool, bool clear) {
  if (Status s = OpenDirectory(pool, pool.capacity, clear); !s.ok()) return s;
  pool.vfs = &pool.open->vfs();
  if (pool.keep_free == 0) return {};
  pool.grower = std::make_unique<sahpool::PoolGrower>(*pool.open, pool.host, pool.capacity_mutex,
                                                      pool.keep_free);
  pool.grower->Grow();
  pool.host.set_grower(pool.grower.get());
  return pool.vfs->WithPool([&](sahpool::Pool& inner) {
    inner.KeepFree(pool.keep_free);
    return Status();
  });
}

void StopGrowing(LibraryPool& pool) {
  pool.host.set_grower(nullptr);
  // A forked process has none of the threads, for which the grower would wait for ever.
  if (pool.open != nullptr && pool.open->is_inherited()) {
    [[maybe_unused]] const auto* const left_alone = pool.grower.release();
  }
  pool.grower.reset();
}

void LetGo(LibraryPool& pool) {
  StopGrowing(pool);
  pool.vfs = nullptr;
  pool.open.reset();
}

// Ends the use of an open pool, or leaves it as it is. A thread that opens a file meanwhile either
// has done so, or finds that there is no pool.
Status Leave(LibraryPool& pool, std::string_view what) {
  if (Status s = sahpool::CheckIdle(pool, what); !s.ok()) return s;
  if (Status s = pool.vfs->Unregister(); !s.ok()) return s;
  sahpool::EndJobs(pool);
  return {};
}

Status Pause(LibraryPool& pool) {
  if (pool.open == nullptr) return {};
  if (Status s = Leave(pool, "let go of"); !s.ok()) return s;
  LetGo(pool);
  return {};
}

Status CheckOpen(const LibraryPool& pool) {
  if (pool.open != nullptr) return {};
  return {Code::kMisuse, "the pool is paused; unpause it first"};
}

Status CheckCount(int count) {
  if (count >= 0 && count <= kMostSlots) return {};
  return {Code::kInvalid, "the number of slots is out of range"};
}

Status Validate(const sahpool_options& options) {
  if (options.vfs_name == nullptr || *options.vfs_name == '\0') {
    return {Code::kInvalid, "the VFS needs a name"};
  }
  if (Status s = CheckCount(options.initial_capacity); !s.ok()) return s;
  if (Status s = CheckCount(options.keep_free); !s.ok()) return s;
  if (options.acquire_timeout_ms < 0) return {Code::kInvalid, "the timeout is negative"};
  return {};
}

Status AddCapacity(LibraryPool& pool, int count) {
  if (Status s = CheckCount(count); !s.ok()) return s;
  if (Status s = CheckOpen(pool); !s.ok()) return s;
  const std::lock_guard<std::mutex> guard(pool.capacity_mutex);
  return pool.open->AddCapacity(count);
}

Status RemoveFiles(LibraryPool& pool) {
  if (pool.open == nullptr) {
    // Once all slots can be opened, nobody else has them.
    if (Status s = OpenDirectory(pool, 0, false); !s.ok()) return s;
    pool.vfs = &pool.open->vfs();
  }
  if (Status s = Leave(pool, "removed"); !s.ok()) return s;
  // A slot made meanwhile would stay.
  StopGrowing(pool);
  Status removed = pool.open->Remove();
  LetGo(pool);
  return removed;
}

}  // namespace

extern "C" {

void sahpool_open(const sahpool_options* options, sahpool_callback callback, void* context) {
  if (Status s = Validate(*options); !s.ok()) return Finish(callback, context, nullptr, s);
  auto pool = std::make_unique<LibraryPool>(*options);
  if (Status s = Open(*pool, options->clear_on_init != 0); !s.ok()) {
    LetGo(*pool);
    return Finish(callback, context, nullptr, s);
  }
  Finish(callback, context, pool.release(), {});
}

int sahpool_close(sahpool_pool* pool) {
  if (const Status s = Pause(Self(pool)); !s.ok()) return Report(*pool, s);
  delete &Self(pool);
  return SQLITE_OK;
}

void sahpool_add_capacity(sahpool_pool* pool, int count, sahpool_callback callback, void* context) {
  const Status status = AddCapacity(Self(pool), count);
  Report(*pool, status);
  Finish(callback, context, pool, status, sahpool_capacity(pool));
}

void sahpool_reserve_capacity(sahpool_pool* pool, int minimum, sahpool_callback callback,
                              void* context) {
  const int missing = std::max(minimum, 0) - sahpool_capacity(pool);
  sahpool_add_capacity(pool, std::max(missing, 0), callback, context);
}

void sahpool_reduce_capacity(sahpool_pool* pool, int count, sahpool_callback callback,
                             void* context) {
  LibraryPool& self = Self(pool);
  Status status = CheckCount(count);
  if (status.ok()) status = CheckOpen(self);
  int removed = 0;
  if (status.ok()) {
    const std::lock_guard<std::mutex> guard(self.capacity_mutex);
    const auto result = self.open->ReduceCapacity(count);
    status = result.status();
    if (result.ok()) removed = result.value();
  }
  Report(*pool, status);
  Finish(callback, context, pool, status, removed);
}

int sahpool_pause(sahpool_pool* pool) { return Report(*pool, Pause(Self(pool))); }

void sahpool_unpause(sahpool_pool* pool, sahpool_callback callback, void* context) {
  LibraryPool& self = Self(pool);
  const Status status = self.open != nullptr ? Status() : Open(self, false);
  Report(*pool, status);
  Finish(callback, context, pool, status);
}

int sahpool_is_paused(sahpool_pool* pool) { return Self(pool).open == nullptr ? 1 : 0; }

void sahpool_remove(sahpool_pool* pool, sahpool_callback callback, void* context) {
  const Status status = RemoveFiles(Self(pool));
  if (!status.ok()) {
    Report(*pool, status);
    return Finish(callback, context, pool, status);
  }
  delete &Self(pool);
  Finish(callback, context, nullptr, {});
}

}  // extern "C"
