// A build of this project's package, plugged into the official SQLite.
import { loadOfficial } from './official-sqlite.mjs';
import { PoolEngine } from './pool-engine.mjs';

class SahpoolEngine extends PoolEngine {
  async exportDatabase(name, visit) {
    await this.pool.exportFile(name, visit);
  }
}

/** As documented: the side module is loaded while SQLite is; it is put in place at the start. */
export async function loadWith(attach) {
  const sqlite3 = loadOfficial();
  const attachment = attach(sqlite3);
  attachment.catch(() => undefined);
  await sqlite3;
  return { attachment };
}

export async function start({ attachment }, options) {
  return SahpoolEngine.install(await attachment, options);
}
