// Lets sqlite3_errmsg() say what the pool knows about a failure: SQLite's own text for an error of a
// VFS is a mere "disk I/O error".

import type { Pointer } from './abi.js';
import { SQLITE_BUSY, SQLITE_CANTOPEN, SQLITE_FULL, SQLITE_IOERR } from './result-codes.js';
import type { Runtime } from './runtime.js';
import type { SqliteInstance } from './sqlite-namespace.js';

/** Offset of xGetLastError in the sqlite3_vfs of a 32-bit build. */
const GET_LAST_ERROR_OFFSET = 68;
const LONGEST_TEXT = 512;
const PRIMARY_CODE = 0xff;
const CODES_OF_A_VFS = [SQLITE_BUSY, SQLITE_IOERR, SQLITE_FULL, SQLITE_CANTOPEN];

type GetLastError = (vfs: Pointer, size: number, out: Pointer) => number;

/** xGetLastError() of a pool's VFS. */
function lastError(
  { memory, sqlite }: Runtime<SqliteInstance>,
  vfs: Pointer,
): { code: number; text: string } {
  const method = sqlite.table.get(memory.word(vfs + GET_LAST_ERROR_OFFSET)) as GetLastError;
  return memory.withBlock(LONGEST_TEXT, (out) => {
    const code = method(vfs, LONGEST_TEXT, out);
    return { code, text: memory.cString(out) };
  });
}

function pointerOf(db: unknown): Pointer {
  const pointer =
    typeof db === 'object' && db !== null ? (db as { pointer?: unknown }).pointer : db;
  return typeof pointer === 'number' ? pointer >>> 0 : 0;
}

/** The VFS of a connection's main database. */
function vfsOf({ memory, sqlite }: Runtime<SqliteInstance>, db: Pointer): Pointer {
  // A connection that failed to open has no database to ask; the first member of the sqlite3 object
  // is its VFS. The result is only ever compared with the VFSes of pools.
  return sqlite.api.capi.sqlite3_js_db_vfs(db) >>> 0 || memory.word(db);
}

/** What a pool adds to the text of the connection's last error, '' for nothing. */
function addition(runtime: Runtime<SqliteInstance>, db: Pointer): string {
  if (db === 0) return '';
  const code = runtime.sqlite.exports.sqlite3_extended_errcode(db) & PRIMARY_CODE;
  if (!CODES_OF_A_VFS.includes(code)) return '';
  const vfs = vfsOf(runtime, db);
  if (!runtime.vfses.has(vfs)) return '';
  const error = lastError(runtime, vfs);
  // SQLite makes SQLITE_CANTOPEN of whatever an open fails with; other codes it passes on.
  const belongs = code === SQLITE_CANTOPEN || (error.code & PRIMARY_CODE) === code;
  return belongs ? error.text : '';
}

/** Replaces capi.sqlite3_errmsg(), which oo1 calls too, where the namespace allows it. */
export function extendErrorTexts(runtime: Runtime<SqliteInstance>): void {
  const { capi } = runtime.sqlite.api;
  if (Object.getOwnPropertyDescriptor(capi, 'sqlite3_errmsg')?.writable !== true) return;
  const original = capi.sqlite3_errmsg.bind(capi);
  capi.sqlite3_errmsg = (db) => {
    const text = original(db);
    const more = addition(runtime, pointerOf(db));
    return more === '' ? text : `${text}: ${more}`;
  };
}
