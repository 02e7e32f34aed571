/* The library in an extension that SQLite loads at run time: the way into programs whose SQLite
 * nobody else can link with, such as libSQL in its package for Node.js. Once loaded, the pool in
 * the directory POOL_DIRECTORY of the environment is the VFS "pool", until the process ends. */
#include <sqlite3ext.h>
#include <stdio.h>
#include <stdlib.h>

#include "sahpool/sahpool.h"

SQLITE_EXTENSION_INIT1

/* What the library calls by name is to be had through a table only. */
#undef sqlite3_malloc64
#undef sqlite3_stricmp
#undef sqlite3_uri_boolean
#undef sqlite3_vfs_find
#undef sqlite3_vfs_register
#undef sqlite3_vfs_unregister

void* sqlite3_malloc64(sqlite3_uint64 size) { return sqlite3_api->malloc64(size); }

int sqlite3_stricmp(const char* left, const char* right) {
  return sqlite3_api->stricmp(left, right);
}

int sqlite3_uri_boolean(const char* file, const char* parameter, int missing) {
  return sqlite3_api->uri_boolean(file, parameter, missing);
}

sqlite3_vfs* sqlite3_vfs_find(const char* name) { return sqlite3_api->vfs_find(name); }

int sqlite3_vfs_register(sqlite3_vfs* vfs, int make_default) {
  return sqlite3_api->vfs_register(vfs, make_default);
}

int sqlite3_vfs_unregister(sqlite3_vfs* vfs) { return sqlite3_api->vfs_unregister(vfs); }

static void Opened(void* context, const sahpool_outcome* outcome) {
  *(int*)context = outcome->code;
  if (outcome->code != SQLITE_OK) fprintf(stderr, "the pool: %s\n", outcome->text);
}

__attribute__((visibility("default"))) int sqlite3_extension_init(sqlite3* db, char** message,
                                                                  const sqlite3_api_routines* api) {
  sahpool_options options;
  int result = SQLITE_ERROR;
  (void)db;
  (void)message;
  SQLITE_EXTENSION_INIT2(api);
  sahpool_options_init(&options);
  options.vfs_name = "pool";
  options.directory = getenv("POOL_DIRECTORY");
  sahpool_open(&options, Opened, &result);
  return result == SQLITE_OK ? SQLITE_OK_LOAD_PERMANENTLY : result;
}
