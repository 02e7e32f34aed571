// The official opfs-sahpool.
import { loadOfficial } from './official-sqlite.mjs';
import { PoolEngine } from './pool-engine.mjs';

export const load = loadOfficial;

export function start(sqlite3, options) {
  return PoolEngine.install(sqlite3, options);
}
