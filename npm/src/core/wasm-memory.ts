// SQLite's memory as JavaScript sees it: views that follow its growth, strings, temporary blocks.

import { SQLITE_NOMEM } from './result-codes.js';
import type { SqliteCore } from './sqlite-namespace.js';

/** The last two MiB that a 32-bit address can name. */
const LENT_SIZE = 2 ** 21;
const LENT_ADDRESS = 2 ** 32 - LENT_SIZE;

/** A module that imports a memory "" of "" whose declared maximum is at most LENT_ADDRESS. */
const BOUNDED_MEMORY = [
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...[2, 9, 1, 0, 0, 2, 1, 0, 0xe0, 0xff, 3],
];

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export class WasmMemory {
  readonly #sqlite: SqliteCore;
  #bytes: Uint8Array;
  #lent: Uint8Array | undefined;
  #canLend: boolean | undefined;

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

  /**
   * Calls `use` with an address that stands for `bytes` while the call lasts, and which C++ can only
   * pass on to lentOrOwn(). It is one that the memory does not reach, however much it grows meanwhile.
   * Undefined, and nothing is called, when no address is known to be such, and for bytes that a
   * handle would not take from where they are.
   */
  lend(bytes: Uint8Array, use: (address: number) => number): number | undefined {
    const { buffer }: { buffer: ArrayBufferLike & { resizable?: boolean } } = bytes;
    const isPlain = buffer instanceof ArrayBuffer && !buffer.resizable;
    if (!isPlain || bytes.length >= LENT_SIZE) return undefined;
    if (!(this.#canLend ??= this.#endsBeforeLentAddress())) return undefined;
    this.#lent = bytes;
    try {
      return use(LENT_ADDRESS);
    } finally {
      this.#lent = undefined;
    }
  }

  /** `count` bytes at an address in what is lent, or else in the memory. */
  lentOrOwn(address: number, count: number): Uint8Array {
    const start = (address >>> 0) - LENT_ADDRESS;
    return this.#lent && start >= 0
      ? this.#lent.subarray(start, start + count)
      : this.view(address, count);
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
    const encoded = encoder.encode(`${text}\0`);
    return this.withBlock(encoded.length, (pointer) => {
      this.view(pointer, encoded.length).set(encoded);
      return use(pointer);
    });
  }

  /** Copies `text` as UTF-8 to `into`, cut off between characters. Returns the bytes copied. */
  putText(text: string, into: number, capacity: number): number {
    const encoded = new Uint8Array(capacity);
    const { written } = encoder.encodeInto(text, encoded);
    this.view(into, written).set(encoded.subarray(0, written));
    return written;
  }

  /** What a memory may grow to shows only in which modules take it. */
  #endsBeforeLentAddress(): boolean {
    try {
      const module = new WebAssembly.Module(Uint8Array.from(BOUNDED_MEMORY));
      return !!new WebAssembly.Instance(module, {
        '': { '': this.#sqlite.memory as WebAssembly.Memory },
      });
    } catch {
      return false;
    }
  }
}
