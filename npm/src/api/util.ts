// The util object: what applications see of a pool.

import type { DatabaseConstructor } from '../core/sqlite-namespace.js';
import type {
  ExportSink,
  ImportCheck,
  ImportChunk,
  ImportSource,
  PoolDatabaseConstructor,
  PoolUtil,
  Quarantine,
} from '../core/types.js';
import type { ResolvedOptions } from '../pool/options.js';
import type { Pool } from '../pool/pool.js';

/** The WAL stays at the last close, empty, and gives up what a large transaction has made of it. */
const USE_WAL =
  'PRAGMA journal_mode=wal;PRAGMA journal_size_limit=8388608;PRAGMA sahpool_keep_wal=1';

/** Makes the subclass of `sqlite3.oo1.DB` that opens its databases in a pool. */
function bindDatabase(
  Database: DatabaseConstructor,
  { name: vfs, journalMode }: ResolvedOptions,
): PoolDatabaseConstructor<object> {
  return class OpfsSAHPoolDb extends Database {
    constructor(filename?: string | { filename?: string; flags?: string }, flags?: string) {
      const options = typeof filename === 'object' ? filename : { filename, flags };
      super({ ...options, vfs });
      // Who can't write can't change the mode either.
      if (journalMode !== 'wal' || !/[cw]/.test(options.flags ?? 'c')) return;
      try {
        this.exec(USE_WAL);
      } catch (error) {
        this.close();
        throw error;
      }
    }
  };
}

/**
 * Makes the util object of a pool.
 * @param Database oo1.DB, when the namespace has it.
 * @param onRemoving called with the outcome of each removeVfs().
 */
export function createUtil(
  pool: Pool,
  options: ResolvedOptions,
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

  function importDb(name: string, bytes: ImportChunk, check?: ImportCheck): number;
  function importDb(name: string, source: ImportSource, check?: ImportCheck): Promise<number>;
  function importDb(
    name: string,
    data: ImportChunk | ImportSource,
    check?: ImportCheck,
  ): number | Promise<number> {
    return typeof data === 'function'
      ? pool.importChunks(name, data, check)
      : pool.importBytes(name, data, check);
  }

  function exportFile(name: string): Uint8Array<ArrayBuffer>;
  function exportFile(name: string, sink: ExportSink): number;
  function exportFile(name: string, sink?: ExportSink): Uint8Array<ArrayBuffer> | number {
    return pool.exportFile(name, sink);
  }

  return {
    vfsName: options.name,
    ...(Database && { OpfsSAHPoolDb: bindDatabase(Database, options) }),
    addCapacity: (count) => pool.addCapacity(count),
    reduceCapacity: (count) => pool.reduceCapacity(count),
    reserveMinimumCapacity: (minimum) => pool.reserveMinimumCapacity(minimum),
    getCapacity: () => pool.capacity,
    getFileCount: () => pool.fileCount,
    getFileNames: () => pool.fileNames(),
    importDb,
    exportFile,
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
