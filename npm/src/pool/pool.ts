// A pool with its life: started, paused, taken back, removed. Asynchronous operations run one after
// the other; between their steps every other call gets a defined result.

import type { Pointer } from '../core/abi.js';
import { checkBytes, checkCount, checkFunction, checkName } from '../core/arguments.js';
import { NativePool } from '../core/native-pool.js';
import { SQLITE_BUSY, SQLITE_MISUSE } from '../core/result-codes.js';
import { findVfs, type Runtime } from '../core/runtime.js';
import { SerialQueue } from '../core/serial-queue.js';
import type {
  ExportSink,
  ImportCheck,
  ImportChunk,
  ImportSource,
  QuarantinedSlot,
} from '../core/types.js';
import { openRoot } from '../opfs/environment-check.js';
import { PoolDirectory } from '../opfs/pool-directory.js';
import { claimDirectory, type DirectoryClaim } from '../opfs/pool-lock.js';
import * as transfer from '../transfer/transfer.js';
import type { ResolvedOptions } from './options.js';
import { PoolSlots } from './pool-slots.js';

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
  readonly slots: PoolSlots;
}

export class Pool {
  /** Its messages begin with the pool's name. */
  readonly #runtime: Runtime;
  readonly #options: ResolvedOptions;
  readonly #native: NativePool;
  readonly #queue = new SerialQueue();
  /** Set while the state is 'open'. */
  #holding: Holding | undefined;
  #state: 'open' | keyof typeof NOT_OPEN = 'starting';
  /** Imports and exports. */
  #transfers = 0;
  #isGrowthScheduled = false;

  private constructor(runtime: Runtime, options: ResolvedOptions) {
    const log: Runtime['log'] = (level, ...args) => {
      if (options.verbosity > level) runtime.log(level, `${options.name}:`, ...args);
    };
    this.#runtime = { ...runtime, log };
    this.#options = options;
    this.#native = new NativePool(runtime, options.name, {
      onLog: log,
      onFewFreeSlots: () => {
        this.#scheduleGrowth();
      },
    });
  }

  /** Opens a pool. A failed start leaves nothing open and deletes nothing. */
  static async start(runtime: Runtime, options: ResolvedOptions): Promise<Pool> {
    const pool = new Pool(runtime, options);
    try {
      await pool.#queue.run(() => pool.#open(options.clearOnInit));
    } catch (error) {
      pool.#native.destroy();
      throw error;
    }
    pool.#runtime.log(2, 'VFS initialized.');
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
      return transfer.exportFile(this.#runtime, this.#native, checked, sink);
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
        this.#runtime,
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
      return await transfer.importChunks(this.#runtime, this.#native, checked, source, check);
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
    return this.#runOpen(async ({ slots }) => {
      await slots.add(count);
      return this.#native.capacity;
    });
  }

  async reserveMinimumCapacity(minimum: number): Promise<number> {
    checkCount('minimum', minimum);
    return this.#runOpen(async ({ slots }) => {
      await slots.add(minimum - this.#native.capacity);
      return this.#native.capacity;
    });
  }

  async reduceCapacity(count: number): Promise<number> {
    checkCount('count', count);
    return this.#runOpen(({ slots }) => slots.remove(count));
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
    this.#letGo(this.#demandOpen(), SQLITE_MISUSE, 'paused').claim.release();
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
        if (!isGone) this.#runtime.log(1, 'The directory was kept: it holds more than the pool.');
      } catch (error) {
        this.#state = 'paused';
        throw this.#runtime.storageError('the pool could not be removed', error);
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
    const { claim, directory, slots } = holding;
    try {
      slots.attach(await directory.openSlots(deadline));
      if (clear) this.#native.wipe();
      this.#native.start();
      await slots.addAtStart(this.#options);
      this.#native.register();
    } catch (error) {
      try {
        slots.close(this.#native.detachAll());
      } finally {
        claim.release();
      }
      throw error;
    }
    this.#runtime.estimate.refresh();
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
      const directory = await PoolDirectory.open(await root, path);
      return { claim, directory, slots: new PoolSlots(this.#runtime, this.#native, directory) };
    } catch (error) {
      claim.release();
      throw error;
    }
  }

  #demandUnusedName(): void {
    if (findVfs(this.#runtime, this.#options.name) === 0) return;
    throw this.#runtime.error(
      SQLITE_MISUSE,
      `VFS name is already registered: ${this.#options.name}`,
    );
  }

  /** Unregisters the VFS and closes all slots. Only an idle pool can. */
  #letGo(holding: Holding, resultCode: number, what: string): Holding {
    this.#demandIdle(resultCode, what);
    this.#native.unregister();
    holding.slots.close(this.#native.detachAll());
    this.#holding = undefined;
    return holding;
  }

  /** Brings the pool to where its files can be deleted: ours alone, and closed. */
  async #prepareRemoval(): Promise<Holding> {
    if (this.#holding) {
      const holding = this.#letGo(this.#holding, SQLITE_BUSY, 'removed');
      this.#state = 'removing';
      return holding;
    }
    const deadline = performance.now() + this.#options.acquireTimeout;
    const holding = await this.#claim(deadline);
    const { directory, slots } = holding;
    try {
      // Whoever can open all slots is the only one who has them.
      slots.close(await directory.openSlots(deadline));
      return holding;
    } catch (error) {
      holding.claim.release();
      throw error;
    }
  }

  #scheduleGrowth(): void {
    if (this.#isGrowthScheduled) return;
    this.#isGrowthScheduled = true;
    void this.#queue.runInBackground(() => this.#grow());
  }

  /** Unlike other operations it lets the pool be paused between its steps. */
  async #grow(): Promise<void> {
    this.#isGrowthScheduled = false;
    const holding = this.#holding;
    const isCurrent = (): boolean => this.#holding === holding;
    await holding?.slots.growInBackground(this.#options.autoGrow, isCurrent);
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
    return this.#runtime.error(resultCode, `the pool "${this.#options.name}" ${text}`);
  }
}
