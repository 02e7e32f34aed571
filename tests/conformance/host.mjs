// Runs the conformance suite in WebAssembly, over SyncAccessHandles: in a browser's worker over those
// of its OPFS, in Node over those of tests/standin/opfs.mjs.

import { HandleTable } from '../../build/modules/core/handle-table.js';
import { createHostImports } from '../../build/modules/core/host-imports.js';
import { importedFunctions, loadSideModule } from '../../build/modules/loader/side-module.js';
import { checkNamespace } from '../../build/modules/core/sqlite-namespace.js';
import { StorageEstimate } from '../../build/modules/core/storage-estimate.js';
import { WasmMemory } from '../../build/modules/core/wasm-memory.js';

/** Where the suite is built to. */
export const conformanceWasm = new URL(
  '../../build/conformance/sahpool-conformance.wasm',
  import.meta.url,
);

async function openAll(createHandle, count, handles) {
  const numbers = [];
  for (let index = 0; index < count; ++index) {
    const handle = await createHandle(index);
    numbers.push(handles.add({ name: `slot ${index}`, handle }));
  }
  // C++ is told only the first one.
  if (numbers.some((number, index) => number !== index)) throw new Error('numbers have gaps');
  return numbers;
}

/**
 * Loads the suite into an SQLite of its own.
 * @param {object} options
 * @param {object} options.sqlite3 what sqlite3InitModule() resolves to; not shared with others
 * @param {WebAssembly.Module} options.module the suite, compiled
 * @param {(index: number) => Promise<FileSystemSyncAccessHandle>} options.createHandle opens a file
 *     that nobody else uses; closing it is the caller's
 * @returns {Promise<{names: string[], run: (index: number) => string | null}>} the cases, and what
 *     runs one: null when it passed, otherwise its failure
 */
export async function loadConformance({ sqlite3, module, createHandle }) {
  const sqlite = checkNamespace(sqlite3, importedFunctions(module));
  const memory = new WasmMemory(sqlite);
  const handles = new HandleTable(memory, new StorageEstimate());
  // The suite provokes failures, so what the core logs about them is of no interest.
  const host = createHostImports(memory, handles, new Map(), () => undefined);
  const suite = await loadSideModule(module, sqlite, memory, host);
  const [first] = await openAll(createHandle, suite.conformance_slot_count(), handles);
  const names = Array.from({ length: suite.conformance_case_count() }, (_, index) =>
    memory.cString(suite.conformance_case_name(index)),
  );
  const run = (index) => memory.cString(suite.conformance_run(index, first)) || null;
  return { names, run };
}

/**
 * Runs every case. Options as of loadConformance().
 * @returns {Promise<{name: string, failure: string | null}[]>}
 */
export async function runConformance(options) {
  const { names, run } = await loadConformance(options);
  return names.map((name, index) => ({ name, failure: run(index) }));
}
