// wa-sqlite's OPFSCoopSyncVFS.
import { OPFSCoopSyncVFS } from '/node_modules/@journeyapps/wa-sqlite/src/examples/OPFSCoopSyncVFS.js';
import { loadWaSqlite, WaFileEngine } from './wa-sqlite.mjs';

const name = 'bench';

export const load = loadWaSqlite;

export async function start(wa) {
  const engine = new WaFileEngine(wa);
  wa.api.vfs_register(await OPFSCoopSyncVFS.create(name, wa.module), false);
  engine.vfs = name;
  return engine;
}
