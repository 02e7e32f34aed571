// What this package uses of the sqlite3 namespace, and the check that a namespace has it.

import { IncompatibleSqliteError } from './errors.js';

/** `sqlite3.SQLite3Error`. */
export type SqliteErrorConstructor = new (resultCode: number, message: string) => Error;

/** `sqlite3.oo1.DB`. */
export type DatabaseConstructor = new (options: Record<string, unknown> & { vfs: string }) => {
  exec(sql: string): unknown;
  close(): void;
};

/** The SQLite C API as far as it is called from here, straight into SQLite's WebAssembly. */
export interface SqliteExports {
  sqlite3_malloc(size: number): number;
  sqlite3_free(pointer: number): void;
  sqlite3_vfs_find(name: number): number;
  sqlite3_extended_errcode(db: number): number;
  sqlite3_libversion(): number;
}

/** The console of `sqlite3.config`. */
export type Logger = (...args: unknown[]) => void;

/** The namespace's objects that get replaced or called. */
export interface SqliteApi {
  readonly capi: {
    sqlite3_errmsg(db: unknown): string;
    sqlite3_js_db_vfs(db: number): number;
  };
  readonly SQLite3Error: SqliteErrorConstructor;
  readonly config?: { readonly error: Logger; readonly warn: Logger; readonly log: Logger };
  readonly oo1?: { readonly DB: DatabaseConstructor };
  installOpfsSAHPoolVfs?: unknown;
}

/** What pools need of the SQLite that they are for, wherever it is from. */
export interface SqliteCore {
  readonly api: Pick<SqliteApi, 'SQLite3Error' | 'config'>;
  readonly exports: Pick<SqliteExports, 'sqlite3_malloc' | 'sqlite3_free' | 'sqlite3_vfs_find'>;
  readonly memory: Pick<WebAssembly.Memory, 'buffer'>;
}

/** A namespace that has been checked. */
export interface SqliteInstance {
  readonly api: SqliteApi;
  readonly exports: SqliteExports & Readonly<Record<string, unknown>>;
  readonly memory: WebAssembly.Memory;
  readonly table: WebAssembly.Table;
}

const USED_FUNCTIONS: readonly (keyof SqliteExports)[] = [
  'sqlite3_malloc',
  'sqlite3_free',
  'sqlite3_vfs_find',
  'sqlite3_extended_errcode',
  'sqlite3_libversion',
];

type Bag = Readonly<Record<string, unknown>>;

function bag(value: unknown): Bag | undefined {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
    ? (value as Bag)
    : undefined;
}

function findMemory(wasm: Bag, exports: Bag): WebAssembly.Memory | undefined {
  return [wasm['memory'], exports['memory']].find((it) => it instanceof WebAssembly.Memory);
}

function findTable(wasm: Bag, exports: Bag): WebAssembly.Table | undefined {
  const functionTable = wasm['functionTable'];
  const candidates = [
    typeof functionTable === 'function' ? (functionTable.call(wasm) as unknown) : undefined,
    exports['__indirect_function_table'],
  ];
  return candidates.find((it) => it instanceof WebAssembly.Table);
}

function missingOfApi(namespace: Bag): string[] {
  const capi = bag(namespace['capi']) ?? {};
  const missing = ['sqlite3_errmsg', 'sqlite3_js_db_vfs']
    .filter((name) => typeof capi[name] !== 'function')
    .map((name) => `it has no capi.${name}()`);
  if (typeof namespace['SQLite3Error'] !== 'function') missing.push('it has no SQLite3Error');
  const install = Object.getOwnPropertyDescriptor(namespace, 'installOpfsSAHPoolVfs');
  const canInstall = install ? install.writable === true : Object.isExtensible(namespace);
  if (!canInstall) missing.push('its installOpfsSAHPoolVfs can not be replaced');
  return missing;
}

/**
 * Checks that `sqlite3` has what the side module and this package need.
 * @param importedFunctions the SQLite functions that the side module imports.
 * @throws IncompatibleSqliteError naming everything that is missing.
 */
export function checkNamespace(
  sqlite3: object,
  importedFunctions: readonly string[],
): SqliteInstance {
  const namespace = sqlite3 as Bag;
  const wasm = bag(namespace['wasm']);
  const exports = bag(wasm?.['exports']);
  if (!wasm || !exports) {
    throw new IncompatibleSqliteError([
      'it has no wasm.exports (pass what sqlite3InitModule() returns)',
    ]);
  }
  const missing = missingOfApi(namespace);
  const functions = [...new Set([...USED_FUNCTIONS, ...importedFunctions])];
  const absent = functions.filter((name) => typeof exports[name] !== 'function').sort();
  if (absent.length > 0) {
    missing.push(`its WebAssembly exports lack these functions: ${absent.join(', ')}`);
  }
  const libversion = exports['sqlite3_libversion'] as (() => unknown) | undefined;
  const pointer = libversion?.();
  if (typeof pointer === 'bigint') missing.push('its pointers have 64 bits; 32 are needed');
  const memory = findMemory(wasm, exports);
  const table = findTable(wasm, exports);
  if (!memory) missing.push('it has no WebAssembly memory (wasm.memory)');
  if (!table) missing.push('it has no WebAssembly function table (wasm.functionTable())');
  if (missing.length > 0 || !memory || !table) throw new IncompatibleSqliteError(missing);
  return {
    api: sqlite3 as SqliteApi,
    exports: exports as unknown as SqliteInstance['exports'],
    memory,
    table,
  };
}
