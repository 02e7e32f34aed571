// The util object: what applications see of a pool.

import type { Pool } from './pool.js';
import type { DatabaseConstructor } from './sqlite-namespace.js';
import type {
  ImportChunk,
  ImportSource,
  PoolDatabaseConstructor,
  PoolUtil,
  Quarantine,
} from './types.js';

/** Makes the subclass of `sqlite3.oo1.DB` that opens its databases with a VFS. */
function bindDatabase(
  Database: DatabaseConstructor,
  vfsName: string,
): PoolDatabaseConstructor<object> {
  return class OpfsSAHPoolDb extends Database {
    constructor(filename?: string | { filename?: string; flags?: string }, flags?: string) {
      const options = typeof filename === 'object' ? filename : withoutUndefined(filename, flags);
      super({ ...options, vfs: vfsName });
    }
  };
}

function withoutUndefined(filename?: string, flags?: string): Record<string, string> {
  return {
    ...(filename !== undefined && { filename }),
    ...(flags !== undefined && { flags }),
  };
}

/**
 * Makes the util object of a pool.
 * @param Database oo1.DB, when the namespace has it.
 * @param onRemoving called with the outcome of each removeVfs().
 */
export function createUtil(
  pool: Pool,
  vfsName: string,
  Database: DatabaseConstructor | undefined,
  onRemoving: (removal: Promise<boolean>) => void,
): PoolUtil {
  const quarantine: Quarantine = {
    list: () => pool.quarantined(),
    recover: (slot, name) => {
      pool.recover(slot, name);
    },
    discard: (slot) => {
      pool.discard(slot);
    },
  };

  function importDb(name: string, bytes: ImportChunk): number;
  function importDb(name: string, source: ImportSource): Promise<number>;
  function importDb(name: string, data: ImportChunk | ImportSource): number | Promise<number> {
    return typeof data === 'function'
      ? pool.importChunks(name, data)
      : pool.importBytes(name, data);
  }

  return {
    vfsName,
    ...(Database && { OpfsSAHPoolDb: bindDatabase(Database, vfsName) }),
    addCapacity: (count) => pool.addCapacity(count),
    reduceCapacity: (count) => pool.reduceCapacity(count),
    reserveMinimumCapacity: (minimum) => pool.reserveMinimumCapacity(minimum),
    getCapacity: () => pool.capacity,
    getFileCount: () => pool.fileCount,
    getFileNames: () => pool.fileNames(),
    importDb,
    exportFile: (name) => pool.exportFile(name),
    unlink: (name) => pool.unlink(name),
    wipeFiles: () => pool.wipeFiles(),
    removeVfs() {
      const removal = pool.remove();
      onRemoving(removal);
      return removal;
    },
    pauseVfs() {
      pool.pause();
      return this;
    },
    async unpauseVfs() {
      await pool.unpause();
      return this;
    },
    isPaused: () => !pool.isOpen,
    quarantine: () => quarantine,
  } as PoolUtil;
}
