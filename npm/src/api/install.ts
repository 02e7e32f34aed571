// sqlite3.installOpfsSAHPoolVfs(): one pool for each name.

import { asError } from '../core/exception-text.js';
import type { Runtime } from '../core/runtime.js';
import type { SqliteInstance } from '../core/sqlite-namespace.js';
import type { InstallOptions, PoolUtil } from '../core/types.js';
import { checkEnvironment } from '../opfs/environment-check.js';
import { type ResolvedOptions, resolveOptions } from '../pool/options.js';
import { Pool } from '../pool/pool.js';
import { createUtil } from './util.js';

/** What became of the calls with one name. */
interface Installation {
  readonly promise: Promise<PoolUtil>;
  hasFailed: boolean;
  /** Set while removeVfs() runs. */
  removal?: Promise<boolean>;
}

export class Installer {
  readonly #runtime: Runtime<SqliteInstance>;
  readonly #installations = new Map<string, Installation>();

  constructor(runtime: Runtime<SqliteInstance>) {
    this.#runtime = runtime;
  }

  install(given?: InstallOptions | null): Promise<PoolUtil> {
    let options: ResolvedOptions;
    try {
      options = resolveOptions(given);
    } catch (error) {
      return Promise.reject(asError(error));
    }
    const earlier = this.#installations.get(options.name);
    if (!earlier) return this.#begin(options, Promise.resolve());
    if (earlier.removal) return this.#begin(options, earlier.removal);
    if (!options.forceReinitIfPreviouslyFailed) return earlier.promise;
    if (earlier.hasFailed) return this.#begin(options, Promise.resolve());
    return earlier.promise.catch(() => this.install(given));
  }

  /** Starts a pool once `before` is settled. */
  #begin(options: ResolvedOptions, before: Promise<unknown>): Promise<PoolUtil> {
    const promise = before.catch(() => undefined).then(() => this.#start(options, installation));
    const installation: Installation = { promise, hasFailed: false };
    this.#installations.set(options.name, installation);
    promise.catch(() => {
      installation.hasFailed = true;
    });
    return promise;
  }

  async #start(options: ResolvedOptions, installation: Installation): Promise<PoolUtil> {
    checkEnvironment();
    const pool = await Pool.start(this.#runtime, options);
    return createUtil(pool, options, this.#runtime.sqlite.api.oo1?.DB, (removal) => {
      this.#onRemoving(options.name, installation, removal);
    });
  }

  /** A pool that was removed can be installed again; one that could not be removed is still there. */
  #onRemoving(name: string, installation: Installation, removal: Promise<boolean>): void {
    installation.removal = removal;
    removal.then(
      () => {
        if (this.#installations.get(name) === installation) this.#installations.delete(name);
      },
      () => {
        delete installation.removal;
      },
    );
  }
}
