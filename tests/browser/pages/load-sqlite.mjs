// The builds of SQLite that the tests run against, as they lie in node_modules: the releases of the
// official package, and those of others.

const modules = {
  '3.50': '/node_modules/sqlite-wasm-3.50/sqlite-wasm/jswasm/sqlite3.mjs',
  3.51: '/node_modules/sqlite-wasm-3.51/dist/index.mjs',
  3.53: '/node_modules/sqlite-wasm-3.53/dist/index.mjs',
  3.54: '/node_modules/@sqlite.org/sqlite-wasm/dist/index.mjs',
  ...Object.fromEntries(
    ['@libsql/libsql-wasm-experimental', '@evolu/sqlite-wasm', '@sqliteai/sqlite-wasm'].map(
      (it) => [it, `/node_modules/${it}/sqlite-wasm/jswasm/sqlite3.mjs`],
    ),
  ),
  'sqlite-vec-wasm': '/node_modules/sqlite-vec-wasm/dist/sqlite3.mjs',
};

/** Loads a new instance of SQLite `version`, without any pool in it. */
export async function loadSqlite(version) {
  const url = modules[version];
  if (!url) throw new Error(`no SQLite ${version} is installed`);
  const { default: sqlite3InitModule } = await import(url);
  return sqlite3InitModule();
}
