// wa-sqlite's AccessHandlePoolVFS, which the official pool was made after.
import { AccessHandlePoolVFS } from '/node_modules/@journeyapps/wa-sqlite/src/examples/AccessHandlePoolVFS.js';
import { loadWaSqlite, WaEngine } from './wa-sqlite.mjs';

const name = 'bench';

class AccessHandlePoolEngine extends WaEngine {
  vfs = name;

  async close() {
    await this.pool.close();
  }
}

export const load = loadWaSqlite;

export async function start(wa, { slots = 6 } = {}) {
  const engine = new AccessHandlePoolEngine(wa);
  engine.pool = await AccessHandlePoolVFS.create(name, wa.module);
  if (engine.pool.getCapacity() < slots) {
    await engine.pool.addCapacity(slots - engine.pool.getCapacity());
  }
  wa.api.vfs_register(engine.pool, false);
  return engine;
}
