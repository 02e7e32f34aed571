// This project's package, plugged into the official SQLite.
import { attach } from '/npm/dist/index.js';
import { loadOfficial } from './official-sqlite.mjs';
import { PoolEngine } from './pool-engine.mjs';

class SahpoolEngine extends PoolEngine {
  async exportDatabase(name, visit) {
    this.pool.exportFile(name, visit);
  }
}

export const load = loadOfficial;

export async function start(sqlite3, options) {
  return SahpoolEngine.install(await attach(sqlite3), options);
}
