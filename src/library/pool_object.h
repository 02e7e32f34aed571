// sahpool_pool: the object behind the C functions, whatever opens the pool's slots.
//
// Whoever opens slots derives from it: src/browser/exports.cc where JavaScript does,
// src/native/native_library.cc over a directory. Threads, ownership and errors are as
// sahpool/pool_functions.h says.
#ifndef SAHPOOL_LIBRARY_POOL_OBJECT_H_
#define SAHPOOL_LIBRARY_POOL_OBJECT_H_

#include <memory>

#include "pool/pool.h"
#include "sahpool/pool_functions.h"
#include "sahpool/status.h"
#include "transfer/import.h"
#include "transfer/snapshot.h"
#include "vfs/pool_vfs.h"
#include "vfs/result_code.h"

// Links imports and exports to the pool they belong to, so that the pool can end them.
template <typename Job>
struct PoolJob {
  sahpool_pool* pool = nullptr;
  std::unique_ptr<Job> job;  // null once the pool has ended it
  PoolJob* next = nullptr;
};

struct sahpool_pool {
  // Null while nothing is open.
  sahpool::PoolVfs* vfs = nullptr;
  // What the functions for users refuse to work on.
  bool is_paused = false;
  // Operations of a browser that have not called back yet.
  int pending_operations = 0;
  // What the library keeps for a pool that it has opened by means of a host in JavaScript.
  void* library = nullptr;
  PoolJob<sahpool::Import>* imports = nullptr;
  PoolJob<sahpool::Snapshot>* exports = nullptr;
  sahpool::Status error;
  // What was returned last: its slot may meanwhile change hands in another thread.
  sahpool::FileName file_name;
  sahpool::Text text;
};

namespace sahpool {

// Keeps a failure for sahpool_error_text(); returns its result code.
int Report(sahpool_pool& pool, const Status& status);

// The pool's last failure, of a call or of a connection.
const Status& LastError(sahpool_pool& pool);

// Whether imports or open files keep the pool from being let go of: kBusy, with `what` ("paused")
// in the text.
Status CheckIdle(sahpool_pool& pool, std::string_view what);

// Ends the imports and exports of a pool. Their handles stay with the caller until he ends them.
void EndJobs(sahpool_pool& pool);

}  // namespace sahpool

#endif  // SAHPOOL_LIBRARY_POOL_OBJECT_H_
