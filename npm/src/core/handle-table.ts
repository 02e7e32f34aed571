// The open slots of all pools of one side module, under the numbers by which C++ knows them, and the
// functions that C++ calls on them. None of these throws: one that fails returns a negative number and
// keeps the text for errorText().

import { HOST_ERROR, HOST_FULL } from './abi.js';
import { exceptionText, isOutOfSpace } from './exception-text.js';
import type { StorageEstimate } from './storage-estimate.js';
import type { WasmMemory } from './wasm-memory.js';

/** One open OPFS file of a pool. */
export interface Slot {
  readonly name: string;
  readonly handle: FileSystemSyncAccessHandle;
}

/**
 * After so many bytes written, the last known quota usage is taken to be out of date. In the time in
 * which the browser answers an estimate, about a MiB could be written.
 */
const BYTES_PER_ESTIMATE = 64 * 1024 * 1024;

/** Chromium's own number for a full disk, which write() may return, also as an unsigned one. */
const NO_SPACE = -8;

export class HandleTable {
  readonly #memory: WasmMemory;
  readonly #estimate: StorageEstimate;
  readonly #slots: (Slot | undefined)[] = [];
  readonly #freeNumbers: number[] = [];
  #bytesSinceEstimate = 0;
  #errorText = '';

  constructor(memory: WasmMemory, estimate: StorageEstimate) {
    this.#memory = memory;
    this.#estimate = estimate;
  }

  add(slot: Slot): number {
    const number = this.#freeNumbers.pop() ?? this.#slots.length;
    this.#slots[number] = slot;
    return number;
  }

  /** Forgets a slot, which stays open. */
  remove(number: number): Slot {
    const slot = this.#slot(number);
    this.#slots[number] = undefined;
    this.#freeNumbers.push(number);
    return slot;
  }

  readonly read = (number: number, into: number, count: number, offset: number): number => {
    try {
      const bytes = this.#memory.view(into, count);
      return this.#judge(this.#slot(number).handle.read(bytes, { at: offset }), count);
    } catch (exception) {
      return this.#fail(exception);
    }
  };

  readonly write = (number: number, from: number, count: number, offset: number): number => {
    try {
      const written = this.#slot(number).handle.write(this.#memory.lentOrOwn(from, count), {
        at: offset,
      });
      return this.#noteWritten(this.#judge(written, count), count);
    } catch (exception) {
      return this.#fail(exception);
    }
  };

  readonly truncate = (number: number, size: number): number => {
    try {
      this.#slot(number).handle.truncate(size);
      return 0;
    } catch (exception) {
      return this.#fail(exception);
    }
  };

  readonly size = (number: number): number => {
    try {
      return this.#judge(this.#slot(number).handle.getSize(), Number.MAX_SAFE_INTEGER);
    } catch (exception) {
      return this.#fail(exception);
    }
  };

  readonly flush = (number: number): number => {
    try {
      this.#slot(number).handle.flush();
      return 0;
    } catch (exception) {
      return this.#fail(exception);
    }
  };

  /** Copies the text of the last failure, as WasmMemory.putText() does. */
  readonly errorText = (into: number, capacity: number): number =>
    this.#memory.putText(this.#errorText, into, capacity);

  #slot(number: number): Slot {
    const slot = this.#slots[number];
    if (!slot) throw new RangeError(`no slot has the number ${number}`);
    return slot;
  }

  /** A count that a handle gave, if it can be one. */
  #judge(count: number, most: number): number {
    if (Number.isInteger(count) && count >= 0 && count <= most) return count;
    const text = `the browser returned ${String(count)} as a number of bytes`;
    return this.#failWith(text, count === NO_SPACE || count === NO_SPACE + 2 ** 32);
  }

  /** Returns what the call returns to C++. */
  #noteWritten(written: number, asked: number): number {
    if (written < 0) return written;
    this.#bytesSinceEstimate += written;
    if (this.#bytesSinceEstimate >= BYTES_PER_ESTIMATE) {
      this.#bytesSinceEstimate = 0;
      this.#estimate.refresh();
    }
    // Firefox says in this way, and in no other, that it is out of quota.
    if (written < asked) this.#failWith(`the browser wrote ${written} of ${asked} bytes`, true);
    return written;
  }

  #fail(exception: unknown): number {
    return this.#failWith(exceptionText(exception), isOutOfSpace(exception));
  }

  #failWith(text: string, isForSpace: boolean): number {
    this.#errorText = text;
    if (!isForSpace) return HOST_ERROR;
    this.#errorText += this.#estimate.text;
    this.#estimate.refresh();
    return HOST_FULL;
  }
}
