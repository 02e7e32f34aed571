// Opening, changing and removing a pool in an Emscripten program: sahpool.h over the host in
// JavaScript (host.ts, whose functions library.js links here). Callbacks come from the event loop.

#include <emscripten.h>
#include <sqlite3.h>

#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <utility>

#include "abi/abi.h"
#include "library/pool_object.h"
#include "sahpool/pending.h"
#include "sahpool/sahpool.h"

namespace {

using sahpool::CheckIdle;
using sahpool::Code;
using sahpool::Report;
using sahpool::Status;

// What is kept of the options for as long as a pool lives.
struct LibraryState {
  sahpool_log_function log;
  void* log_context;
  std::string vfs_name;
  bool make_default;
};

// What an operation of the host waits to tell.
struct Operation {
  sahpool_callback callback;
  void* context;
  // Null for one that is being opened.
  sahpool_pool* pool;
  // Of a pool that is being opened.
  std::unique_ptr<LibraryState> opening;
  enum class Kind { kOther, kUnpause, kRemove } kind = Kind::kOther;
  // Of a pool that is being removed: it is gone when the host has done so.
  LibraryState* removed = nullptr;
};

enum Change : int { kAdd = 0, kReserve = 1, kReduce = 2 };

LibraryState& StateOf(sahpool_pool* pool) { return *static_cast<LibraryState*>(pool->library); }

void MakeDefault(const LibraryState& state) {
  if (state.make_default) sqlite3_vfs_register(sqlite3_vfs_find(state.vfs_name.c_str()), 1);
}

// The host has SQLite's codes only, and of them no more than these.
Code KindOf(int result_code) {
  switch (result_code) {
    case SQLITE_OK:
      return Code::kOk;
    case SQLITE_BUSY:
      return Code::kBusy;
    case SQLITE_FULL:
      return Code::kFull;
    case SQLITE_CANTOPEN:
      return Code::kNoFreeSlot;
    case SQLITE_NOTFOUND:
      return Code::kNotFound;
    case SQLITE_NOMEM:
      return Code::kNoMemory;
    case SQLITE_MISUSE:
      return Code::kMisuse;
    case SQLITE_CORRUPT:
      return Code::kCorrupt;
    case SQLITE_NOLFS:
      return Code::kUnsupported;
    default:
      return Code::kIo;
  }
}

void Refuse(sahpool_callback callback, void* context, sahpool_pool* pool, const Status& status) {
  const int code = pool != nullptr ? Report(*pool, status) : sahpool::ToSqliteCode(status);
  const sahpool_outcome outcome = {code, static_cast<int>(status.code()), status.c_str(), pool, 0};
  if (callback != nullptr) callback(context, &outcome);
}

Status CheckOpen(const sahpool_pool& pool) {
  if (!pool.is_paused) return {};
  return {Code::kMisuse, "the pool is paused; unpause it first"};
}

}  // namespace

extern "C" {

// --- What the host does; in library.js -------------------------------------------------------

void sahpool_host_open(Operation* operation, LibraryState* logs_to, const char* vfs_name,
                       const char* directory, int initial_capacity, int clear, int keep_free,
                       int acquire_timeout_ms);
void sahpool_host_change_capacity(Operation* operation, sahpool_pool* pool, int change, int count);
void sahpool_host_unpause(Operation* operation, sahpool_pool* pool);
void sahpool_host_remove(Operation* operation, sahpool_pool* pool);
int sahpool_host_pause(sahpool_pool* pool);
void sahpool_host_forget(sahpool_pool* pool);
int sahpool_host_can_wait(void);

// --- What the host calls; host.ts declares them ----------------------------------------------

EMSCRIPTEN_KEEPALIVE void* sahpool_host_allocate(int size) { return sqlite3_malloc(size); }

EMSCRIPTEN_KEEPALIVE void sahpool_host_free(void* memory) { sqlite3_free(memory); }

EMSCRIPTEN_KEEPALIVE sqlite3_vfs* sahpool_host_find_vfs(const char* name) {
  return sqlite3_vfs_find(name);
}

EMSCRIPTEN_KEEPALIVE void sahpool_host_report(LibraryState* state, int level, const char* text) {
  state->log(state->log_context, level, text);
}

EMSCRIPTEN_KEEPALIVE void sahpool_host_complete(Operation* ended, int code, sahpool_pool* pool,
                                                int value, const char* text) {
  const std::unique_ptr<Operation> operation(ended);
  if (operation->opening != nullptr && pool != nullptr) {
    MakeDefault(*operation->opening);
    pool->library = operation->opening.release();
  } else if (operation->kind == Operation::Kind::kRemove && code == SQLITE_OK) {
    // The host has destroyed the pool.
    delete operation->removed;
    pool = nullptr;
  } else if (operation->pool != nullptr) {
    pool = operation->pool;
    --pool->pending_operations;
    if (code != SQLITE_OK) Report(*pool, {KindOf(code), text});
    if (operation->kind == Operation::Kind::kUnpause) {
      pool->is_paused = code != SQLITE_OK;
      if (code == SQLITE_OK) MakeDefault(StateOf(pool));
    }
  }
  const sahpool_outcome outcome = {code, static_cast<int>(KindOf(code)), text, pool, value};
  if (operation->callback != nullptr) operation->callback(operation->context, &outcome);
}

// --- sahpool.h -------------------------------------------------------------------------------

void sahpool_open(const sahpool_options* options, sahpool_callback callback, void* context) {
  if (options->vfs_name == nullptr || *options->vfs_name == '\0') {
    return Refuse(callback, context, nullptr, {Code::kInvalid, "the VFS needs a name"});
  }
  if (options->is_slot_folder != 0) {
    return Refuse(callback, context, nullptr,
                  {Code::kUnsupported, "only natively a folder of slots can be opened"});
  }
  std::unique_ptr<LibraryState> state(new LibraryState{
      options->log, options->log_context, options->vfs_name, options->make_default != 0});
  LibraryState* const logs_to = state->log != nullptr ? state.get() : nullptr;
  auto* const operation = new Operation{callback, context, nullptr, std::move(state)};
  sahpool_host_open(operation, logs_to, options->vfs_name,
                    options->directory != nullptr ? options->directory : "",
                    options->initial_capacity, options->clear_on_init, options->keep_free,
                    options->acquire_timeout_ms);
}

static void ChangeCapacity(sahpool_pool* pool, Change change, int count, sahpool_callback callback,
                           void* context) {
  if (const Status s = CheckOpen(*pool); !s.ok()) return Refuse(callback, context, pool, s);
  if (count < 0) {
    return Refuse(callback, context, pool, {Code::kInvalid, "the number of slots is negative"});
  }
  ++pool->pending_operations;
  sahpool_host_change_capacity(new Operation{callback, context, pool, nullptr}, pool, change,
                               count);
}

void sahpool_add_capacity(sahpool_pool* pool, int count, sahpool_callback callback, void* context) {
  ChangeCapacity(pool, kAdd, count, callback, context);
}

void sahpool_reserve_capacity(sahpool_pool* pool, int minimum, sahpool_callback callback,
                              void* context) {
  ChangeCapacity(pool, kReserve, minimum < 0 ? 0 : minimum, callback, context);
}

void sahpool_reduce_capacity(sahpool_pool* pool, int count, sahpool_callback callback,
                             void* context) {
  ChangeCapacity(pool, kReduce, count, callback, context);
}

int sahpool_pause(sahpool_pool* pool) {
  if (pool->is_paused && pool->pending_operations == 0) return SQLITE_OK;
  if (pool->pending_operations > 0) {
    return Report(*pool, {Code::kMisuse, "another operation on the pool is under way"});
  }
  if (const Status s = CheckIdle(*pool, "let go of"); !s.ok()) return Report(*pool, s);
  sahpool::EndJobs(*pool);
  const int code = sahpool_host_pause(pool);
  if (code != SQLITE_OK) return Report(*pool, {KindOf(code), "the pool could not be let go of"});
  pool->is_paused = true;
  return SQLITE_OK;
}

int sahpool_is_paused(sahpool_pool* pool) { return pool->is_paused ? 1 : 0; }

int sahpool_close(sahpool_pool* pool) {
  if (pool->pending_operations > 0) {
    return Report(*pool, {Code::kBusy, "an operation on the pool is under way"});
  }
  if (const int code = sahpool_pause(pool); code != SQLITE_OK) return code;
  sahpool_host_forget(pool);
  delete &StateOf(pool);
  return sahpool_destroy(pool);
}

void sahpool_unpause(sahpool_pool* pool, sahpool_callback callback, void* context) {
  auto* const operation =
      new Operation{callback, context, pool, nullptr,
                    pool->is_paused ? Operation::Kind::kUnpause : Operation::Kind::kOther};
  ++pool->pending_operations;
  // The host uses the functions that a paused pool refuses.
  pool->is_paused = false;
  sahpool_host_unpause(operation, pool);
}

void sahpool_remove(sahpool_pool* pool, sahpool_callback callback, void* context) {
  if (pool->pending_operations > 0) {
    return Refuse(callback, context, pool, {Code::kBusy, "an operation on the pool is under way"});
  }
  if (const Status s = CheckIdle(*pool, "removed"); !s.ok()) {
    return Refuse(callback, context, pool, s);
  }
  sahpool::EndJobs(*pool);
  auto* const operation =
      new Operation{callback, context, pool, nullptr, Operation::Kind::kRemove, &StateOf(pool)};
  ++pool->pending_operations;
  pool->is_paused = true;
  sahpool_host_remove(operation, pool);
}

}  // extern "C"

namespace sahpool {

bool CanWait() { return sahpool_host_can_wait() != 0; }

void YieldToEventLoop() { emscripten_sleep(1); }

}  // namespace sahpool
