// attach(): plugs the side module into a sqlite3 namespace.

import { extendErrorTexts } from './error-text.js';
import { IncompatibleSqliteError } from './errors.js';
import { Installer } from './install.js';
import { plugIn } from './plugin.js';
import { importedFunctions } from './side-module.js';
import { checkNamespace } from './sqlite-namespace.js';
import type { AttachedNamespace, AttachOptions, InstallOptions, SqliteNamespace } from './types.js';
import { compileSideModule } from './wasm-source.js';

const attachments = new WeakMap<object, Promise<void>>();

async function attachOnce(sqlite3: object, options: AttachOptions): Promise<void> {
  const module = await compileSideModule(options.wasm);
  const sqlite = checkNamespace(sqlite3, importedFunctions(module));
  const plugin = await plugIn(module, sqlite);
  const installer = new Installer(plugin);
  extendErrorTexts(plugin);
  sqlite.api.installOpfsSAHPoolVfs = (given?: InstallOptions | null) => installer.install(given);
}

/**
 * Plugs sahpool into SQLite: from then on `sqlite3.installOpfsSAHPoolVfs()` is sahpool's.
 *
 * ```js
 * const sqlite3 = await attach(await sqlite3InitModule());
 * ```
 *
 * Opens nothing yet, so it works everywhere; opening a pool takes a dedicated worker.
 * @param sqlite3 what `sqlite3InitModule()` of `@sqlite.org/sqlite-wasm` resolves to.
 * @returns the same namespace. A second call for it changes nothing.
 * @throws IncompatibleSqliteError naming all that the namespace lacks.
 * @throws SideModuleError when `sahpool.wasm` can't be loaded.
 */
export async function attach<Namespace extends SqliteNamespace>(
  sqlite3: Namespace,
  options: AttachOptions = {},
): Promise<AttachedNamespace<Namespace>> {
  const given: unknown = sqlite3;
  if (typeof given !== 'object' || given === null) {
    throw new IncompatibleSqliteError(['it is no sqlite3 namespace']);
  }
  let attachment = attachments.get(sqlite3);
  if (!attachment) {
    attachment = attachOnce(sqlite3, options);
    attachments.set(sqlite3, attachment);
    attachment.catch(() => attachments.delete(sqlite3));
  }
  await attachment;
  return sqlite3 as AttachedNamespace<Namespace>;
}
