// The side module's exports: abi.h over PoolVfs.

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <new>
#include <span>
#include <string_view>
#include <utility>

#include "pool/import.h"
#include "pool/pool.h"
#include "pool/snapshot.h"
#include "storage/host_storage.h"
#include "vfs/pool_vfs.h"
#include "vfs/result_code.h"
#include "wasm/abi.h"

using sahpool::Code;
using sahpool::FileName;
using sahpool::Pool;
using sahpool::Slot;
using sahpool::SlotState;
using sahpool::Status;

// Links imports and exports to the pool they belong to, so that the pool can end them.
template <typename Job>
struct PoolJob {
  sahpool_pool* pool = nullptr;
  std::unique_ptr<Job> job;  // null once the pool has ended it
  PoolJob* next = nullptr;
};
struct sahpool_import : PoolJob<sahpool::Import> {};
struct sahpool_export : PoolJob<sahpool::Snapshot> {};

struct sahpool_pool {
  sahpool::BrowserHost host;
  std::unique_ptr<sahpool::PoolVfs> vfs;
  sahpool::Text error;
  PoolJob<sahpool::Import>* imports = nullptr;
  PoolJob<sahpool::Snapshot>* exports = nullptr;
};

namespace {

int Report(sahpool_pool& pool, const Status& status) {
  if (!status.ok()) pool.error = sahpool::Text(status.text());
  return sahpool::ToSqliteCode(status);
}

template <typename Operation>
int WithPool(sahpool_pool* pool, Operation operation) {
  return Report(*pool, pool->vfs->WithPool(operation));
}

template <typename Operation>
int WithName(sahpool_pool* pool, const char* name, Operation operation) {
  return WithPool(pool, [&](Pool& inner) -> Status {
    const auto resolved = inner.Resolve(name);
    if (!resolved.ok()) return resolved.status();
    return operation(inner, resolved.value());
  });
}

template <typename Operation>
int WithFile(sahpool_pool* pool, const char* name, Operation operation) {
  return WithName(pool, name, [&](Pool& inner, const FileName& file) -> Status {
    Slot* const slot = inner.Find(file);
    if (slot != nullptr) return operation(inner, *slot);
    sahpool::Text text("there is no file ");
    return {Code::kNotFound, text.Append(file.view())};
  });
}

// Adds a job to its pool's list, so that the pool can end it.
template <typename Handle, typename Job>
Status AddJob(sahpool_pool* pool, PoolJob<Job>*& list, std::unique_ptr<Job> job, Handle** out) {
  auto* const handle = new (std::nothrow) Handle;
  if (handle == nullptr) return {Code::kNoMemory, "out of memory"};
  handle->pool = pool;
  handle->job = std::move(job);
  handle->next = std::exchange(list, handle);
  *out = handle;
  return {};
}

template <typename Handle, typename Job>
void RemoveJob(PoolJob<Job>*& list, Handle* handle) {
  PoolJob<Job>** link = &list;
  while (*link != nullptr && *link != handle) link = &(*link)->next;
  if (*link != nullptr) *link = handle->next;
  delete handle;
}

// The handles stay with the host until it ends them itself.
template <typename Job>
void EndJobs(PoolJob<Job>*& list) {
  while (list != nullptr) {
    PoolJob<Job>* const ended = std::exchange(list, list->next);
    ended->job.reset();
    ended->pool = nullptr;
    ended->next = nullptr;
  }
}

Slot* QuarantinedAt(sahpool_pool* pool, int index) {
  return pool->vfs->pool().At(SlotState::kQuarantined, index);
}

}  // namespace

extern "C" {

int sahpool_abi_version(void) { return SAHPOOL_ABI_VERSION; }

sahpool_pool* sahpool_create(const char* vfs_name) {
  std::unique_ptr<sahpool_pool> pool(new (std::nothrow) sahpool_pool);
  if (!pool) return nullptr;
  pool->host.set_pool(pool.get());
  pool->vfs = sahpool::PoolVfs::Create(pool->host, vfs_name);
  return pool->vfs ? pool.release() : nullptr;
}

int sahpool_destroy(sahpool_pool* pool) {
  if (const Status s = pool->vfs->Unregister(); !s.ok()) return Report(*pool, s);
  EndJobs(pool->imports);
  EndJobs(pool->exports);
  delete pool;
  return SQLITE_OK;
}

void sahpool_set_url_dialect(sahpool_pool* pool, int flags) {
  pool->vfs->pool().set_url_dialect(
      {.encodes_caret = (flags & kSahpoolEncodesCaret) != 0,
       .encodes_bar = (flags & kSahpoolEncodesBar) != 0,
       .knows_drive_letters = (flags & kSahpoolKnowsDriveLetters) != 0});
}

const char* sahpool_error_text(sahpool_pool* pool) {
  // A connection's failure is newer than what the last call of the host reported.
  if (const Status last = pool->vfs->last_error(); !last.ok()) {
    pool->error = sahpool::Text(last.text());
  }
  return pool->error.c_str();
}

int sahpool_attach(sahpool_pool* pool, int handle, const char* slot_name) {
  return WithPool(pool, [&](Pool& inner) -> Status {
    std::unique_ptr<sahpool::StorageHandle> storage(new (std::nothrow) sahpool::HostHandle(handle));
    if (!storage) return {Code::kNoMemory, "out of memory while attaching a slot"};
    return inner.Attach(std::move(storage), slot_name);
  });
}

int sahpool_start(sahpool_pool* pool) {
  return WithPool(pool, [](Pool& inner) { return inner.Start(); });
}

int sahpool_register(sahpool_pool* pool) { return Report(*pool, pool->vfs->Register()); }

int sahpool_unregister(sahpool_pool* pool) { return Report(*pool, pool->vfs->Unregister()); }

int sahpool_detach_all(sahpool_pool* pool) {
  return WithPool(pool, [](Pool& inner) { return inner.DetachAll(); });
}

int sahpool_wipe(sahpool_pool* pool) {
  return WithPool(pool, [](Pool& inner) { return inner.Wipe(); });
}

int sahpool_release_free_slot(sahpool_pool* pool) {
  const std::unique_ptr<Slot> slot = pool->vfs->pool().RemoveFreeSlot();
  return slot ? static_cast<sahpool::HostHandle&>(slot->handle()).number() : -1;
}

int sahpool_capacity(sahpool_pool* pool) { return pool->vfs->pool().capacity(); }

int sahpool_file_count(sahpool_pool* pool) { return pool->vfs->pool().file_count(); }

int sahpool_free_count(sahpool_pool* pool) { return pool->vfs->pool().free_count(); }

int sahpool_open_count(sahpool_pool* pool) { return pool->vfs->open_count(); }

void sahpool_keep_free(sahpool_pool* pool, int count) { pool->vfs->pool().KeepFree(count); }

const char* sahpool_file_name(sahpool_pool* pool, int index) {
  const Slot* const slot = pool->vfs->pool().At(SlotState::kNamed, index);
  return slot != nullptr ? slot->name().c_str() : nullptr;
}

int sahpool_resolve_name(sahpool_pool* pool, const char* name, char* out, int size) {
  return WithName(pool, name, [&](Pool&, const FileName& resolved) -> Status {
    const std::string_view path = resolved.view();
    if (path.size() >= static_cast<std::size_t>(std::max(size, 0))) {
      return {Code::kInvalid, "the buffer for the name is too small"};
    }
    *std::copy(path.begin(), path.end(), out) = '\0';
    return {};
  });
}

int sahpool_unlink(sahpool_pool* pool, const char* name) {
  return WithFile(pool, name, [](Pool& inner, Slot& slot) { return inner.DeleteDatabase(slot); });
}

int sahpool_import_begin(sahpool_pool* pool, const char* name, sahpool_import** out) {
  return WithName(pool, name, [&](Pool& inner, const FileName& file) -> Status {
    auto import = sahpool::Import::Begin(inner, file);
    if (!import.ok()) return import.status();
    return AddJob(pool, pool->imports, std::move(import.value()), out);
  });
}

int sahpool_import_write(sahpool_import* import, const void* bytes, int count) {
  if (!import->job) return SQLITE_MISUSE;
  return WithPool(import->pool, [&](Pool&) {
    return import->job->Write(
        {static_cast<const std::byte*>(bytes), static_cast<std::size_t>(count)});
  });
}

int sahpool_import_finish(sahpool_import* import) {
  const int code = !import->job
                       ? SQLITE_MISUSE
                       : WithPool(import->pool, [&](Pool&) { return import->job->Finish(); });
  sahpool_import_abort(import);
  return code;
}

void sahpool_import_abort(sahpool_import* import) {
  if (import->pool == nullptr) {
    delete import;
  } else {
    RemoveJob(import->pool->imports, import);
  }
}

int sahpool_export_begin(sahpool_pool* pool, const char* name, sahpool_export** out) {
  return WithFile(pool, name, [&](Pool&, Slot& slot) -> Status {
    auto snapshot = pool->vfs->OpenSnapshot(slot);
    if (!snapshot.ok()) return snapshot.status();
    return AddJob(pool, pool->exports, std::move(snapshot.value()), out);
  });
}

double sahpool_export_size(sahpool_export* exported) {
  return exported->job ? static_cast<double>(exported->job->size()) : 0;
}

int sahpool_export_read(sahpool_export* exported, void* into, int count, double offset) {
  if (!exported->job) return SQLITE_MISUSE;
  return WithPool(exported->pool, [&](Pool&) {
    return exported->job->Read({static_cast<std::byte*>(into), static_cast<std::size_t>(count)},
                               static_cast<std::int64_t>(offset));
  });
}

void sahpool_export_end(sahpool_export* exported) {
  if (exported->pool == nullptr) {
    delete exported;
  } else {
    RemoveJob(exported->pool->exports, exported);
  }
}

int sahpool_quarantine_count(sahpool_pool* pool) {
  int count = 0;
  while (QuarantinedAt(pool, count) != nullptr) ++count;
  return count;
}

const char* sahpool_quarantine_slot(sahpool_pool* pool, int index) {
  const Slot* const slot = QuarantinedAt(pool, index);
  return slot != nullptr ? slot->slot_name().data() : nullptr;
}

const char* sahpool_quarantine_name(sahpool_pool* pool, int index) {
  const Slot* const slot = QuarantinedAt(pool, index);
  return slot != nullptr ? slot->name().c_str() : nullptr;
}

const char* sahpool_quarantine_reason(sahpool_pool* pool, int index) {
  const Slot* const slot = QuarantinedAt(pool, index);
  return slot != nullptr ? slot->quarantine_reason().data() : nullptr;
}

double sahpool_quarantine_bytes(sahpool_pool* pool, int index) {
  const Slot* const slot = QuarantinedAt(pool, index);
  return slot != nullptr ? static_cast<double>(slot->size()) : 0;
}

int sahpool_quarantine_recover(sahpool_pool* pool, const char* slot_name, const char* name) {
  return WithName(pool, name, [&](Pool& inner, const FileName& file) {
    return inner.Recover(slot_name, file);
  });
}

int sahpool_quarantine_discard(sahpool_pool* pool, const char* slot_name) {
  return WithPool(pool, [&](Pool& inner) { return inner.Discard(slot_name); });
}

}  // extern "C"
