// The host of the pools of an Emscripten program: what C++ calls there, over the same sources as the
// npm package. Bundled, it stands before the program, for the functions of library.js.
//
// One host for each thread of the program that uses pools; handles belong to the thread that opened
// them.

import type { HostImports, Pointer, SideModuleExports } from '../../../npm/src/core/abi.js';
import { PoolBusyError, UnsupportedEnvironmentError } from '../../../npm/src/core/errors.js';
import { exceptionText } from '../../../npm/src/core/exception-text.js';
import {
  SQLITE_BUSY,
  SQLITE_IOERR,
  SQLITE_MISUSE,
  SQLITE_OK,
} from '../../../npm/src/core/result-codes.js';
import { type Runtime, prepareRuntime } from '../../../npm/src/core/runtime.js';
import type { SqliteCore } from '../../../npm/src/core/sqlite-namespace.js';
import { checkEnvironment } from '../../../npm/src/opfs/environment-check.js';
import { resolveOptions } from '../../../npm/src/pool/options.js';
import { Pool } from '../../../npm/src/pool/pool.js';

const SQLITE_NOLFS = 22;

/** What the program exports beside the functions of every host, in browser_library.cc. */
interface ProgramExports {
  sahpool_host_allocate(size: number): Pointer;
  sahpool_host_free(pointer: Pointer): void;
  sahpool_host_find_vfs(name: Pointer): Pointer;
  sahpool_host_complete(
    operation: Pointer,
    resultCode: number,
    pool: Pointer,
    value: number,
    text: Pointer,
  ): void;
  sahpool_host_report(library: Pointer, level: number, text: Pointer): void;
}

/** What library.js gives: the function that the program exports under that name. */
type Find = (name: string) => unknown;

/** Where the messages of a pool go: to that LibraryState of C++, 0 for the console. */
interface LogSink {
  library: Pointer;
}

/** The numbers of sahpool_host_change_capacity(). */
const CHANGES = ['addCapacity', 'reserveMinimumCapacity', 'reduceCapacity'] as const;

class SqliteError extends Error {
  constructor(
    readonly resultCode: number,
    message: string,
  ) {
    super(message);
  }
}

function resultCodeOf(error: unknown): number {
  if (error instanceof SqliteError) return error.resultCode;
  if (error instanceof PoolBusyError) return SQLITE_BUSY;
  if (error instanceof UnsupportedEnvironmentError) return SQLITE_NOLFS;
  return error instanceof TypeError || error instanceof RangeError ? SQLITE_MISUSE : SQLITE_IOERR;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : exceptionText(error);
}

/** The functions that a program exports, which exist only once it runs. */
function exportsOf(find: Find): SideModuleExports & ProgramExports {
  const none = {} as SideModuleExports & ProgramExports;
  return new Proxy(none, { get: (_, name) => find(String(name)) });
}

export class ProgramHost {
  /** What C++ calls of a handle, and of the world. */
  readonly imports: HostImports;
  /** Whether a callback of the program runs, on nothing but the event loop. */
  isCalling = false;
  readonly #program: SideModuleExports & ProgramExports;
  readonly #runtime: Runtime;
  readonly #pools = new Map<Pointer, { pool: Pool; sink: LogSink }>();

  /** `buffer` gives the program's memory, which is another one whenever it has grown. */
  constructor(buffer: () => WebAssembly.Memory['buffer'], find: Find) {
    this.#program = exportsOf(find);
    const sqlite: SqliteCore = {
      api: { SQLite3Error: SqliteError },
      exports: {
        sqlite3_malloc: (size) => this.#program.sahpool_host_allocate(size),
        sqlite3_free: (pointer) => {
          this.#program.sahpool_host_free(pointer);
        },
        sqlite3_vfs_find: (name) => this.#program.sahpool_host_find_vfs(name),
      },
      memory: {
        get buffer() {
          return buffer();
        },
      },
    };
    const { parts, host } = prepareRuntime(sqlite);
    this.#runtime = { ...parts, native: this.#program };
    this.imports = host;
  }

  /** `library` is 0 when messages go to the console, otherwise what sahpool_host_report() gets. */
  open(
    operation: Pointer,
    library: Pointer,
    name: Pointer,
    directory: Pointer,
    initialCapacity: number,
    clear: number,
    autoGrow: number,
    acquireTimeout: number,
  ): void {
    const { memory } = this.#runtime;
    const given = {
      name: memory.cString(name),
      directory: memory.cString(directory),
      initialCapacity,
      clearOnInit: clear !== 0,
      verbosity: library === 0 ? 2 : 3,
      autoGrow,
      acquireTimeout,
    };
    this.#complete(operation, async () => {
      const options = resolveOptions(given);
      checkEnvironment();
      const sink = { library };
      const pool = await Pool.start(this.#runtimeFor(sink), options);
      this.#pools.set(pool.address, { pool, sink });
      return { pool: pool.address, value: 0 };
    });
  }

  changeCapacity(operation: Pointer, pool: Pointer, change: number, count: number): void {
    this.#complete(operation, async () => ({
      pool,
      value: await this.#find(pool)[CHANGES[change] ?? 'addCapacity'](count),
    }));
  }

  unpause(operation: Pointer, pool: Pointer): void {
    this.#complete(operation, async () => {
      await this.#find(pool).unpause();
      return { pool, value: 0 };
    });
  }

  remove(operation: Pointer, pool: Pointer): void {
    this.#complete(operation, async () => {
      await this.#find(pool).remove();
      this.#endLog(pool);
      return { pool: 0, value: 0 };
    });
  }

  /** Lets go of a pool that C++ knows to be idle. */
  pause(pool: Pointer): number {
    try {
      this.#find(pool).pause();
      return SQLITE_OK;
    } catch (error) {
      return resultCodeOf(error);
    }
  }

  /** Forgets a paused pool, which C++ destroys. */
  forget(pool: Pointer): void {
    this.#endLog(pool);
    this.#runtime.pools.delete(pool >>> 0);
  }

  #find(pool: Pointer): Pool {
    const found = this.#pools.get(pool >>> 0)?.pool;
    if (!found) throw new SqliteError(SQLITE_MISUSE, 'the pool was opened by another thread');
    return found;
  }

  /** For the end of a pool: what still grows in the background may have something to say. */
  #endLog(pool: Pointer): void {
    const known = this.#pools.get(pool >>> 0);
    if (known) known.sink.library = 0;
    this.#pools.delete(pool >>> 0);
  }

  /** Tells C++ how an operation has ended. */
  #complete(operation: Pointer, work: () => Promise<{ pool: Pointer; value: number }>): void {
    const tell = (resultCode: number, pool: Pointer, value: number, text: string): void => {
      this.#runtime.memory.withCString(text, (it) => {
        this.isCalling = true;
        try {
          this.#program.sahpool_host_complete(operation, resultCode, pool, value, it);
        } finally {
          this.isCalling = false;
        }
      });
    };
    void work().then(
      ({ pool, value }) => {
        tell(SQLITE_OK, pool, value, '');
      },
      (error: unknown) => {
        tell(resultCodeOf(error), 0, 0, messageOf(error));
      },
    );
  }

  #runtimeFor(sink: LogSink): Runtime {
    const runtime = this.#runtime;
    const log = (level: number, ...args: unknown[]): void => {
      if (sink.library === 0) {
        runtime.log(level, ...args);
        return;
      }
      const text = args.map((it) => (typeof it === 'string' ? it : messageOf(it))).join(' ');
      runtime.memory.withCString(text, (it) => {
        this.#program.sahpool_host_report(sink.library, level, it);
      });
    };
    return { ...runtime, log };
  }
}
