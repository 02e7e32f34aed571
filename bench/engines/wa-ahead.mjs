// wa-sqlite's OPFSWriteAheadVFS.
import { OPFSWriteAheadVFS } from '/node_modules/@journeyapps/wa-sqlite/src/examples/OPFSWriteAheadVFS.js';
import { loadWaSqlite, WaFileEngine } from './wa-sqlite.mjs';

const name = 'bench';

/**
 * One instance of the VFS has one connection to a database, so that further connections get an
 * SQLite of their own.
 */
class WriteAheadEngine extends WaFileEngine {
  #connected = false;
  vfs = name;

  async connect(database) {
    if (this.#connected) return (await start(await load())).connect(database);
    this.#connected = true;
    const connection = await super.connect(database);
    const close = connection.close.bind(connection);
    connection.close = async () => {
      await close();
      this.#connected = false;
    };
    return connection;
  }
}

export const load = loadWaSqlite;

export async function start(wa) {
  wa.api.vfs_register(await OPFSWriteAheadVFS.create(name, wa.module), false);
  return new WriteAheadEngine(wa);
}
