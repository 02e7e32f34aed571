// The releases of the official package that the tests run against, as they lie in node_modules.

const modules = {
  '3.50': '/node_modules/sqlite-wasm-3.50/sqlite-wasm/jswasm/sqlite3.mjs',
  3.51: '/node_modules/sqlite-wasm-3.51/dist/index.mjs',
  3.53: '/node_modules/sqlite-wasm-3.53/dist/index.mjs',
  3.54: '/node_modules/@sqlite.org/sqlite-wasm/dist/index.mjs',
};

/** Loads a new instance of SQLite `version`, without any pool in it. */
export async function loadSqlite(version) {
  const url = modules[version];
  if (!url) throw new Error(`no SQLite ${version} is installed`);
  const { default: sqlite3InitModule } = await import(url);
  return sqlite3InitModule();
}
