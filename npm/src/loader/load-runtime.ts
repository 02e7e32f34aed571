// Loads the side module into a sqlite3 namespace, with the runtime that its pools share.

import { prepareRuntime, type Runtime } from '../core/runtime.js';
import type { SqliteInstance } from '../core/sqlite-namespace.js';
import { loadSideModule } from './side-module.js';

/** @throws SideModuleError or IncompatibleSqliteError, as loadSideModule() does. */
export async function loadRuntime(
  module: WebAssembly.Module,
  sqlite: SqliteInstance,
): Promise<Runtime<SqliteInstance>> {
  const { parts, host } = prepareRuntime(sqlite);
  return { ...parts, native: await loadSideModule(module, sqlite, parts.memory, host) };
}
