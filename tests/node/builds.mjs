// The builds of SQLite that the package promises to work with, and how they are loaded in Node.

import fs from 'node:fs';
import { fileURLToPath } from 'node:url';

import { replaceProperties } from '../standin/replace-properties.mjs';

const modules = new URL('../../node_modules/', import.meta.url);

/** Where @sqlite.org/sqlite-wasm, and what is made like it, had its files up to 3.50. */
const JSWASM = 'sqlite-wasm/jswasm/sqlite3.wasm';

/**
 * @param directory of the package below node_modules.
 * @param needsWorker for scripts that can do without Node, but not without a worker's globals.
 */
function build(directory, script, wasm, { needsWorker = false } = {}) {
  return {
    script: new URL(`${directory}/${script}`, modules).href,
    wasm: fileURLToPath(new URL(`${directory}/${wasm}`, modules)),
    needsWorker,
  };
}

/** @sqlite.org/sqlite-wasm, newest first. The release called 3.51.2-build9 brings SQLite 3.52. */
export const versions = new Map([
  ['3.54', build('@sqlite.org/sqlite-wasm', 'dist/index.mjs', 'dist/sqlite3.wasm')],
  ['3.53', build('sqlite-wasm-3.53', 'dist/index.mjs', 'dist/sqlite3.wasm')],
  ['3.51', build('sqlite-wasm-3.51', 'dist/index.mjs', 'dist/sqlite3.wasm')],
  ...['3.50', '3.49', '3.48'].map((it) => [it, build(`sqlite-wasm-${it}`, 'index.mjs', JSWASM)]),
  ...['3.47', '3.46', '3.45', '3.44', '3.43', '3.42'].map((it) => [
    it,
    build(`sqlite-wasm-${it}`, 'index.mjs', JSWASM, { needsWorker: true }),
  ]),
]);

/** Other builds with the same JavaScript interface, by the name of their npm package. */
export const otherBuilds = new Map([
  [
    '@libsql/libsql-wasm-experimental',
    build('@libsql/libsql-wasm-experimental', 'index.mjs', JSWASM, { needsWorker: true }),
  ],
  ['@evolu/sqlite-wasm', build('@evolu/sqlite-wasm', 'index.mjs', JSWASM)],
  ['@sqliteai/sqlite-wasm', build('@sqliteai/sqlite-wasm', 'index.mjs', JSWASM)],
  [
    'sqlite-vec-wasm',
    build('sqlite-vec-wasm', 'dist/sqlite3.mjs', 'dist/sqlite3.wasm', { needsWorker: true }),
  ],
]);

/** Makes Node look like a worker of a browser, until the returned function is called. */
function standInAsWorker() {
  return replaceProperties(globalThis, {
    process: undefined,
    self: globalThis,
    navigator: globalThis.navigator ?? {},
    location: new URL('http://localhost/worker.js'),
    importScripts() {},
    WorkerGlobalScope: class {},
  });
}

const compiled = new Map();

/** The compiled module of a file, which takes longer than all that tests do with it. */
function compile(file) {
  if (!compiled.has(file)) compiled.set(file, WebAssembly.compile(fs.readFileSync(file)));
  return compiled.get(file);
}

/** Loads a build: what its sqlite3InitModule() resolves to. */
export async function initialize({ script, wasm, needsWorker }) {
  const module = await compile(wasm);
  const restore = needsWorker ? standInAsWorker() : () => {};
  try {
    const { default: sqlite3InitModule } = await import(script);
    return await sqlite3InitModule({
      print() {},
      printErr() {},
      instantiateWasm(imports, receive) {
        WebAssembly.instantiate(module, imports).then((instance) => receive(instance, module));
        return {};
      },
    });
  } finally {
    restore();
  }
}
