// The public types of the package. They have no counterpart at run time.

/** Options of {@link attach}. */
export interface AttachOptions {
  /**
   * The side module: where to fetch `sahpool.wasm`, its bytes, or the compiled module. The default
   * is the `sahpool.wasm` beside this package's JavaScript.
   */
  wasm?: URL | string | BufferSource | WebAssembly.Module;
}

/** What a pool's databases keep beside them while they change. */
export type JournalMode = 'delete' | 'wal';

/** Options of `sqlite3.installOpfsSAHPoolVfs()`. */
export interface InstallOptions {
  /** The name under which the VFS is registered with SQLite. Default: `'opfs-sahpool'`. */
  name?: string;
  /**
   * The OPFS directory of the pool; may have several parts (`'a/b/c'`), which are created as
   * needed. No two pools can use one directory. Default: `'.'` followed by the name.
   */
  directory?: string;
  /**
   * How many slots a pool gets that has none yet. Each file in use needs one: a database, its
   * journal, temporary files. Without effect on a pool that has slots; see
   * {@link PoolUtil.reserveMinimumCapacity}. Default, also for 0: 6.
   */
  initialCapacity?: number;
  /** Deletes all files of the pool while it starts. Default: `false`. */
  clearOnInit?: boolean;
  /**
   * What goes to the console: 0 nothing, 1 errors, 2 warnings too, 3 everything. Default: 2.
   */
  verbosity?: number;
  /**
   * Tries again when an earlier call with the same name failed; otherwise that call's failure is
   * the result of this one too. Default: `false`.
   */
  forceReinitIfPreviouslyFailed?: boolean;
  /**
   * Accepted for compatibility. A failed start never deletes anything, whatever the value.
   */
  preserveOnInitFailure?: boolean;
  /**
   * Keeps at least this many slots free: whenever fewer are, slots are added in the background.
   * A background task needs the event loop, so one long synchronous run can still exhaust the
   * pool. What reduceCapacity() takes away comes back when the next file takes a slot. Default: 0,
   * which leaves the capacity alone.
   */
  autoGrow?: number;
  /**
   * For how many milliseconds to wait for a pool that another tab or worker has open, or whose
   * files the browser still holds after a reload. Default: 3000.
   */
  acquireTimeout?: number;
  /**
   * `'wal'`: whatever {@link PoolUtil.OpfsSAHPoolDb} opens for writing is put into WAL mode, in
   * which a commit is one write and one flush, and its `-wal` file, emptied by the last close, stays
   * for the next open. `'delete'` leaves databases as they are: new ones have a rollback journal, and
   * one that is in WAL mode stays in it. Default: `'delete'`.
   */
  journalMode?: JournalMode;
}

/** What {@link PoolUtil.importDb} accepts as one piece of a database. */
export type ImportChunk = ArrayBuffer | ArrayBufferView;

/** Feeds an import: returns the next piece, `undefined` at the end. */
export type ImportSource = () => ImportChunk | undefined | Promise<ImportChunk | undefined>;

/**
 * Checks an import that is no plain database, because it is encrypted, say: opens the file `name` of
 * the pool, with its key, and closes it again. Throws what is wrong with it.
 */
export type ImportCheck = (name: string) => void;

/**
 * Takes an export: gets one piece of the file after the other. A piece lies in SQLite's memory and is
 * good until the function returns.
 */
export type ExportSink = (piece: Uint8Array) => void;

/** A slot whose header can't be believed, so that it is left exactly as it is. */
export interface QuarantinedSlot {
  /** The slot's file name in the pool's `.opaque` directory. */
  readonly slot: string;
  /** The database name that its header claims, `''` when that is unreadable. */
  readonly name: string;
  /** Why the header is not believed. */
  readonly reason: string;
  /** The size of what is stored behind the header. */
  readonly bytes: number;
}

/** The slots of a pool that are neither free nor in use because their header is damaged. */
export interface Quarantine {
  /** Lists the quarantined slots. */
  list(): QuarantinedSlot[];
  /**
   * Makes a quarantined slot a file again, under `name`. Throws when the pool has a file of that
   * name.
   */
  recover(slot: string, name: string): void;
  /** Deletes what a quarantined slot holds and makes it a free slot. */
  discard(slot: string): void;
}

/**
 * Manages one pool. `Database` is the type of `sqlite3.oo1.DB`.
 *
 * Methods throw (or reject with) an `sqlite3.SQLite3Error` whose `resultCode` and text say what went
 * wrong, and a TypeError or RangeError for a bad argument. While the pool is paused, and after
 * {@link PoolUtil.removeVfs}, everything but `isPaused()`, `pauseVfs()`, `unpauseVfs()` and
 * `removeVfs()` fails with SQLITE_MISUSE.
 */
export interface PoolUtil<Database = unknown> {
  /** The name under which the VFS is registered with SQLite. */
  readonly vfsName: string;

  /** A subclass of `sqlite3.oo1.DB` whose databases live in this pool. */
  readonly OpfsSAHPoolDb: PoolDatabaseConstructor<Database>;

  /**
   * Adds `count` slots, for good. Resolves to the new capacity. When it fails on the way, the slots
   * added by then stay.
   */
  addCapacity(count: number): Promise<number>;

  /**
   * Removes up to `count` slots, only free ones. Resolves to how many were removed.
   */
  reduceCapacity(count: number): Promise<number>;

  /** Adds slots until the pool has `minimum`. Resolves to the capacity. */
  reserveMinimumCapacity(minimum: number): Promise<number>;

  /** The number of slots. */
  getCapacity(): number;

  /** The number of files in the pool. */
  getFileCount(): number;

  /** The names of the files in the pool. */
  getFileNames(): string[];

  /**
   * Imports a database under `name`, replacing the database that has it, and returns its size. The
   * old database stays untouched until the new one is complete and checked. Throws when there is no
   * free slot, when the bytes are no database, and while the database is open. The imported copy is
   * never in WAL mode.
   *
   * With `check` the bytes may be anything of a database's size, and are stored as they are: under a
   * temporary name, which `check` gets. When it returns, the file gets the name; what it throws ends
   * the import, deletes the file and leaves the old database.
   */
  importDb(name: string, bytes: ImportChunk, check?: ImportCheck): number;

  /**
   * Imports a database piece by piece: calls `source` until it returns `undefined`. Resolves to the
   * size. A failing source ends the import and leaves the old database.
   */
  importDb(name: string, source: ImportSource, check?: ImportCheck): Promise<number>;

  /** What is committed of a file, as of now. */
  exportFile(name: string): Uint8Array<ArrayBuffer>;

  /**
   * The same piece by piece, so that a large file needs no memory of its size. Returns that size.
   * All is done when the call returns, so that the pieces are those of one moment: `sink` can't be
   * asynchronous (a TypeError). Writing to the file in it is SQLITE_BUSY. When it throws, the export
   * ends.
   */
  exportFile(name: string, sink: ExportSink): number;

  /** Deletes a file. Returns whether there was one; throws while it is open. */
  unlink(name: string): boolean;

  /** Deletes all files; the slots stay. Rejects while one is open. */
  wipeFiles(): Promise<void>;

  /**
   * Unregisters the VFS and deletes the pool with all its files. Of the directory's path only the
   * last part is removed, and only when nothing else is in it. Resolves to true, to false when the
   * pool was already removed. Rejects, without effect, while a file is open.
   */
  removeVfs(): Promise<boolean>;

  /**
   * Unregisters the VFS and lets go of the pool, so that another tab or worker can open it. Throws
   * while a file is open, an import or export runs or the capacity changes. Returns this object.
   */
  pauseVfs(): this;

  /**
   * Takes the pool back after {@link PoolUtil.pauseVfs}. Rejects with a {@link PoolBusyError} when
   * another tab or worker has it; the pool then stays paused. Resolves to this object.
   */
  unpauseVfs(): Promise<this>;

  /** Whether the pool is paused. */
  isPaused(): boolean;

  /** The slots whose header is damaged. */
  quarantine(): Quarantine;
}

/** A subclass of `sqlite3.oo1.DB` bound to one pool. */
export type PoolDatabaseConstructor<Database> = new (
  filename?: string | { filename?: string; flags?: string },
  flags?: string,
) => Database;

/** What {@link attach} needs to see of a `sqlite3` namespace; the rest it checks at run time. */
export interface SqliteNamespace {
  capi: object;
  wasm: object;
}

/** The type of the databases that the namespace's `oo1.DB` makes. */
export type DatabaseOf<Namespace> = Namespace extends {
  oo1: { DB: new (...args: never[]) => infer Database };
}
  ? Database
  : unknown;

/** What the namespace's own `installOpfsSAHPoolVfs()` is declared to give. */
export type DeclaredUtilOf<Namespace> = Namespace extends {
  installOpfsSAHPoolVfs(...args: never[]): Promise<infer Util>;
}
  ? Util
  : unknown;

/** A namespace whose `installOpfsSAHPoolVfs()` is sahpool's. */
export type AttachedNamespace<Namespace> = {
  /**
   * Opens a pool and registers its VFS. A second call with the same name gives the same promise.
   * A bad option is a TypeError that names it; an unknown one is ignored.
   */
  installOpfsSAHPoolVfs(
    options?: InstallOptions,
  ): Promise<PoolUtil<DatabaseOf<Namespace>> & DeclaredUtilOf<Namespace>>;
} & Namespace;
