// Databases in and out of a pool: importDb() and exportFile().

import type { Pointer } from './abi.js';
import { checkBytes } from './arguments.js';
import type { NativePool } from './native-pool.js';
import type { Plugin } from './plugin.js';
import type { ImportSource } from './types.js';

/** Bytes that cross into or out of SQLite's memory at a time. */
const BLOCK_SIZE = 256 * 1024;

/** One running import. */
class Import {
  readonly #plugin: Plugin;
  readonly #pool: NativePool;
  readonly #pointer: Pointer;
  #size = 0;

  constructor(plugin: Plugin, pool: NativePool, name: string) {
    this.#plugin = plugin;
    this.#pool = pool;
    this.#pointer = pool.beginImport(name);
  }

  write(bytes: Uint8Array): void {
    const { memory, native } = this.#plugin;
    memory.withBlock(Math.min(BLOCK_SIZE, bytes.length + 1), (block) => {
      for (let start = 0; start < bytes.length; start += BLOCK_SIZE) {
        const piece = bytes.subarray(start, start + BLOCK_SIZE);
        memory.view(block, piece.length).set(piece);
        this.#pool.check(native.sahpool_import_write(this.#pointer, block, piece.length));
      }
    });
    this.#size += bytes.length;
  }

  /** Ends the import, whether it throws or not. Returns the size of the database. */
  finish(): number {
    this.#pool.check(this.#plugin.native.sahpool_import_finish(this.#pointer));
    return this.#size;
  }

  abort(): void {
    this.#plugin.native.sahpool_import_abort(this.#pointer);
  }
}

/** Imports bytes that are all there. */
export function importBytes(
  plugin: Plugin,
  pool: NativePool,
  name: string,
  bytes: Uint8Array,
): number {
  const running = new Import(plugin, pool, name);
  try {
    running.write(bytes);
  } catch (error) {
    running.abort();
    throw error;
  }
  return running.finish();
}

/** Imports what `source` gives. Nothing may end the pool or detach its slots meanwhile. */
export async function importChunks(
  plugin: Plugin,
  pool: NativePool,
  name: string,
  source: ImportSource,
): Promise<number> {
  const running = new Import(plugin, pool, name);
  try {
    for (;;) {
      const chunk = await source();
      if (chunk === undefined) break;
      running.write(checkBytes('what the callback of importDb() returns', chunk));
    }
  } catch (error) {
    running.abort();
    throw error;
  }
  return running.finish();
}

/** Copies out what is committed of a file. */
export function exportFile(
  plugin: Plugin,
  pool: NativePool,
  name: string,
): Uint8Array<ArrayBuffer> {
  const { memory, native } = plugin;
  const running = pool.beginExport(name);
  try {
    const bytes = new Uint8Array(native.sahpool_export_size(running));
    memory.withBlock(BLOCK_SIZE, (block) => {
      for (let start = 0; start < bytes.length; start += BLOCK_SIZE) {
        const count = Math.min(BLOCK_SIZE, bytes.length - start);
        pool.check(native.sahpool_export_read(running, block, count, start));
        bytes.set(memory.view(block, count), start);
      }
    });
    return bytes;
  } finally {
    native.sahpool_export_end(running);
  }
}
