/* The C ABI of sahpool: a pool of slots that SQLite uses as a VFS. A C++ program has a better one
 * in sqlite_pool.h. Compiles as C89.
 *
 *   static void opened(void* context, const sahpool_outcome* outcome) {
 *     sqlite3* db;
 *     if (outcome->code != SQLITE_OK) { puts(outcome->text); return; }
 *     sqlite3_open_v2("app.db", &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, "app");
 *   }
 *   sahpool_options options;
 *   sahpool_options_init(&options);
 *   options.vfs_name = "app";
 *   sahpool_open(&options, opened, NULL);
 *
 * Natively a callback is called before the function that it was given to returns. In a browser it
 * is called later, by the event loop of the same worker, which must therefore be let run. Functions
 * without a callback are done when they return. What an open pool can do is in pool_functions.h,
 * along with what is said there of threads, strings and errors. */
#ifndef SAHPOOL_SAHPOOL_H_
#define SAHPOOL_SAHPOOL_H_

#if defined(__EMSCRIPTEN__) && defined(__wasm64__)
#error "sahpool is for wasm32 alone: build without -sMEMORY64"
#endif

#include "sahpool/pool_functions.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What went wrong, in the words of sahpool; sahpool::Code of status.h has the same values. */
typedef enum sahpool_kind {
  SAHPOOL_OK = 0,
  SAHPOOL_IO = 1,
  SAHPOOL_FULL = 2,
  SAHPOOL_NO_FREE_SLOT = 3,
  SAHPOOL_NOT_FOUND = 4,
  SAHPOOL_EXISTS = 5,
  SAHPOOL_BUSY = 6,
  SAHPOOL_INVALID = 7,
  SAHPOOL_NAME_TOO_LONG = 8,
  SAHPOOL_NOT_A_DATABASE = 9,
  SAHPOOL_CORRUPT = 10,
  SAHPOOL_MISUSE = 11,
  SAHPOOL_NO_MEMORY = 12,
  SAHPOOL_UNSUPPORTED = 13
} sahpool_kind;

/* A message: level 0 error, 1 warning, 2 information; `text` is valid for the time of the call.
 * Must not call back into sahpool or SQLite. Natively any thread may call it. */
typedef void (*sahpool_log_function)(void* context, int level, const char* text);

typedef struct sahpool_options {
  /* The name under which the VFS is registered with SQLite. "opfs-sahpool" at first. */
  const char* vfs_name;
  /* The pool's directory: natively a path of the file system, in a browser one of OPFS, "a/b/c".
   * Null or "" for "." followed by the VFS name. Missing parts are created. */
  const char* directory;
  /* How many slots a pool gets that has none yet: one for each file in use, journals included. 0
   * for the default, 6. */
  int initial_capacity;
  /* Not 0: deletes all files of the pool while it starts. */
  int clear_on_init;
  /* A pool opens with so many free slots, and gets more in the background whenever there are fewer;
   * natively also at once when a file needs one. 0 leaves the capacity alone. */
  int keep_free;
  /* For how many milliseconds to wait for a pool that somebody else has open. 3000 at first. */
  int acquire_timeout_ms;
  /* Not 0: the VFS is the one that SQLite uses when none is named. */
  int make_default;
  /* Where messages go; null for warnings and errors to the console of the browser, natively
   * warnings to the standard error output. */
  sahpool_log_function log;
  void* log_context;
  /* Not 0, natively only: `directory` is itself a folder of slots, such as was copied out of a
   * pool, and has some; slots are otherwise in its folder ".opaque". */
  int is_slot_folder;
} sahpool_options;

/* Fills in the defaults. */
void sahpool_options_init(sahpool_options* options);

/* How an operation ended. Valid for the time of the callback. */
typedef struct sahpool_outcome {
  int code;         /* an SQLite result code */
  int kind;         /* a sahpool_kind */
  const char* text; /* the error for people, "" when there is none */
  sahpool_pool* pool;
  int value; /* what the operation counts; see there */
} sahpool_outcome;

typedef void (*sahpool_callback)(void* context, const sahpool_outcome* outcome);

/* Opens a pool and registers its VFS; outcome->pool is the pool, null when that failed. A failed
 * start leaves nothing open and deletes no file, unless it was told to clear. The options are
 * copied. SQLITE_BUSY when somebody else has the pool open; SQLITE_NOLFS when this browser, or this
 * place in it, can't have one. */
void sahpool_open(const sahpool_options* options, sahpool_callback callback, void* context);

/* Unregisters the VFS and closes the pool, whose memory is then freed. SQLITE_BUSY, and no effect,
 * while a file is open, an import or export is under way or an operation has not called back
 * yet. */
int sahpool_close(sahpool_pool* pool);

/* Adds `count` slots; adds slots until there are `minimum`: `value` is then the capacity. After a
 * failure natively none is added; in a browser those that were made stay. */
void sahpool_add_capacity(sahpool_pool* pool, int count, sahpool_callback callback, void* context);
void sahpool_reserve_capacity(sahpool_pool* pool, int minimum, sahpool_callback callback,
                              void* context);

/* Removes up to `count` slots, free ones only: `value` is how many. */
void sahpool_reduce_capacity(sahpool_pool* pool, int count, sahpool_callback callback,
                             void* context);

/* Unregisters the VFS and lets go of the directory, so that others can open the pool. SQLITE_BUSY,
 * and no effect, while a file is open or an import or export is under way, SQLITE_MISUSE in the
 * middle of an operation. */
int sahpool_pause(sahpool_pool* pool);

/* Takes a paused pool back. SQLITE_BUSY when somebody else has it: it then stays paused. */
void sahpool_unpause(sahpool_pool* pool, sahpool_callback callback, void* context);

/* 1 while the pool is paused. */
int sahpool_is_paused(sahpool_pool* pool);

/* Unregisters the VFS and deletes the pool with all its files, and its directory unless something
 * else is in it: what is not provably a slot is never changed or deleted, by no call. On success
 * the pool is closed and its memory freed; after SQLITE_BUSY it is open, after other failures
 * sahpool_is_paused() tells. */
void sahpool_remove(sahpool_pool* pool, sahpool_callback callback, void* context);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* SAHPOOL_SAHPOOL_H_ */
