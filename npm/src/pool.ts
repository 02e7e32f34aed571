// A pool with its life: started, paused, taken back, removed. Asynchronous operations run one after
// the other; between their steps every other call gets a defined result.

import type { Pointer } from './abi.js';
import { checkBytes, checkCount, checkFunction, checkName } from './arguments.js';
import { NativePool } from './native-pool.js';
import { openRoot } from './environment-check.js';
import type { ResolvedOptions } from './options.js';
import { findVfs, type Plugin } from './plugin.js';
import { closeSlots, PoolDirectory } from './pool-directory.js';
import { claimDirectory, type DirectoryClaim } from './pool-lock.js';
import { SQLITE_BUSY, SQLITE_MISUSE } from './result-codes.js';
import type { Slot } from './handle-table.js';
import { SerialQueue } from './serial-queue.js';
import * as transfer from './transfer.js';
import type {
  ExportSink,
  ImportCheck,
  ImportChunk,
  ImportSource,
  QuarantinedSlot,
} from './types.js';

/** How many slots are created at a time. */
const CREATED_AT_ONCE = 16;

const NOT_OPEN = {
  starting: 'is not open yet',
  paused: 'is paused; call unpauseVfs() first',
  removing: 'is being removed',
  removed: 'was removed',
} as const;

/** What a pool holds while it is open. */
interface Holding {
  readonly claim: DirectoryClaim;
  readonly directory: PoolDirectory;
}

export class Pool {
  readonly #plugin: Plugin;
  readonly #options: ResolvedOptions;
  readonly #native: NativePool;
  readonly #queue = new SerialQueue();
  /** Set while the state is 'open'. */
  #holding: Holding | undefined;
  #state: 'open' | keyof typeof NOT_OPEN = 'starting';
  /** Imports and exports. */
  #transfers = 0;
  #isGrowthScheduled = false;

  private constructor(plugin: Plugin, options: ResolvedOptions) {
    this.#plugin = plugin;
    this.#options = options;
    this.#native = new NativePool(plugin, options.name, {
      onLog: (level, text) => {
        this.#log(level, text);
      },
      onFewFreeSlots: () => {
        this.#scheduleGrowth();
      },
    });
  }

  /** Opens a pool. A failed start leaves nothing open and deletes nothing. */
  static async start(plugin: Plugin, options: ResolvedOptions): Promise<Pool> {
    const pool = new Pool(plugin, options);
    try {
      await pool.#queue.run(() => pool.#open(options.clearOnInit));
    } catch (error) {
      pool.#native.destroy();
      throw error;
    }
    pool.#log(2, 'VFS initialized.');
    return pool;
  }

  /** By which C++ knows it. */
  get address(): Pointer {
    return this.#native.address;
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  get capacity(): number {
    this.#demandOpen();
    return this.#native.capacity;
  }

  get fileCount(): number {
    this.#demandOpen();
    return this.#native.fileCount;
  }

  fileNames(): string[] {
    this.#demandOpen();
    return this.#native.fileNames();
  }

  unlink(name: string): boolean {
    this.#demandOpen();
    return this.#native.unlink(checkName('name', name));
  }

  exportFile(name: string, sink?: ExportSink): Uint8Array<ArrayBuffer> | number {
    this.#demandOpen();
    const checked = checkName('name', name);
    if (sink !== undefined) checkFunction('sink', sink);
    ++this.#transfers;
    try {
      return transfer.exportFile(this.#plugin, this.#native, checked, sink);
    } finally {
      --this.#transfers;
    }
  }

  importBytes(name: string, bytes: ImportChunk, check?: ImportCheck): number {
    this.#demandOpen();
    const checked = checkBytes('argument "bytes"', bytes);
    ++this.#transfers;
    try {
      return transfer.importBytes(
        this.#plugin,
        this.#native,
        checkName('name', name),
        checked,
        check,
      );
    } finally {
      --this.#transfers;
    }
  }

  async importChunks(name: string, source: ImportSource, check?: ImportCheck): Promise<number> {
    this.#demandOpen();
    ++this.#transfers;
    try {
      const checked = checkName('name', name);
      return await transfer.importChunks(this.#plugin, this.#native, checked, source, check);
    } finally {
      --this.#transfers;
    }
  }

  quarantined(): QuarantinedSlot[] {
    this.#demandOpen();
    return this.#native.quarantined();
  }

  recover(slot: string, name: string): void {
    this.#demandOpen();
    this.#native.recover(checkName('slot', slot), checkName('name', name));
  }

  discard(slot: string): void {
    this.#demandOpen();
    this.#native.discard(checkName('slot', slot));
  }

  async addCapacity(count: number): Promise<number> {
    checkCount('count', count);
    return this.#runOpen(async (holding) => {
      await this.#addSlots(holding, count);
      return this.#native.capacity;
    });
  }

  async reserveMinimumCapacity(minimum: number): Promise<number> {
    checkCount('minimum', minimum);
    return this.#runOpen(async (holding) => {
      await this.#addSlots(holding, minimum - this.#native.capacity);
      return this.#native.capacity;
    });
  }

  async reduceCapacity(count: number): Promise<number> {
    checkCount('count', count);
    return this.#runOpen(async ({ directory }) => {
      for (let removed = 0; removed < count; ++removed) {
        const slot = this.#native.releaseFreeSlot();
        if (!slot) return removed;
        await this.#removeSlot(directory, slot);
      }
      return count;
    });
  }

  async wipeFiles(): Promise<void> {
    return this.#runOpen(() => {
      this.#demandIdle(SQLITE_BUSY, 'wiped');
      this.#native.wipe();
      return Promise.resolve();
    });
  }

  pause(): void {
    if (this.#state === 'paused' && !this.#queue.isBusy) return;
    if (this.#state === 'removed') this.#demandOpen();
    if (this.#queue.isBusy) {
      throw this.#error(SQLITE_MISUSE, "can't be paused: another operation on it is under way");
    }
    this.#demandIdle(SQLITE_MISUSE, 'paused');
    this.#letGoOfSlots();
    this.#holding?.claim.release();
    this.#holding = undefined;
    this.#state = 'paused';
  }

  async unpause(): Promise<void> {
    return this.#queue.run(async () => {
      if (this.#state === 'open') return;
      if (this.#state !== 'paused') this.#demandOpen();
      await this.#open(false);
    });
  }

  /** Resolves to false when the pool was removed before. */
  async remove(): Promise<boolean> {
    return this.#queue.run(async () => {
      if (this.#state === 'removed') return false;
      const { claim, directory } = await this.#prepareRemoval();
      this.#state = 'removing';
      try {
        const isGone = await directory.remove();
        if (!isGone) this.#log(1, 'The directory was kept: it holds more than the pool.');
      } catch (error) {
        this.#state = 'paused';
        throw this.#plugin.storageError('the pool could not be removed', error);
      } finally {
        claim.release();
      }
      this.#native.destroy();
      this.#state = 'removed';
      return true;
    });
  }

  /** Claims the directory, opens all slots and makes the VFS known. */
  async #open(clear: boolean): Promise<void> {
    this.#demandUnusedName();
    const deadline = performance.now() + this.#options.acquireTimeout;
    const holding = await this.#claim(deadline);
    try {
      this.#attachAll(await holding.directory.openSlots(deadline));
      if (clear) this.#native.wipe();
      this.#native.start();
      if (this.#native.capacity === 0) await this.#addFirstSlots(holding);
      await this.#growAtStart(holding);
      this.#native.register();
    } catch (error) {
      try {
        this.#closeAll(this.#native.detachAll());
      } finally {
        holding.claim.release();
      }
      throw error;
    }
    this.#plugin.estimate.refresh();
    this.#holding = holding;
    this.#state = 'open';
  }

  async #claim(deadline: number): Promise<Holding> {
    const { directory: path } = this.#options;
    // Takes as long as the claim, which need not be waited for.
    const root = openRoot();
    root.catch(() => undefined);
    const claim = await claimDirectory(path, deadline);
    try {
      return { claim, directory: await PoolDirectory.open(await root, path) };
    } catch (error) {
      claim.release();
      throw error;
    }
  }

  /** Attaches slots; closes those that it could not attach. */
  #attachAll(slots: Slot[]): void {
    slots.forEach((slot, index) => {
      try {
        this.#native.attach(slot);
      } catch (error) {
        this.#closeAll(slots.slice(index));
        throw error;
      }
    });
  }

  #demandUnusedName(): void {
    if (findVfs(this.#plugin, this.#options.name) === 0) return;
    throw this.#plugin.error(
      SQLITE_MISUSE,
      `VFS name is already registered: ${this.#options.name}`,
    );
  }

  /** Unregisters the VFS and closes all slots. Only an idle pool can. */
  #letGoOfSlots(): void {
    this.#native.unregister();
    this.#closeAll(this.#native.detachAll());
  }

  #closeAll(slots: Slot[]): void {
    for (const failure of closeSlots(slots)) this.#log(0, 'A slot could not be closed.', failure);
  }

  /** Brings the pool to where its files can be deleted: ours alone, and closed. */
  async #prepareRemoval(): Promise<Holding> {
    if (this.#holding) {
      const holding = this.#holding;
      this.#demandIdle(SQLITE_BUSY, 'removed');
      this.#letGoOfSlots();
      this.#holding = undefined;
      this.#state = 'removing';
      return holding;
    }
    const deadline = performance.now() + this.#options.acquireTimeout;
    const holding = await this.#claim(deadline);
    try {
      // Whoever can open all slots is the only one who has them.
      this.#closeAll(await holding.directory.openSlots(deadline));
      return holding;
    } catch (error) {
      holding.claim.release();
      throw error;
    }
  }

  /** Gives a new pool its slots, or none of them. */
  async #addFirstSlots(holding: Holding): Promise<void> {
    try {
      await this.#addSlots(holding, this.#options.initialCapacity);
    } catch (error) {
      for (let slot = this.#native.releaseFreeSlot(); slot; slot = this.#native.releaseFreeSlot()) {
        this.#closeAll([slot]);
        await holding.directory.dropNewSlot(slot.name);
      }
      throw error;
    }
  }

  /** Adds slots in parallel. When it fails, those that were made stay. */
  async #addSlots({ directory }: Holding, count: number): Promise<void> {
    if (count <= 0) return;
    this.#plugin.estimate.refresh();
    let left = count;
    let failure: { reason: unknown } | undefined;
    const addSome = async (): Promise<void> => {
      while (left > 0 && !failure) {
        --left;
        try {
          await this.#addSlot(directory);
        } catch (reason) {
          failure ??= { reason };
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(count, CREATED_AT_ONCE) }, addSome));
    this.#plugin.estimate.refresh();
    if (failure) throw failure.reason;
  }

  async #addSlot(directory: PoolDirectory): Promise<void> {
    let slot: Slot;
    try {
      slot = await directory.createSlot();
    } catch (error) {
      throw this.#plugin.storageError('a slot could not be created', error);
    }
    try {
      this.#native.attach(slot);
    } catch (error) {
      this.#closeAll([slot]);
      await directory.dropNewSlot(slot.name);
      throw error;
    }
  }

  /** Closes and deletes a slot that the pool gave away; if that fails, gives it back. */
  async #removeSlot(directory: PoolDirectory, slot: Slot): Promise<void> {
    this.#closeAll([slot]);
    try {
      await directory.removeSlot(slot.name);
    } catch (error) {
      await this.#takeBack(directory, slot.name);
      throw this.#plugin.storageError('a slot could not be removed', error);
    }
  }

  async #takeBack(directory: PoolDirectory, name: string): Promise<void> {
    try {
      this.#attachAll([await directory.reopenSlot(name)]);
    } catch (error) {
      this.#log(0, `The slot ${name} is out of use until the next start.`, error);
    }
  }

  async #growAtStart(holding: Holding): Promise<void> {
    const { autoGrow } = this.#options;
    this.#native.keepFree(autoGrow);
    try {
      await this.#addSlots(holding, autoGrow - this.#native.freeCount);
    } catch (error) {
      this.#log(1, 'The pool could not grow.', error);
    }
  }

  #scheduleGrowth(): void {
    if (this.#isGrowthScheduled) return;
    this.#isGrowthScheduled = true;
    void this.#queue.runInBackground(() => this.#growInBackground());
  }

  /** Unlike other operations it lets the pool be paused between its steps. */
  async #growInBackground(): Promise<void> {
    this.#isGrowthScheduled = false;
    const holding = this.#holding;
    try {
      while (holding && this.#native.freeCount < this.#options.autoGrow) {
        const slot = await holding.directory.createSlot();
        if (this.#holding !== holding) {
          // Not deleted: whoever opens the pool now may already have seen it.
          this.#closeAll([slot]);
          return;
        }
        this.#attachAll([slot]);
      }
    } catch (error) {
      this.#log(1, 'The pool could not grow.', error);
    }
  }

  async #runOpen<Result>(task: (holding: Holding) => Promise<Result>): Promise<Result> {
    this.#demandOpen();
    return this.#queue.run(() => task(this.#demandOpen()));
  }

  #demandOpen(): Holding {
    if (this.#state === 'open' && this.#holding) return this.#holding;
    throw this.#error(SQLITE_MISUSE, NOT_OPEN[this.#state as keyof typeof NOT_OPEN]);
  }

  #demandIdle(resultCode: number, what: string): void {
    if (this.#transfers > 0) {
      throw this.#error(resultCode, `can't be ${what} while an import or export is running`);
    }
    if (this.#native.openCount > 0) {
      throw this.#error(resultCode, `can't be ${what} while it has open files`);
    }
  }

  #error(resultCode: number, text: string): Error {
    return this.#plugin.error(resultCode, `the pool "${this.#options.name}" ${text}`);
  }

  #log(level: number, ...args: unknown[]): void {
    if (this.#options.verbosity > level) this.#plugin.log(level, `${this.#options.name}:`, ...args);
  }
}
