// The boundary to a host in JavaScript: what it calls and what it gives. A side module exports and
// imports these functions; in an Emscripten program they are linked to a JavaScript library.
//
// tools/generate-abi.mjs makes of the declarations what others need of them. Beside those of
// sahpool/pool_functions.h, what a host does to start a pool and to keep its slots. Pointers are
// 32-bit addresses in SQLite's memory, strings are NUL-terminated UTF-8, and sizes and offsets of
// files are doubles, exact up to 2^53. Errors: functions returning `int` give an SQLite result code
// unless stated otherwise; sahpool_error_text() then has the text of it. Threads: a pool belongs to
// the worker in which it was made.
#ifndef SAHPOOL_ABI_ABI_H_
#define SAHPOOL_ABI_ABI_H_

#include "sahpool/pool_functions.h"

#define SAHPOOL_ABI_VERSION 1

extern "C" {

// --- Exports ---------------------------------------------------------------------------------

// SAHPOOL_ABI_VERSION of the module.
int sahpool_abi_version(void);

// Makes an empty pool whose VFS will be called `vfs_name`. Null when memory has run out.
sahpool_pool* sahpool_create(const char* vfs_name);

// Says how this browser's URL parser spells names (format/file_name.h), in the bits below; before
// the first sahpool_attach(). Without the call it is as the URL standard says.
void sahpool_set_url_dialect(sahpool_pool* pool, int flags);
enum : int {
  kSahpoolEncodesCaret = 1,       // '^' is stored as %5E
  kSahpoolEncodesBar = 2,         // '|' is stored as %7C
  kSahpoolKnowsDriveLetters = 4,  // "C|" at the front is stored as "C:", and stays there
};

// Ends a pool: unregisters its VFS, aborts its imports and exports and forgets its slots, whose
// handles the host then closes. SQLITE_BUSY, and no effect, while a connection has a file open.
int sahpool_destroy(sahpool_pool* pool);

// Gives the pool an open handle, under the number by which the host knows it. `slot_name` is the
// slot's file name, for messages and the quarantine list. Reads the header and changes nothing
// before the start.
int sahpool_attach(sahpool_pool* pool, int handle, const char* slot_name);

// Makes the attached slots usable: frees leftover temporary files, settles names. Called once after
// the last sahpool_attach() of a start, before any file is opened, imported or exported; slots
// attached later, which must be new ones, are ready at once.
int sahpool_start(sahpool_pool* pool);

// Registers and unregisters the VFS with SQLite. Unregistering is SQLITE_BUSY while a file is open.
int sahpool_register(sahpool_pool* pool);
int sahpool_unregister(sahpool_pool* pool);

// Forgets all slots, without touching them, so that the host can close their handles; the pool can
// be attached anew. SQLITE_BUSY, and no effect, while a file is open or an import or export is
// under way.
int sahpool_detach_all(sahpool_pool* pool);

// Takes one free slot out of the pool and returns its handle number, -1 when none is free that can
// be emptied.
int sahpool_release_free_slot(sahpool_pool* pool);

// Asks for sahpool_host_few_free_slots() whenever fewer than `count` slots are free; 0 asks for
// none.
void sahpool_keep_free(sahpool_pool* pool, int count);

// --- Imports ---------------------------------------------------------------------------------

// What the calls below return when they have failed; truncate and flush give 0 otherwise.
enum : int {
  kSahpoolHostError = -1,
  kSahpoolHostFull = -2,  // because quota or disk space has run out
};

// FileSystemSyncAccessHandle.read, write, truncate, getSize and flush of the handle with that
// number. A count that no handle can give is a failure. What is written may lie where only the host
// finds it: at an address that it gave to sahpool_import_write(), or behind it.
int sahpool_host_read(int handle, void* into, int count, double offset);
int sahpool_host_write(int handle, const void* from, int count, double offset);
int sahpool_host_truncate(int handle, double size);
double sahpool_host_size(int handle);
int sahpool_host_flush(int handle);

// Copies the text of the last failure, an exception or a write that was cut short (UTF-8, cut off
// at `capacity` bytes) and returns its length.
int sahpool_host_error_text(char* into, int capacity);

// Date.now(), performance.now(), and crypto.getRandomValues(), which returns the bytes filled.
double sahpool_host_now(void);
double sahpool_host_clock(void);
int sahpool_host_randomness(void* into, int count);

// A message for the console: level 0 error, 1 warning, 2 information.
void sahpool_host_log(sahpool_pool* pool, int level, const char* text, int length);

// The pool has fewer free slots than sahpool_keep_free() asks for. Must not call back.
void sahpool_host_few_free_slots(sahpool_pool* pool);

}  // extern "C"

#endif  // SAHPOOL_ABI_ABI_H_
