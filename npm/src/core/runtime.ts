// What the pools of one SQLite share: of a sqlite3 namespace with the side module in place, or of a
// program that has the C++ linked in.

import type { HostImports, Pointer, SideModuleExports } from './abi.js';
import { exceptionText, isOutOfSpace } from './exception-text.js';
import { HandleTable } from './handle-table.js';
import { createHostImports, type PoolEvents } from './host-imports.js';
import { SQLITE_FULL, SQLITE_IOERR } from './result-codes.js';
import type { SqliteCore } from './sqlite-namespace.js';
import { StorageEstimate } from './storage-estimate.js';
import { WasmMemory } from './wasm-memory.js';

const LOGGER_NAMES = ['error', 'warn', 'log'] as const;

export interface Runtime<Sqlite extends SqliteCore = SqliteCore> {
  readonly sqlite: Sqlite;
  readonly memory: WasmMemory;
  readonly handles: HandleTable;
  readonly estimate: StorageEstimate;
  /** The pools by their address in C++. */
  readonly pools: Map<Pointer, PoolEvents>;
  /** The addresses of the registered VFSes of pools. */
  readonly vfses: Set<Pointer>;
  readonly native: SideModuleExports;
  /** Console output of a level (0 error, 1 warning, 2 information). */
  log(level: number, ...args: unknown[]): void;
  /** An SQLite3Error. */
  error(resultCode: number, text: string, cause?: unknown): Error;
  /** The SQLite3Error for an exception of OPFS. */
  storageError(what: string, exception: unknown): Error;
}

/** A runtime that lacks only the C++, and what that C++ imports. */
export function prepareRuntime<Sqlite extends SqliteCore>(
  sqlite: Sqlite,
): { parts: Omit<Runtime<Sqlite>, 'native'>; host: HostImports } {
  const memory = new WasmMemory(sqlite);
  const estimate = new StorageEstimate();
  const handles = new HandleTable(memory, estimate);
  const pools = new Map<Pointer, PoolEvents>();

  const log = (level: number, ...args: unknown[]): void => {
    const name = LOGGER_NAMES[level] ?? 'log';
    const logger = sqlite.api.config?.[name] ?? console[name].bind(console);
    logger(...args);
  };
  const host = createHostImports(memory, handles, pools, (level, text) => {
    log(level, 'sahpool:', text);
  });

  const error = (resultCode: number, text: string, cause?: unknown): Error => {
    const result = new sqlite.api.SQLite3Error(resultCode, text);
    if (cause !== undefined) result.cause = cause;
    return result;
  };
  const storageError = (what: string, exception: unknown): Error => {
    const text = `${what}: ${exceptionText(exception)}`;
    if (!isOutOfSpace(exception)) return error(SQLITE_IOERR, text, exception);
    estimate.refresh();
    return error(SQLITE_FULL, text + estimate.text, exception);
  };
  return {
    parts: { sqlite, memory, handles, estimate, pools, vfses: new Set(), log, error, storageError },
    host,
  };
}

/** The address of the VFS that SQLite knows by that name, 0 when there is none. */
export function findVfs({ memory, sqlite }: Runtime, name: string): Pointer {
  return memory.withCString(name, (it) => sqlite.exports.sqlite3_vfs_find(it)) >>> 0;
}
