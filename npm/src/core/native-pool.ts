// One sahpool_pool of the side module, with JavaScript's types and exceptions in place of result
// codes. Knows nothing of directories and promises.

import type { Pointer, SideModuleExports } from './abi.js';
import type { Slot } from './handle-table.js';
import type { PoolEvents } from './host-imports.js';
import { SQLITE_NOMEM, SQLITE_NOTFOUND, SQLITE_OK } from './result-codes.js';
import { findVfs, type Runtime } from './runtime.js';
import type { QuarantinedSlot } from './types.js';
import { urlDialectFlags } from './url-dialect.js';
import type { WasmMemory } from './wasm-memory.js';

const POINTER_SIZE = 4;

export class NativePool {
  readonly #runtime: Runtime;
  readonly #memory: WasmMemory;
  readonly #native: SideModuleExports;
  readonly #vfsName: string;
  readonly #pointer: Pointer;
  #vfs: Pointer = 0;
  /** The handle numbers of the attached slots. */
  readonly #numbers = new Set<number>();

  constructor(runtime: Runtime, vfsName: string, events: PoolEvents) {
    this.#runtime = runtime;
    this.#vfsName = vfsName;
    this.#memory = runtime.memory;
    this.#native = runtime.native;
    this.#pointer =
      this.#memory.withCString(vfsName, (name) => this.#native.sahpool_create(name)) >>> 0;
    if (this.#pointer === 0) throw runtime.error(SQLITE_NOMEM, 'no memory for a pool');
    this.#native.sahpool_set_url_dialect(this.#pointer, urlDialectFlags());
    runtime.pools.set(this.#pointer, events);
  }

  /** Of the sahpool_pool. */
  get address(): Pointer {
    return this.#pointer;
  }

  get capacity(): number {
    return this.#native.sahpool_capacity(this.#pointer);
  }

  get fileCount(): number {
    return this.#native.sahpool_file_count(this.#pointer);
  }

  get freeCount(): number {
    return this.#native.sahpool_free_count(this.#pointer);
  }

  get openCount(): number {
    return this.#native.sahpool_open_count(this.#pointer);
  }

  fileNames(): string[] {
    return Array.from({ length: this.fileCount }, (_, index) =>
      this.#memory.cString(this.#native.sahpool_file_name(this.#pointer, index)),
    );
  }

  /** Attaches an open slot. When it throws, the slot is open and not attached. */
  attach(slot: Slot): void {
    const { handles } = this.#runtime;
    const number = handles.add(slot);
    try {
      this.check(
        this.#memory.withCString(slot.name, (name) =>
          this.#native.sahpool_attach(this.#pointer, number, name),
        ),
      );
    } catch (error) {
      handles.remove(number);
      throw error;
    }
    this.#numbers.add(number);
  }

  start(): void {
    this.check(this.#native.sahpool_start(this.#pointer));
  }

  register(): void {
    this.check(this.#native.sahpool_register(this.#pointer));
    this.#vfs = findVfs(this.#runtime, this.#vfsName);
    this.#runtime.vfses.add(this.#vfs);
  }

  unregister(): void {
    this.check(this.#native.sahpool_unregister(this.#pointer));
    this.#runtime.vfses.delete(this.#vfs);
  }

  /** Forgets all slots and returns them, open. */
  detachAll(): Slot[] {
    this.check(this.#native.sahpool_detach_all(this.#pointer));
    const slots = Array.from(this.#numbers, (number) => this.#runtime.handles.remove(number));
    this.#numbers.clear();
    return slots;
  }

  /** Ends the pool, which has no slots attached. */
  destroy(): void {
    this.check(this.#native.sahpool_destroy(this.#pointer));
    this.#runtime.pools.delete(this.#pointer);
  }

  wipe(): void {
    this.check(this.#native.sahpool_wipe(this.#pointer));
  }

  keepFree(count: number): void {
    this.#native.sahpool_keep_free(this.#pointer, count);
  }

  /** Takes a free slot out of the pool, open; undefined when none is free. */
  releaseFreeSlot(): Slot | undefined {
    const number = this.#native.sahpool_release_free_slot(this.#pointer);
    if (number < 0) return undefined;
    this.#numbers.delete(number);
    return this.#runtime.handles.remove(number);
  }

  /** Deletes a file; returns whether there was one. */
  unlink(name: string): boolean {
    const resultCode = this.#memory.withCString(name, (it) =>
      this.#native.sahpool_unlink(this.#pointer, it),
    );
    if (resultCode === SQLITE_NOTFOUND) return false;
    this.check(resultCode);
    return true;
  }

  /** Begins an import; gives its address. */
  beginImport(name: string): Pointer {
    return this.#begin(name, 'sahpool_import_begin');
  }

  /** Begins an export; gives its address. */
  beginExport(name: string): Pointer {
    return this.#begin(name, 'sahpool_export_begin');
  }

  /** Throws when a call for this pool did not return SQLITE_OK. */
  check(resultCode: number): void {
    if (resultCode === SQLITE_OK) return;
    const text = this.#memory.cString(this.#native.sahpool_error_text(this.#pointer));
    throw this.#runtime.error(resultCode, text);
  }

  quarantined(): QuarantinedSlot[] {
    const pool = this.#pointer;
    return Array.from({ length: this.#native.sahpool_quarantine_count(pool) }, (_, index) => ({
      slot: this.#memory.cString(this.#native.sahpool_quarantine_slot(pool, index)),
      name: this.#memory.cString(this.#native.sahpool_quarantine_name(pool, index)),
      reason: this.#memory.cString(this.#native.sahpool_quarantine_reason(pool, index)),
      bytes: this.#native.sahpool_quarantine_bytes(pool, index),
    }));
  }

  recover(slot: string, name: string): void {
    const resultCode = this.#memory.withCString(slot, (slotName) =>
      this.#memory.withCString(name, (fileName) =>
        this.#native.sahpool_quarantine_recover(this.#pointer, slotName, fileName),
      ),
    );
    this.check(resultCode);
  }

  discard(slot: string): void {
    this.check(
      this.#memory.withCString(slot, (slotName) =>
        this.#native.sahpool_quarantine_discard(this.#pointer, slotName),
      ),
    );
  }

  #begin(name: string, begin: 'sahpool_import_begin' | 'sahpool_export_begin'): Pointer {
    return this.#memory.withCString(name, (it) =>
      this.#memory.withBlock(POINTER_SIZE, (out) => {
        this.check(this.#native[begin](this.#pointer, it, out));
        return this.#memory.word(out);
      }),
    );
  }
}
