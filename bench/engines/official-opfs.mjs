// The official "opfs" VFS, which hands each call to a worker of its own through shared memory.
import { exportFile } from './files.mjs';
import { loadOfficial, OfficialEngine } from './official-sqlite.mjs';

class OpfsEngine extends OfficialEngine {
  vfs = 'opfs';

  async importDatabase(name, next) {
    await this.sqlite3.oo1.OpfsDb.importDb(name, next);
  }

  exportDatabase(name, visit) {
    return exportFile(name, visit);
  }
}

export const load = loadOfficial;

export async function start(sqlite3) {
  if (!sqlite3.oo1.OpfsDb) throw new Error('the official package did not install its opfs VFS');
  return new OpfsEngine(sqlite3);
}
