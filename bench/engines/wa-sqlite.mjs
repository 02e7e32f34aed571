// wa-sqlite: its synchronous build, driven through the C API like all others.
import * as SQLite from '/node_modules/@journeyapps/wa-sqlite/src/sqlite-api.js';
import moduleFactory from '/node_modules/@journeyapps/wa-sqlite/dist/wa-sqlite.mjs';
import { Engine, warmUp } from '../sqlite/engine.mjs';
import { exportFile, importFile } from './files.mjs';

export async function loadWaSqlite() {
  const module = await moduleFactory();
  // Its JavaScript API sets up what its VFSs expect of the module.
  const wa = { module, api: SQLite.Factory(module) };
  await warmUp(new WaEngine(wa));
  return wa;
}

/** The C functions under their C names, as the official package exports them. */
function cApi(module) {
  const api = {};
  for (const name of Object.keys(module)) {
    if (name.startsWith('_sqlite3_')) api[name.slice(1)] = module[name];
  }
  return api;
}

export class WaEngine extends Engine {
  #module;

  constructor({ module }) {
    super(cApi(module), () => module.HEAPU8);
    this.#module = module;
  }

  isWaiting() {
    return this.#module.retryOps.length > 0;
  }

  async wait() {
    const operations = this.#module.retryOps;
    this.#module.retryOps = [];
    await Promise.all(operations);
  }

  async finishPending() {
    const operations = this.#module.pendingOps;
    this.#module.pendingOps = [];
    await Promise.all(operations);
  }
}

/** A VFS whose databases are plain files. */
export class WaFileEngine extends WaEngine {
  importDatabase(name, next) {
    return importFile(name, next);
  }

  exportDatabase(name, visit) {
    return exportFile(name, visit);
  }
}
