// The conformance suite in WebAssembly, over the stand-in for OPFS.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';

import sqlite3InitModule from '@sqlite.org/sqlite-wasm';

import { conformanceWasm, loadConformance } from '../conformance/host.mjs';
import { StandInOpfs } from '../standin/opfs.mjs';

const opfs = new StandInOpfs();
const directory = await opfs.storage.getDirectory();
const { names, run } = await loadConformance({
  sqlite3: await sqlite3InitModule(),
  module: await WebAssembly.compile(await readFile(conformanceWasm)),
  async createHandle(index) {
    const file = await directory.getFileHandle(`slot-${index}`, { create: true });
    return file.createSyncAccessHandle();
  },
});

describe('conformance in WebAssembly', () => {
  names.forEach((name, index) => {
    test(name, () => assert.equal(run(index), null));
  });
});
