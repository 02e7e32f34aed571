// The slots of one pool while it is open, and how many there are: opened, added, removed. Knows
// nothing of the pool's life; whoever calls does one thing after the other.

import type { Slot } from '../core/handle-table.js';
import type { NativePool } from '../core/native-pool.js';
import type { Runtime } from '../core/runtime.js';
import { closeSlots, type PoolDirectory } from '../opfs/pool-directory.js';
import type { ResolvedOptions } from './options.js';

/** How many slots are created at a time. */
const CREATED_AT_ONCE = 16;

export class PoolSlots {
  readonly #runtime: Runtime;
  readonly #native: NativePool;
  readonly #directory: PoolDirectory;

  constructor(runtime: Runtime, native: NativePool, directory: PoolDirectory) {
    this.#runtime = runtime;
    this.#native = native;
    this.#directory = directory;
  }

  /** Attaches slots; closes those that it could not attach. */
  attach(slots: Slot[]): void {
    slots.forEach((slot, index) => {
      try {
        this.#native.attach(slot);
      } catch (error) {
        this.close(slots.slice(index));
        throw error;
      }
    });
  }

  /** Closes slots that are not attached. */
  close(slots: Slot[]): void {
    for (const failure of closeSlots(slots)) {
      this.#runtime.log(0, 'A slot could not be closed.', failure);
    }
  }

  /** Gives a new pool all of its slots, or none, and any pool as many free ones as can be had. */
  async addAtStart({ autoGrow, initialCapacity }: ResolvedOptions): Promise<void> {
    if (this.#native.capacity === 0) await this.#addAllOrNone(initialCapacity);
    this.#native.keepFree(autoGrow);
    try {
      await this.add(autoGrow - this.#native.freeCount);
    } catch (error) {
      this.#runtime.log(1, 'The pool could not grow.', error);
    }
  }

  async #addAllOrNone(count: number): Promise<void> {
    try {
      await this.add(count);
    } catch (error) {
      for (let slot = this.#native.releaseFreeSlot(); slot; slot = this.#native.releaseFreeSlot()) {
        this.close([slot]);
        await this.#directory.dropNewSlot(slot.name);
      }
      throw error;
    }
  }

  /** Adds slots in parallel. When it fails, those that were made stay. */
  async add(count: number): Promise<void> {
    if (count <= 0) return;
    this.#runtime.estimate.refresh();
    let left = count;
    let failure: { reason: unknown } | undefined;
    const addSome = async (): Promise<void> => {
      while (left > 0 && !failure) {
        --left;
        try {
          await this.#addOne();
        } catch (reason) {
          failure ??= { reason };
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(count, CREATED_AT_ONCE) }, addSome));
    this.#runtime.estimate.refresh();
    if (failure) throw failure.reason;
  }

  async #addOne(): Promise<void> {
    let slot: Slot;
    try {
      slot = await this.#directory.createSlot();
    } catch (error) {
      throw this.#runtime.storageError('a slot could not be created', error);
    }
    try {
      this.attach([slot]);
    } catch (error) {
      await this.#directory.dropNewSlot(slot.name);
      throw error;
    }
  }

  /** Adds slots until enough are free, or until `isCurrent` says that the pool was closed. */
  async growInBackground(autoGrow: number, isCurrent: () => boolean): Promise<void> {
    try {
      while (isCurrent() && this.#native.freeCount < autoGrow) {
        const slot = await this.#directory.createSlot();
        if (isCurrent()) this.attach([slot]);
        // Not deleted: whoever opens the pool now may already have seen it.
        else this.close([slot]);
      }
    } catch (error) {
      this.#runtime.log(1, 'The pool could not grow.', error);
    }
  }

  /** Removes up to that many free slots; gives how many it removed. */
  async remove(count: number): Promise<number> {
    for (let removed = 0; removed < count; ++removed) {
      const slot = this.#native.releaseFreeSlot();
      if (!slot) return removed;
      await this.#removeOne(slot);
    }
    return count;
  }

  /** Closes and deletes a slot that the pool gave away; if that fails, gives it back. */
  async #removeOne(slot: Slot): Promise<void> {
    this.close([slot]);
    try {
      await this.#directory.removeSlot(slot.name);
    } catch (error) {
      await this.#takeBack(slot.name);
      throw this.#runtime.storageError('a slot could not be removed', error);
    }
  }

  async #takeBack(name: string): Promise<void> {
    try {
      this.attach([await this.#directory.reopenSlot(name)]);
    } catch (error) {
      this.#runtime.log(0, `The slot ${name} is out of use until the next start.`, error);
    }
  }
}
