// The open slots of all pools of one side module, under the numbers by which C++ knows them, and the
// calls that C++ makes on them. No call throws: a failing one returns a negative number and keeps
// the text for error_text().

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

  /** Text of the last failure. */
  get errorText(): string {
    return this.#errorText;
  }

  add(slot: Slot): number {
    const number = this.#freeNumbers.pop() ?? this.#slots.length;
    this.#slots[number] = slot;
    return number;
  }

  /** Forgets a slot, which stays open. */
  remove(number: number): Slot {
    const slot = this.#slots[number];
    if (!slot) throw new RangeError(`no slot has the number ${number}`);
    this.#slots[number] = undefined;
    this.#freeNumbers.push(number);
    return slot;
  }

  read(number: number, into: number, count: number, offset: number): number {
    try {
      return this.#handle(number).read(this.#memory.view(into, count), { at: offset });
    } catch (exception) {
      return this.#fail(exception);
    }
  }

  write(number: number, from: number, count: number, offset: number): number {
    try {
      const written = this.#handle(number).write(this.#memory.lentOrOwn(from, count), {
        at: offset,
      });
      this.#noteWritten(written, count);
      return written;
    } catch (exception) {
      return this.#fail(exception);
    }
  }

  truncate(number: number, size: number): number {
    try {
      this.#handle(number).truncate(size);
      return 0;
    } catch (exception) {
      return this.#fail(exception);
    }
  }

  size(number: number): number {
    try {
      return this.#handle(number).getSize();
    } catch (exception) {
      return this.#fail(exception);
    }
  }

  flush(number: number): number {
    try {
      this.#handle(number).flush();
      return 0;
    } catch (exception) {
      return this.#fail(exception);
    }
  }

  #handle(number: number): FileSystemSyncAccessHandle {
    const slot = this.#slots[number];
    if (!slot) throw new RangeError(`no slot has the number ${number}`);
    return slot.handle;
  }

  #noteWritten(written: number, asked: number): void {
    this.#bytesSinceEstimate += written;
    if (this.#bytesSinceEstimate >= BYTES_PER_ESTIMATE) {
      this.#bytesSinceEstimate = 0;
      this.#estimate.refresh();
    }
    // Firefox says in this way, and in no other, that it is out of quota.
    if (written < asked) this.#failForSpace(`the browser wrote ${written} of ${asked} bytes`);
  }

  #fail(exception: unknown): number {
    const text = exceptionText(exception);
    if (isOutOfSpace(exception)) return this.#failForSpace(text);
    this.#errorText = text;
    return HOST_ERROR;
  }

  #failForSpace(text: string): number {
    this.#errorText = text + this.#estimate.text;
    this.#estimate.refresh();
    return HOST_FULL;
  }
}
