/* What can be done with an open pool, in C: files in and out, counts, the quarantine.
 *
 * Part of sahpool.h, which says how a pool is opened. The WebAssembly side module of the npm
 * package exports the same functions to its host, which is why sizes and offsets of files are
 * doubles: exact up to 2^53, and a number in JavaScript.
 *
 * Threads: calls for one pool must not overlap. Natively any thread may make them, in a browser the
 * thread that opened the pool, and threads that have pools of their own must not open or close them
 * at the same time. Connections may meanwhile be used as SQLite's threading mode allows.
 * Ownership: a returned string belongs to the pool and is valid until the next call for it.
 * Errors: functions that return `int` give an SQLite result code unless stated otherwise;
 * sahpool_error_text() and sahpool_error_kind() then tell more. While a pool is paused they give
 * SQLITE_MISUSE, and counts are 0. So do an import and an export whose pool is gone, with which
 * went whom to ask for a text. */
#ifndef SAHPOOL_POOL_FUNCTIONS_H_
#define SAHPOOL_POOL_FUNCTIONS_H_

#ifdef __cplusplus
extern "C" {
#endif

typedef struct sahpool_pool sahpool_pool;
typedef struct sahpool_import sahpool_import;
typedef struct sahpool_export sahpool_export;

/* The text of the pool's last error, "" when there was none. */
const char* sahpool_error_text(sahpool_pool* pool);

/* The kind of the pool's last error, as sahpool_kind of sahpool.h; finer than SQLite's codes. */
int sahpool_error_kind(sahpool_pool* pool);

/* Empties every slot, quarantined ones and that of a staged import too. SQLITE_BUSY, and no effect,
 * while a file is open or an import or export is under way. */
int sahpool_wipe(sahpool_pool* pool);

/* Counts: slots in all; named files; slots free for new files; files open in connections. */
int sahpool_capacity(sahpool_pool* pool);
int sahpool_file_count(sahpool_pool* pool);
int sahpool_free_count(sahpool_pool* pool);
int sahpool_open_count(sahpool_pool* pool);

/* The stored name of the named file `index` (0 to file count - 1, in no particular order), null
 * past the end. */
const char* sahpool_file_name(sahpool_pool* pool, int index);

/* Writes the stored form of `name` to `out`, which holds `size` bytes. */
int sahpool_resolve_name(sahpool_pool* pool, const char* name, char* out, int size);

/* Deletes a file. SQLITE_NOTFOUND when there is none, SQLITE_BUSY while it is open. */
int sahpool_unlink(sahpool_pool* pool, const char* name);

/* Imports a database: begin reserves a free slot, write appends to it, finish checks the bytes and
 * gives them the name, replacing what had it. Until finish returns SQLITE_OK the old file is
 * untouched. finish and abort end the import and free it, whatever they return. What is written
 * goes to the slot's handle unread: a host in JavaScript may give an address that only it can
 * read.
 *
 * Bytes that are no plain database, such as encrypted ones, only their owner can check: stage makes
 * them, as they are, a file under a temporary name, which must be free, for the owner to
 * open. finish then only gives it the final name (SQLITE_BUSY while it is open), abort deletes
 * it. */
int sahpool_import_begin(sahpool_pool* pool, const char* name, sahpool_import** out);
int sahpool_import_write(sahpool_import* running, const void* bytes, int count);
int sahpool_import_stage(sahpool_import* running, const char* temporary_name);
int sahpool_import_finish(sahpool_import* running);
void sahpool_import_abort(sahpool_import* running);

/* Exports what is committed of a file, as it is at the moment of begin. Until end the export is a
 * reader of the database: connections that would write it get SQLITE_BUSY, and a WAL is not
 * checkpointed; so end it soon, and never wait in between for a connection of the same thread. A
 * connection that was allowed to write before begin may go on; after that, as after any change of a
 * file that is no database, read gives SQLITE_BUSY: begin anew. begin gives SQLITE_BUSY in the
 * middle of a transaction that no journal here is seen to undo, and SQLITE_NOTADB where what a
 * killed process has left can't be read, as a VFS above encrypts it. */
int sahpool_export_begin(sahpool_pool* pool, const char* name, sahpool_export** out);
double sahpool_export_size(sahpool_export* running);
int sahpool_export_read(sahpool_export* running, void* into, int count, double offset);
void sahpool_export_end(sahpool_export* running);

/* Quarantined slots, by index (0 to count - 1): the slot's file name, the name that its header
 * claims ("" when unreadable), the reason for people, and the bytes behind the header. */
int sahpool_quarantine_count(sahpool_pool* pool);
const char* sahpool_quarantine_slot(sahpool_pool* pool, int index);
const char* sahpool_quarantine_name(sahpool_pool* pool, int index);
const char* sahpool_quarantine_reason(sahpool_pool* pool, int index);
double sahpool_quarantine_bytes(sahpool_pool* pool, int index);

/* Gives a quarantined slot a valid header under `name` (SQLITE_CONSTRAINT if the name is taken), or
 * empties it and makes it free. SQLITE_NOTFOUND when no quarantined slot has that file name. */
int sahpool_quarantine_recover(sahpool_pool* pool, const char* slot_name, const char* name);
int sahpool_quarantine_discard(sahpool_pool* pool, const char* slot_name);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* SAHPOOL_POOL_FUNCTIONS_H_ */
