// The error classes of this package. What SQLite or the pool itself reports is an SQLite3Error of
// the sqlite3 namespace instead.

/** Base class of the errors that are sahpool's own. */
export class SahpoolError extends Error {
  override readonly name: string = 'SahpoolError';
}

/** The sqlite3 namespace lacks something that the side module needs. */
export class IncompatibleSqliteError extends SahpoolError {
  override readonly name = 'IncompatibleSqliteError';
  /** What is missing, one text for each thing. */
  readonly missing: readonly string[];

  constructor(missing: readonly string[], options?: ErrorOptions) {
    super(`sahpool can't plug into this sqlite3 namespace: ${missing.join('; ')}`, options);
    this.missing = missing;
  }
}

/** `sahpool.wasm` could not be loaded, or is not the one that belongs to this package. */
export class SideModuleError extends SahpoolError {
  override readonly name = 'SideModuleError';
}

/** The browser, or the place where the code runs in it, lacks an API that a pool needs. */
export class UnsupportedEnvironmentError extends SahpoolError {
  override readonly name = 'UnsupportedEnvironmentError';
}

/** Another tab or worker has the pool open. */
export class PoolBusyError extends SahpoolError {
  override readonly name = 'PoolBusyError';
  /** The OPFS directory of the pool. */
  readonly directory: string;

  constructor(directory: string, holder: string, options?: ErrorOptions) {
    super(
      `The pool in the directory "${directory}" is open in ${holder}. ` +
        'Close it there, or call pauseVfs() on it there, and try again.',
      options,
    );
    this.directory = directory;
  }
}
