// attach(): plugs the side module into a sqlite3 namespace.

import { extendErrorTexts } from '../core/error-text.js';
import { IncompatibleSqliteError } from '../core/errors.js';
import { checkNamespace } from '../core/sqlite-namespace.js';
import type {
  AttachedNamespace,
  AttachOptions,
  InstallOptions,
  SqliteNamespace,
} from '../core/types.js';
import { loadRuntime } from '../loader/load-runtime.js';
import { importedFunctions } from '../loader/side-module.js';
import { compileSideModule } from '../loader/wasm-source.js';
import { Installer } from './install.js';

const attachments = new WeakMap<object, Promise<void>>();

async function attachOnce(
  sqlite3: object,
  compilation: Promise<WebAssembly.Module>,
): Promise<void> {
  const module = await compilation;
  const sqlite = checkNamespace(sqlite3, importedFunctions(module));
  const runtime = await loadRuntime(module, sqlite);
  const installer = new Installer(runtime);
  extendErrorTexts(runtime);
  sqlite.api.installOpfsSAHPoolVfs = (given?: InstallOptions | null) => installer.install(given);
}

/**
 * Plugs sahpool into SQLite: from then on `sqlite3.installOpfsSAHPoolVfs()` is sahpool's.
 *
 * ```js
 * const sqlite3 = await attach(sqlite3InitModule());
 * ```
 *
 * Given a promise, it loads the side module while SQLite is being loaded.
 * Opens nothing yet, so it works everywhere; opening a pool takes a dedicated worker.
 * @param sqlite3 what `sqlite3InitModule()` of `@sqlite.org/sqlite-wasm` returns or resolves to.
 * @returns the namespace. A second call for it changes nothing.
 * @throws IncompatibleSqliteError naming all that the namespace lacks.
 * @throws SideModuleError when `sahpool.wasm` can't be loaded.
 */
export async function attach<Namespace extends SqliteNamespace>(
  sqlite3: Namespace | PromiseLike<Namespace>,
  options: AttachOptions = {},
): Promise<AttachedNamespace<Namespace>> {
  const early = 'then' in Object(sqlite3) ? compileSideModule(options.wasm) : undefined;
  // Whether that failed is asked only once SQLite is there.
  early?.catch(() => undefined);
  const namespace = await sqlite3;
  const given: unknown = namespace;
  if (typeof given !== 'object' || given === null) {
    throw new IncompatibleSqliteError(['it is no sqlite3 namespace']);
  }
  let attachment = attachments.get(namespace);
  if (!attachment) {
    attachment = attachOnce(namespace, early ?? compileSideModule(options.wasm));
    attachments.set(namespace, attachment);
    attachment.catch(() => attachments.delete(namespace));
  }
  await attachment;
  return namespace as AttachedNamespace<Namespace>;
}
