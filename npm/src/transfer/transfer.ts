// Databases in and out of a pool: importDb() and exportFile().

import type { Pointer, SideModuleExports } from '../core/abi.js';
import { checkBytes } from '../core/arguments.js';
import type { NativePool } from '../core/native-pool.js';
import type { Runtime } from '../core/runtime.js';
import type { ExportSink, ImportCheck, ImportSource } from '../core/types.js';
import type { WasmMemory } from '../core/wasm-memory.js';

/** Bytes that cross into SQLite's memory at a time, and go to the handle. */
const BLOCK_SIZE = 1024 * 1024;

/** The same on their way out. Firefox needs half the time for it that a MiB at a time takes. */
const EXPORT_BLOCK_SIZE = 4 * BLOCK_SIZE;

/** Refuses the promise of a callback whose call is all that is waited for. */
function demandSync(argument: string, result: unknown): void {
  if (result instanceof Promise) {
    result.catch(() => undefined);
    throw new TypeError(`argument "${argument}" must not be asynchronous`);
  }
}

/** One running import. Whatever pieces come, whole blocks are handed over. */
class Import {
  readonly #memory: WasmMemory;
  readonly #native: SideModuleExports;
  readonly #pool: NativePool;
  readonly #block: Pointer;
  #name = '';
  #pointer: Pointer = 0;
  #filled = 0;
  #size = 0;

  constructor(runtime: Runtime, pool: NativePool) {
    this.#memory = runtime.memory;
    this.#native = runtime.native;
    this.#pool = pool;
    this.#block = this.#memory.allocate(BLOCK_SIZE);
  }

  begin(name: string): void {
    this.#pointer = this.#pool.beginImport(name);
    this.#name = name;
  }

  write(bytes: Uint8Array): void {
    for (let start = 0; start < bytes.length;) {
      const piece = bytes.subarray(start, start + BLOCK_SIZE - this.#filled);
      start += piece.length;
      if (piece.length === BLOCK_SIZE && this.#lend(piece)) continue;
      this.#memory.view(this.#block + this.#filled, piece.length).set(piece);
      this.#filled += piece.length;
      if (this.#filled === BLOCK_SIZE) this.#handOver();
    }
    this.#size += bytes.length;
  }

  /** Returns the size of the database. */
  finish(check?: ImportCheck): number {
    this.#handOver();
    if (check) this.#checkBy(check);
    const pointer = this.#pointer;
    this.#pointer = 0;
    this.#pool.check(this.#native.sahpool_import_finish(pointer));
    return this.#size;
  }

  /** Aborts an import that was begun and not finished. */
  end(): void {
    this.#memory.free(this.#block);
    if (this.#pointer !== 0) this.#native.sahpool_import_abort(this.#pointer);
  }

  #checkBy(check: ImportCheck): void {
    const name = this.#name + '.importing';
    this.#pool.check(
      this.#memory.withCString(name, (it) => this.#native.sahpool_import_stage(this.#pointer, it)),
    );
    const given: (name: string) => unknown = check;
    demandSync('check', given(name));
  }

  /** Hands over a whole block from where it is; false when that can't be. */
  #lend(piece: Uint8Array): boolean {
    const resultCode = this.#memory.lend(piece, (address) =>
      this.#native.sahpool_import_write(this.#pointer, address, piece.length),
    );
    if (resultCode === undefined) return false;
    this.#pool.check(resultCode);
    return true;
  }

  #handOver(): void {
    const count = this.#filled;
    this.#filled = 0;
    this.#pool.check(this.#native.sahpool_import_write(this.#pointer, this.#block, count));
  }
}

/** Imports bytes that are all there. */
export function importBytes(
  runtime: Runtime,
  pool: NativePool,
  name: string,
  bytes: Uint8Array,
  check?: ImportCheck,
): number {
  const running = new Import(runtime, pool);
  try {
    running.begin(name);
    running.write(bytes);
    return running.finish(check);
  } finally {
    running.end();
  }
}

/** Imports what `source` gives. Nothing may end the pool or detach its slots meanwhile. */
export async function importChunks(
  runtime: Runtime,
  pool: NativePool,
  name: string,
  source: ImportSource,
  check?: ImportCheck,
): Promise<number> {
  const running = new Import(runtime, pool);
  try {
    running.begin(name);
    for (let chunk = await source(); chunk !== undefined; chunk = await source()) {
      running.write(checkBytes('what the callback of importDb() returns', chunk));
    }
    return running.finish(check);
  } finally {
    running.end();
  }
}

/** Gives `sink` what is committed of a file, and returns its size; without a sink, all of it. */
export function exportFile(
  runtime: Runtime,
  pool: NativePool,
  name: string,
  sink?: ExportSink,
): Uint8Array<ArrayBuffer> | number {
  const { memory, native } = runtime;
  const running = pool.beginExport(name);
  try {
    const size = native.sahpool_export_size(running);
    const whole = sink ? undefined : new Uint8Array(size);
    memory.withBlock(Math.min(EXPORT_BLOCK_SIZE, size + 1), (block) => {
      for (let start = 0; start < size; start += EXPORT_BLOCK_SIZE) {
        const count = Math.min(EXPORT_BLOCK_SIZE, size - start);
        pool.check(native.sahpool_export_read(running, block, count, start));
        const piece = memory.view(block, count);
        demandSync('sink', sink?.(piece));
        whole?.set(piece, start);
      }
    });
    return whole ?? size;
  } finally {
    native.sahpool_export_end(running);
  }
}
