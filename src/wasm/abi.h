// The side module's ABI: what it exports to its host and what it imports from it.
//
// The host is JavaScript (npm/src/abi.ts mirrors these declarations one by one). Pointers are
// 32-bit addresses in SQLite's memory, strings are NUL-terminated UTF-8, and sizes and offsets of
// files are doubles, exact up to 2^53. A returned string belongs to the module and is valid until
// the next call with the same pool.
// Errors: functions returning `int` give an SQLite result code unless stated otherwise;
// sahpool_error_text() then has the text of it.
// Threads: one; the worker that loaded the module.
#ifndef SAHPOOL_WASM_ABI_H_
#define SAHPOOL_WASM_ABI_H_

#define SAHPOOL_ABI_VERSION 1

struct sahpool_pool;
struct sahpool_import;
struct sahpool_export;

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

// The text of the pool's last error, "" when there was none.
const char* sahpool_error_text(sahpool_pool* pool);

// Gives the pool an open handle, under the number by which the host knows it. `slot_name` is the
// slot's file name, for messages and the quarantine list. Reads the header and changes nothing.
int sahpool_attach(sahpool_pool* pool, int handle, const char* slot_name);

// Makes the attached slots usable: frees leftover temporary files, settles names. Called once after
// the last sahpool_attach() of a start, before any file is opened, imported or exported; slots
// attached later, which must be new ones, are ready at once.
int sahpool_start(sahpool_pool* pool);

// Registers and unregisters the VFS with SQLite. Unregistering is SQLITE_BUSY while a file is open.
int sahpool_register(sahpool_pool* pool);
int sahpool_unregister(sahpool_pool* pool);

// Forgets all slots, without touching them, so that the host can close their handles; the pool can
// be attached anew. SQLITE_BUSY, and no effect, while a file is open or an import is under way.
int sahpool_detach_all(sahpool_pool* pool);

// Empties every slot, quarantined ones too. SQLITE_BUSY, and no effect, while a file is open or an
// import is under way.
int sahpool_wipe(sahpool_pool* pool);

// Takes one free slot out of the pool and returns its handle number, -1 when none is free.
int sahpool_release_free_slot(sahpool_pool* pool);

// Counts: slots in all; named files; slots free for new files; files open in connections.
int sahpool_capacity(sahpool_pool* pool);
int sahpool_file_count(sahpool_pool* pool);
int sahpool_free_count(sahpool_pool* pool);
int sahpool_open_count(sahpool_pool* pool);

// Asks for host_few_free_slots() whenever fewer than `count` slots are free; 0 asks for none.
void sahpool_keep_free(sahpool_pool* pool, int count);

// The stored name of the named file `index` (0 to file count - 1, in no particular order), null
// past the end.
const char* sahpool_file_name(sahpool_pool* pool, int index);

// Writes the stored form of `name` to `out`, which holds `size` bytes.
int sahpool_resolve_name(sahpool_pool* pool, const char* name, char* out, int size);

// Deletes a file. SQLITE_NOTFOUND when there is none, SQLITE_BUSY while it is open.
int sahpool_unlink(sahpool_pool* pool, const char* name);

// Imports a database: begin reserves a free slot, write appends to it, finish checks the bytes and
// gives them the name, replacing what had it. Until finish returns SQLITE_OK the old file is
// untouched. finish and abort end the import and free it, whatever they return.
int sahpool_import_begin(sahpool_pool* pool, const char* name, sahpool_import** out);
int sahpool_import_write(sahpool_import* import, const void* bytes, int count);
int sahpool_import_finish(sahpool_import* import);
void sahpool_import_abort(sahpool_import* import);

// Exports what is committed of a file. The image is that of the moment of begin and must be read
// before anything else writes to the file: begin, read all, end, without a break.
int sahpool_export_begin(sahpool_pool* pool, const char* name, sahpool_export** out);
double sahpool_export_size(sahpool_export* exported);
int sahpool_export_read(sahpool_export* exported, void* into, int count, double offset);
void sahpool_export_end(sahpool_export* exported);

// Quarantined slots, by index (0 to count - 1): the slot's file name, the name that its header
// claims ("" when unreadable), the reason for people, and the bytes behind the header.
int sahpool_quarantine_count(sahpool_pool* pool);
const char* sahpool_quarantine_slot(sahpool_pool* pool, int index);
const char* sahpool_quarantine_name(sahpool_pool* pool, int index);
const char* sahpool_quarantine_reason(sahpool_pool* pool, int index);
double sahpool_quarantine_bytes(sahpool_pool* pool, int index);

// Gives a quarantined slot a valid header under `name` (SQLITE_CONSTRAINT if the name is taken), or
// empties it and makes it free. SQLITE_NOTFOUND when no quarantined slot has that file name.
int sahpool_quarantine_recover(sahpool_pool* pool, const char* slot_name, const char* name);
int sahpool_quarantine_discard(sahpool_pool* pool, const char* slot_name);

// --- Imports, module "sahpool_host" ----------------------------------------------------------

#if defined(__wasm__)
#define SAHPOOL_HOST_IMPORT(name) __attribute__((import_module("sahpool_host"), import_name(name)))
#else
#define SAHPOOL_HOST_IMPORT(name)
#endif

// What the calls below return instead of a count when the handle threw.
enum : int {
  kSahpoolHostError = -1,
  kSahpoolHostFull = -2,  // the exception says that quota or disk space has run out
};

// FileSystemSyncAccessHandle.read, write, truncate, getSize and flush of the handle with that
// number. The counts are the handle's own, unchanged.
SAHPOOL_HOST_IMPORT("read") int host_read(int handle, void* into, int count, double offset);
SAHPOOL_HOST_IMPORT("write") int host_write(int handle, const void* from, int count, double offset);
SAHPOOL_HOST_IMPORT("truncate") int host_truncate(int handle, double size);
SAHPOOL_HOST_IMPORT("size") double host_size(int handle);
SAHPOOL_HOST_IMPORT("flush") int host_flush(int handle);

// Copies the text of the last failure, an exception or a write that was cut short (UTF-8, cut off
// at `capacity` bytes) and returns its length.
SAHPOOL_HOST_IMPORT("error_text") int host_error_text(char* into, int capacity);

// Date.now(), performance.now(), and crypto.getRandomValues(), which returns the bytes filled.
SAHPOOL_HOST_IMPORT("now") double host_now(void);
SAHPOOL_HOST_IMPORT("clock") double host_clock(void);
SAHPOOL_HOST_IMPORT("randomness") int host_randomness(void* into, int count);

// A message for the console: level 0 error, 1 warning, 2 information.
SAHPOOL_HOST_IMPORT("log")
void host_log(sahpool_pool* pool, int level, const char* text, int length);

// The pool has fewer free slots than sahpool_keep_free() asks for. Must not call back.
SAHPOOL_HOST_IMPORT("few_free_slots") void host_few_free_slots(sahpool_pool* pool);

}  // extern "C"

#endif  // SAHPOOL_WASM_ABI_H_
