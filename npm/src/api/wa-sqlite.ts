// sahpool/wa-sqlite, an entry of its own: plugs sahpool into builds of wa-sqlite, which show neither
// their memory nor their function table. They are caught while the build instantiates its module.

import { attach, type AttachOptions, type InstallOptions, type PoolUtil } from './index.js';

/** Options of {@link loadWaSqlite}. */
export interface WaSqliteOptions extends AttachOptions {
  /** The `.wasm` file of the build: where to fetch it, or its bytes. */
  sqlite: URL | string | BufferSource;
  /** Further options for the factory. */
  module?: object;
}

/** What {@link loadWaSqlite} gives. */
export interface WaSqlite<Module> {
  /** What the factory makes, for `Factory()` of wa-sqlite. */
  readonly module: Module;
  /** As in `@sqlite.org/sqlite-wasm`, but for what needs its `oo1`. */
  installOpfsSAHPoolVfs(
    options?: Omit<InstallOptions, 'journalMode'>,
  ): Promise<Omit<PoolUtil, 'OpfsSAHPoolDb'>>;
}

/** Errors of pools: `code` as in errors of wa-sqlite, `resultCode` as in the official ones. */
class SQLite3Error extends Error {
  override readonly name = 'SQLite3Error';
  readonly code: number;
  readonly resultCode: number;

  constructor(resultCode: number, message: string) {
    super(message);
    this.code = resultCode;
    this.resultCode = resultCode;
  }
}

const TABLE_SECTION = 4;

/** The module without a maximum for its table; as it is when it has none. */
function withGrowableTable(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  let position = 8;
  const byte = (): number => bytes[position++] ?? 0;
  /** The next unsigned LEB128 number. */
  const next = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const part = byte();
      value += (part & 0x7f) * factor;
      if (part < 0x80) return value;
    }
  };
  while (position < bytes.length) {
    const start = position;
    const section = byte();
    const end = next() + position;
    if (section === TABLE_SECTION) {
      const [count, type, hasMaximum] = [next(), byte(), byte()];
      if (count !== 1 || hasMaximum !== 1) break;
      const minimum = position;
      next();
      const table = [1, type, 0, ...bytes.subarray(minimum, position)];
      const grown = new Uint8Array(start + 2 + table.length + bytes.length - end);
      grown.set(bytes.subarray(0, start));
      grown.set([TABLE_SECTION, table.length, ...table], start);
      grown.set(bytes.subarray(end), start + 2 + table.length);
      return grown;
    }
    position = end;
  }
  return bytes;
}

async function bytesOf(sqlite: WaSqliteOptions['sqlite']): Promise<Uint8Array<ArrayBuffer>> {
  if (sqlite instanceof ArrayBuffer) return new Uint8Array(sqlite);
  if (ArrayBuffer.isView(sqlite)) {
    return new Uint8Array(sqlite.buffer, sqlite.byteOffset, sqlite.byteLength);
  }
  const response = await fetch(sqlite);
  if (!response.ok)
    throw new Error(`${response.url} can't be fetched: HTTP status ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

type Instance = WebAssembly.WebAssemblyInstantiatedSource & { imports: WebAssembly.Imports };

/** Runs the factory with a module of ours; gives what both made. */
function instantiate<Module>(
  factory: (options: object) => Promise<Module>,
  options: object | undefined,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<Instance & { api: Module }> {
  return new Promise((resolve, reject) => {
    let made: Instance | undefined;
    factory({
      ...options,
      instantiateWasm(
        imports: WebAssembly.Imports,
        receive: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void,
      ) {
        WebAssembly.instantiate(bytes, imports).then((source) => {
          made = { ...source, imports };
          receive(source.instance, source.module);
        }, reject);
        return {};
      },
    }).then((api) => {
      if (made) resolve({ ...made, api });
      else reject(new Error('the factory does not call instantiateWasm()'));
    }, reject);
  });
}

/**
 * Loads a build of wa-sqlite with sahpool plugged in.
 *
 * ```js
 * import factory from '@journeyapps/wa-sqlite/dist/wa-sqlite.mjs';
 * const { module, installOpfsSAHPoolVfs } = await loadWaSqlite(factory, { sqlite: wasmUrl });
 * await installOpfsSAHPoolVfs({ name: 'pool' });
 * const sqlite3 = Factory(module);
 * const db = await sqlite3.open_v2('my.db', undefined, 'pool');
 * ```
 * @throws IncompatibleSqliteError naming all that the build lacks.
 */
export async function loadWaSqlite<Module extends object>(
  factory: (options: object) => Promise<Module>,
  { sqlite, module: moduleOptions, ...attachOptions }: WaSqliteOptions,
): Promise<WaSqlite<Module>> {
  const bytes = withGrowableTable(await bytesOf(sqlite));
  const { api, instance, imports } = await instantiate(factory, moduleOptions, bytes);
  const values: unknown[] = [];
  for (const it of [instance.exports, ...Object.values(imports)]) values.push(...Object.values(it));
  const functions = Object.entries(api)
    .filter(([name]) => name.startsWith('_sqlite3_'))
    .map(([name, value]): [string, unknown] => [name.slice(1), value]);
  const malloc = (api as Record<string, unknown>)['_sqlite3_malloc'] as
    ((size: number) => number) | undefined;
  const namespace = await attach(
    {
      capi: { sqlite3_errmsg: () => '', sqlite3_js_db_vfs: () => 0 },
      wasm: {
        exports: {
          ...Object.fromEntries(functions),
          ...instance.exports,
          // Theirs takes 64 bits in two halves.
          ...(malloc && { sqlite3_malloc64: (size: bigint) => malloc(Number(size)) }),
        },
        memory: values.find((it) => it instanceof WebAssembly.Memory),
        functionTable: () => values.find((it) => it instanceof WebAssembly.Table),
      },
      SQLite3Error,
    },
    attachOptions,
  );
  return {
    module: api,
    installOpfsSAHPoolVfs: (options) => namespace.installOpfsSAHPoolVfs(options),
  };
}
