/* A program in C89 over sahpool.h; c_abi_test.cc runs it and checks what it returns. */
#include "c_abi.h"

#include <sahpool/sahpool.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

static void keep_outcome(void* context, const sahpool_outcome* outcome) {
  c_abi_report* report = context;
  report->code = outcome->code;
  report->kind = outcome->kind;
  report->pool = outcome->pool;
  report->value = outcome->value;
  strncpy(report->text, outcome->text, sizeof report->text - 1);
}

static int open_pool(const char* directory, const char* vfs_name, c_abi_report* report) {
  sahpool_options options;
  memset(report, 0, sizeof *report);
  sahpool_options_init(&options);
  options.vfs_name = vfs_name;
  options.directory = directory;
  options.acquire_timeout_ms = 0;
  sahpool_open(&options, keep_outcome, report);
  return report->code;
}

int c_abi_open(const char* directory, const char* vfs_name, c_abi_report* report) {
  return open_pool(directory, vfs_name, report);
}

static int copy_database(sahpool_pool* pool, const char* from, const char* to) {
  sahpool_export* exported = NULL;
  sahpool_import* import = NULL;
  char block[4096];
  double size, offset;
  int code = sahpool_export_begin(pool, from, &exported);
  if (code != SQLITE_OK) return code;
  size = sahpool_export_size(exported);
  code = sahpool_import_begin(pool, to, &import);
  for (offset = 0; code == SQLITE_OK && offset < size; offset += sizeof block) {
    code = sahpool_export_read(exported, block, sizeof block, offset);
    if (code == SQLITE_OK) code = sahpool_import_write(import, block, sizeof block);
  }
  sahpool_export_end(exported);
  if (code == SQLITE_OK) return sahpool_import_finish(import);
  if (import != NULL) sahpool_import_abort(import);
  return code;
}

static int execute(const char* vfs_name, const char* name, const char* sql) {
  sqlite3* db = NULL;
  int code = sqlite3_open_v2(name, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, vfs_name);
  if (code == SQLITE_OK) code = sqlite3_exec(db, sql, NULL, NULL, NULL);
  sqlite3_close(db);
  return code;
}

#define CHECK(condition) \
  if (!(condition)) return __LINE__

int c_abi_run(const char* directory, const char* vfs_name) {
  c_abi_report report;
  sahpool_pool* pool;
  char name[64];

  CHECK(open_pool(directory, vfs_name, &report) == SQLITE_OK);
  pool = report.pool;
  CHECK(sahpool_capacity(pool) == 6);
  CHECK(execute(vfs_name, "a.db", "CREATE TABLE t(x); INSERT INTO t VALUES(1)") == SQLITE_OK);
  CHECK(copy_database(pool, "a.db", "b.db") == SQLITE_OK);
  CHECK(execute(vfs_name, "b.db", "UPDATE t SET x = 2") == SQLITE_OK);
  CHECK(sahpool_file_count(pool) == 2 && sahpool_free_count(pool) == 4);
  CHECK(sahpool_file_name(pool, 0) != NULL && sahpool_file_name(pool, 2) == NULL);
  CHECK(sahpool_resolve_name(pool, "b.db", name, sizeof name) == SQLITE_OK);
  CHECK(strcmp(name, "/b.db") == 0);
  CHECK(sahpool_resolve_name(pool, "b.db", name, 3) == SQLITE_MISUSE);

  CHECK(copy_database(pool, "none.db", "c.db") == SQLITE_NOTFOUND);
  CHECK(sahpool_error_kind(pool) == SAHPOOL_NOT_FOUND);
  CHECK(strstr(sahpool_error_text(pool), "none.db") != NULL);

  sahpool_reserve_capacity(pool, 8, keep_outcome, &report);
  CHECK(report.code == SQLITE_OK && report.value == 8);
  sahpool_add_capacity(pool, 1, keep_outcome, &report);
  CHECK(report.code == SQLITE_OK && report.value == 9);
  sahpool_reduce_capacity(pool, 100, keep_outcome, &report);
  CHECK(report.code == SQLITE_OK && report.value == 7);
  sahpool_add_capacity(pool, -1, keep_outcome, &report);
  CHECK(report.code == SQLITE_MISUSE && report.kind == SAHPOOL_INVALID);

  CHECK(sahpool_pause(pool) == SQLITE_OK && sahpool_is_paused(pool));
  CHECK(sahpool_unlink(pool, "a.db") == SQLITE_MISUSE && sahpool_capacity(pool) == 0);
  sahpool_unpause(pool, keep_outcome, &report);
  CHECK(report.code == SQLITE_OK && !sahpool_is_paused(pool));
  CHECK(sahpool_unlink(pool, "a.db") == SQLITE_OK);
  CHECK(sahpool_unlink(pool, "a.db") == SQLITE_NOTFOUND);
  CHECK(sahpool_quarantine_count(pool) == 0 && sahpool_quarantine_slot(pool, 0) == NULL);
  CHECK(sahpool_wipe(pool) == SQLITE_OK && sahpool_file_count(pool) == 0);
  CHECK(sahpool_close(pool) == SQLITE_OK);

  CHECK(open_pool(directory, vfs_name, &report) == SQLITE_OK);
  sahpool_remove(report.pool, keep_outcome, &report);
  CHECK(report.code == SQLITE_OK && report.pool == NULL);
  return 0;
}
