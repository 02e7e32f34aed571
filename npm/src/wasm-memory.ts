// SQLite's memory as JavaScript sees it: views that follow its growth, strings, temporary blocks.

import { SQLITE_NOMEM } from './result-codes.js';
import type { SqliteCore } from './sqlite-namespace.js';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export class WasmMemory {
  readonly #sqlite: SqliteCore;
  #bytes: Uint8Array;

  constructor(sqlite: SqliteCore) {
    this.#sqlite = sqlite;
    this.#bytes = new Uint8Array(sqlite.memory.buffer);
  }

  /** All of the memory. The view is good until the next call into WebAssembly. */
  get bytes(): Uint8Array {
    if (this.#bytes.buffer !== this.#sqlite.memory.buffer) {
      this.#bytes = new Uint8Array(this.#sqlite.memory.buffer);
    }
    return this.#bytes;
  }

  /** `count` bytes at `pointer`, which WebAssembly may have passed as a negative number. */
  view(pointer: number, count: number): Uint8Array {
    const start = pointer >>> 0;
    return this.bytes.subarray(start, start + count);
  }

  /** The 32 bits at `pointer`, an address or a count. */
  word(pointer: number): number {
    return new DataView(this.#sqlite.memory.buffer).getUint32(pointer >>> 0, true);
  }

  /** The `count` bytes of UTF-8 at `pointer`. */
  text(pointer: number, count: number): string {
    // A copy, because TextDecoder refuses views of shared memory.
    return decoder.decode(this.view(pointer, count).slice());
  }

  /** The NUL-terminated string at `pointer`, '' for null. */
  cString(pointer: number): string {
    const start = pointer >>> 0;
    return start === 0 ? '' : this.text(start, this.bytes.indexOf(0, start) - start);
  }

  /** Memory from SQLite's allocator. */
  allocate(count: number): number {
    const pointer = this.#sqlite.exports.sqlite3_malloc(count) >>> 0;
    if (pointer === 0) {
      throw new this.#sqlite.api.SQLite3Error(SQLITE_NOMEM, `no memory for ${count} bytes`);
    }
    return pointer;
  }

  free(pointer: number): void {
    this.#sqlite.exports.sqlite3_free(pointer);
  }

  /** Calls `use` with a block that exists for the time of the call. */
  withBlock<Result>(count: number, use: (pointer: number) => Result): Result {
    const pointer = this.allocate(count);
    try {
      return use(pointer);
    } finally {
      this.free(pointer);
    }
  }

  /** Calls `use` with `text` as a NUL-terminated string that exists for the time of the call. */
  withCString<Result>(text: string, use: (pointer: number) => Result): Result {
    const encoded = encoder.encode(text);
    return this.withBlock(encoded.length + 1, (pointer) => {
      const block = this.view(pointer, encoded.length + 1);
      block.set(encoded);
      block[encoded.length] = 0;
      return use(pointer);
    });
  }

  /** Copies `text` as UTF-8 to `into`, cut off between characters. Returns the bytes copied. */
  putText(text: string, into: number, capacity: number): number {
    const encoded = encoder.encode(text);
    let count = Math.min(encoded.length, capacity);
    while (count < encoded.length && count > 0 && ((encoded[count] ?? 0) & 0xc0) === 0x80) --count;
    this.view(into, count).set(encoded.subarray(0, count));
    return count;
  }
}
