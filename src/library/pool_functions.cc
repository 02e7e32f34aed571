// The functions of sahpool/pool_functions.h over PoolVfs.

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>
#include <span>
#include <string_view>
#include <utility>

#include "abi/kept_exports.h"
#include "library/pool_object.h"

using sahpool::Code;
using sahpool::File;
using sahpool::FileName;
using sahpool::Pool;
using sahpool::Report;

using sahpool::SlotState;
using sahpool::Status;

struct sahpool_import : PoolJob<sahpool::Import> {};
struct sahpool_export : PoolJob<sahpool::Snapshot> {};

namespace sahpool {
namespace {

// While no connection is inside the VFS.
template <typename Job>
void EndJob(PoolJob<Job>& ended) {
  if (!ended.job) return;
  const MutexLock guard(ended.pool->vfs->mutex());
  ended.job.reset();
}

template <typename Job>
void EndAll(PoolJob<Job>*& list) {
  while (list != nullptr) {
    PoolJob<Job>* const ended = std::exchange(list, list->next);
    EndJob(*ended);
    ended->pool = nullptr;
    ended->next = nullptr;
  }
}

}  // namespace

int Report(sahpool_pool& pool, const Status& status) {
  if (!status.ok()) {
    pool.error = status;
    // So that an older failure of a connection is not taken for the last one.
    if (pool.vfs != nullptr) static_cast<void>(pool.vfs->WithPool([&](Pool&) { return status; }));
  }
  return ToSqliteCode(status);
}

const Status& LastError(sahpool_pool& pool) {
  if (pool.vfs != nullptr) {
    // A connection's failure is newer than what the last call of the host reported.
    if (Status last = pool.vfs->last_error(); !last.ok()) pool.error = last;
  }
  return pool.error;
}

Status CheckIdle(sahpool_pool& pool, std::string_view what) {
  const bool transfers = pool.imports != nullptr || pool.exports != nullptr;
  if (!transfers && (pool.vfs == nullptr || pool.vfs->open_count() == 0)) return {};
  Text text("the pool can't be ");
  text.Append(what).Append(transfers ? " while an import or export is running"
                                     : " while it has open files");
  return {Code::kBusy, text};
}

void EndJobs(sahpool_pool& pool) {
  EndAll(pool.imports);
  EndAll(pool.exports);
}

}  // namespace sahpool

namespace {

bool IsOpen(const sahpool_pool* pool) { return pool->vfs != nullptr && !pool->is_paused; }

template <typename Operation>
int WithPool(sahpool_pool* pool, Operation operation) {
  if (!IsOpen(pool)) return Report(*pool, {Code::kMisuse, "the pool is paused; unpause it first"});
  return Report(*pool, pool->vfs->WithPool(operation));
}

// What `look` sees in the pool; `otherwise` of a pool that is not open.
template <typename Value, typename Look>
Value Inspect(sahpool_pool* pool, Value otherwise, Look look) {
  return IsOpen(pool) ? pool->vfs->Inspect(look) : otherwise;
}

// What `look` says of the quarantined slot with that place, in a text of the pool's own.
template <typename Look>
const char* InspectQuarantined(sahpool_pool* pool, int index, Look look) {
  return Inspect<const char*>(pool, nullptr, [&](const Pool& inner) -> const char* {
    const File* const file = inner.files().At(SlotState::kQuarantined, index);
    if (file == nullptr) return nullptr;
    pool->text = sahpool::Text(look(file->slot()));
    return pool->text.c_str();
  });
}

// The name of the slot with that place among those in `state`.
const char* NameAt(sahpool_pool* pool, SlotState state, int index) {
  return Inspect<const char*>(pool, nullptr, [&](const Pool& inner) -> const char* {
    const File* const file = inner.files().At(state, index);
    if (file == nullptr) return nullptr;
    pool->file_name = file->slot().name();
    return pool->file_name.c_str();
  });
}

template <typename Operation>
int WithName(sahpool_pool* pool, const char* name, Operation operation) {
  return WithPool(pool, [&](Pool& inner) -> Status {
    const auto resolved = inner.names().Resolve(name);
    if (!resolved.ok()) return resolved.status();
    return operation(inner, resolved.value());
  });
}

template <typename Operation>
int WithFile(sahpool_pool* pool, const char* name, Operation operation) {
  return WithName(pool, name, [&](Pool& inner, const FileName& resolved) -> Status {
    File* const file = inner.files().Find(resolved);
    if (file != nullptr) return operation(inner, *file);
    sahpool::Text text("there is no file ");
    return {Code::kNotFound, text.Append(resolved.view())};
  });
}

// Adds a job to its pool's list, so that the pool can end it.
template <typename Handle, typename Job>
Status AddJob(sahpool_pool* pool, PoolJob<Job>*& list, std::unique_ptr<Job> job, Handle** out) {
  auto* const handle = new (std::nothrow) Handle;
  if (handle == nullptr) return Status::NoMemory();
  handle->pool = pool;
  handle->job = std::move(job);
  handle->next = std::exchange(list, handle);
  *out = handle;
  return {};
}

template <typename Handle, typename Job>
void RemoveJob(PoolJob<Job>*& list, Handle* handle) {
  sahpool::EndJob(*handle);
  PoolJob<Job>** link = &list;
  while (*link != nullptr && *link != handle) link = &(*link)->next;
  if (*link != nullptr) *link = handle->next;
  delete handle;
}

}  // namespace

extern "C" {

const char* sahpool_error_text(sahpool_pool* pool) { return sahpool::LastError(*pool).c_str(); }

int sahpool_error_kind(sahpool_pool* pool) {
  return static_cast<int>(sahpool::LastError(*pool).code());
}

int sahpool_wipe(sahpool_pool* pool) {
  return WithPool(pool, [](Pool& inner) { return inner.Wipe(); });
}

int sahpool_capacity(sahpool_pool* pool) {
  return Inspect(pool, 0, [](const Pool& inner) { return inner.files().capacity(); });
}

int sahpool_file_count(sahpool_pool* pool) {
  return Inspect(pool, 0, [](const Pool& inner) { return inner.files().file_count(); });
}

int sahpool_free_count(sahpool_pool* pool) {
  return Inspect(pool, 0, [](const Pool& inner) { return inner.files().free_count(); });
}

int sahpool_open_count(sahpool_pool* pool) { return IsOpen(pool) ? pool->vfs->open_count() : 0; }

const char* sahpool_file_name(sahpool_pool* pool, int index) {
  return NameAt(pool, SlotState::kNamed, index);
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
  return WithFile(pool, name,
                  [](Pool& inner, File& file) { return inner.order().DeleteDatabase(file); });
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

int sahpool_import_stage(sahpool_import* import, const char* name) {
  if (!import->job) return SQLITE_MISUSE;
  return WithName(import->pool, name,
                  [&](Pool&, const FileName& file) { return import->job->Stage(file); });
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
  return WithFile(pool, name, [&](Pool&, File& file) -> Status {
    auto snapshot = pool->vfs->OpenSnapshot(file);
    if (!snapshot.ok()) return snapshot.status();
    return AddJob(pool, pool->exports, std::move(snapshot.value()), out);
  });
}

double sahpool_export_size(sahpool_export* exported) {
  return exported->job ? static_cast<double>(exported->job->size()) : 0;
}

int sahpool_export_read(sahpool_export* exported, void* into, int count, double offset) {
  if (!exported->job) return SQLITE_MISUSE;
  // Far from the file's bytes lie numbers that no integer holds.
  const bool is_within = offset >= 0 && offset <= sahpool_export_size(exported);
  return WithPool(exported->pool, [&](Pool&) {
    return exported->job->Read({static_cast<std::byte*>(into), static_cast<std::size_t>(count)},
                               is_within ? static_cast<std::int64_t>(offset) : -1);
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
  return Inspect(pool, 0, [](const Pool& inner) { return inner.files().quarantined_count(); });
}

const char* sahpool_quarantine_slot(sahpool_pool* pool, int index) {
  return InspectQuarantined(pool, index,
                            [](const sahpool::Slot& slot) { return slot.slot_name(); });
}

const char* sahpool_quarantine_name(sahpool_pool* pool, int index) {
  return NameAt(pool, SlotState::kQuarantined, index);
}

const char* sahpool_quarantine_reason(sahpool_pool* pool, int index) {
  return InspectQuarantined(pool, index,
                            [](const sahpool::Slot& slot) { return slot.quarantine_reason(); });
}

double sahpool_quarantine_bytes(sahpool_pool* pool, int index) {
  return Inspect(pool, 0.0, [&](const Pool& inner) {
    const File* const file = inner.files().At(SlotState::kQuarantined, index);
    return file != nullptr ? static_cast<double>(file->size()) : 0.0;
  });
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
