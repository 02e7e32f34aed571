// Imports whose bytes go to the handle from where they are: WasmMemory.lend().

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { WasmMemory } from '../../build/modules/core/wasm-memory.js';
import { databaseBytes, setUp, sqliteError } from './harness.mjs';

const MiB = 2 ** 20;
const PAGE_BYTES = 65536;
const MOST_PAGES = 65536;
const HEADER_BYTES = 524;
const SLOT_DATA_OFFSET = 4096;

/** A memory of SQLite's, and what it takes to lend bytes. */
function memoryOf(limits) {
  const memory = new WebAssembly.Memory(limits);
  return { memory, wasm: new WasmMemory({ memory, api: {}, exports: {} }) };
}

function notCalled() {
  assert.fail('something was lent');
}

/** A pool "a" and a database of several blocks. */
async function setUpLarge(t) {
  const context = await setUp(t);
  const util = await context.install({ name: 'a' });
  const bytes = databaseBytes(context.sqlite3, 30_000);
  assert.ok(bytes.length > 3 * MiB && bytes.length % MiB !== 0);
  return { ...context, util, bytes };
}

describe('lent bytes', () => {
  test('are found at their address during the call, and at no time elsewhere', () => {
    const { memory, wasm } = memoryOf({ initial: 1, maximum: 100 });
    new Uint8Array(memory.buffer).fill(1);
    const bytes = new Uint8Array(3000).fill(7);
    let address;
    const result = wasm.lend(bytes, (it) => {
      address = it;
      assert.deepEqual(wasm.lentOrOwn(it | 0, 3000), bytes);
      assert.equal(wasm.lentOrOwn(it, 3000).buffer, bytes.buffer);
      assert.equal(wasm.lentOrOwn(it + 2000, 1000).byteOffset, 2000);
      assert.ok(wasm.lentOrOwn(0, PAGE_BYTES).every((byte) => byte === 1));
      assert.ok(wasm.lentOrOwn(PAGE_BYTES - 1, 1).every((byte) => byte === 1));
      return 5;
    });
    assert.equal(result, 5);
    assert.equal(wasm.lentOrOwn(address, 3000).length, 0);
    assert.throws(() =>
      wasm.lend(bytes, () => {
        throw new Error('from C++');
      }),
    );
    assert.equal(wasm.lentOrOwn(address, 3000).length, 0);
  });

  test('are not taken for those of a memory that grows as far as it can', () => {
    const limit = MOST_PAGES - (2 * MiB) / PAGE_BYTES;
    const { memory, wasm } = memoryOf({ initial: 1, maximum: limit });
    const bytes = new Uint8Array(MiB).fill(7);
    wasm.lend(bytes, (address) => {
      memory.grow(limit - 1);
      const end = memory.buffer.byteLength;
      assert.ok(end <= address);
      new Uint8Array(memory.buffer)[end - 1] = 1;
      assert.deepEqual([...wasm.lentOrOwn(end - 1, 1)], [1]);
      assert.equal(wasm.lentOrOwn(address, MiB).buffer, bytes.buffer);
      return 0;
    });
  });

  test('are refused where their addresses may come to be those of a memory', () => {
    const limit = MOST_PAGES - (2 * MiB) / PAGE_BYTES + 1;
    for (const limits of [
      { initial: 1 },
      { initial: 1, maximum: MOST_PAGES },
      { initial: 1, maximum: limit },
      { initial: 1, maximum: 2, shared: true },
    ]) {
      const { wasm } = memoryOf(limits);
      assert.equal(wasm.lend(new Uint8Array(MiB), notCalled), undefined);
    }
  });

  test('are refused when addresses end before they do, or when a handle would refuse them', () => {
    const { wasm } = memoryOf({ initial: 1, maximum: 2 });
    for (const bytes of [
      new Uint8Array(2 * MiB),
      new Uint8Array(new ArrayBuffer(MiB, { maxByteLength: 2 * MiB })),
      new Uint8Array(new SharedArrayBuffer(MiB)),
    ]) {
      assert.equal(wasm.lend(bytes, notCalled), undefined);
    }
  });
});

describe('an import of several blocks', () => {
  test('hands over whole blocks from where they are, and the rest in blocks', async (t) => {
    const { opfs, util, bytes } = await setUpLarge(t);
    const writes = [];
    opfs.faults.on('write', ({ at, from }) => {
      if (at >= SLOT_DATA_OFFSET + 100) writes.push({ from, isLent: from.buffer === bytes.buffer });
    });
    const parts = [bytes.subarray(0, 2 * MiB + 1000), bytes.subarray(2 * MiB + 1000)];
    await util.importDb('x.db', () => parts.shift());
    assert.deepEqual(
      writes.map(({ from, isLent }) => ({ count: from.length, isLent })),
      [
        { count: MiB, isLent: true },
        { count: MiB, isLent: false },
        { count: bytes.length - 3 * MiB, isLent: false },
      ],
    );
    assert.deepEqual(util.exportFile('x.db'), bytes);
  });

  test('takes bytes that a handle refuses', async (t) => {
    const { util, bytes } = await setUpLarge(t);
    for (const buffer of [
      new ArrayBuffer(bytes.length, { maxByteLength: bytes.length + 1 }),
      new SharedArrayBuffer(bytes.length),
      new SharedArrayBuffer(bytes.length, { maxByteLength: bytes.length + 1 }),
    ]) {
      new Uint8Array(buffer).set(bytes);
      util.importDb('x.db', buffer);
      assert.deepEqual(util.exportFile('x.db'), bytes);
    }
  });

  test('goes on where a write was cut short, in a memory that grows', async (t) => {
    const { sqlite3, opfs, util, bytes } = await setUpLarge(t);
    const { memory } = sqlite3.wasm;
    const shortened = [];
    opfs.faults.on('write', ({ file, at, from }) => {
      if (from.buffer !== bytes.buffer || from.length < 300_000) return undefined;
      memory.grow(1);
      const node = opfs.slots('.a').find(({ name }) => name === file);
      node.write(from.subarray(0, 300_000), at);
      shortened.push(from.byteOffset);
      return 300_000;
    });
    util.importDb('x.db', bytes);
    assert.deepEqual(shortened.slice(0, 4), [0, 300_000, 600_000, MiB]);
    opfs.faults.clear();
    assert.deepEqual(util.exportFile('x.db'), bytes);
  });

  // The header is written while the block is still lent.
  for (const quotaStyle of ['chromium', 'firefox']) {
    test(`that fails in the middle leaves an empty slot, as in ${quotaStyle}`, async (t) => {
      const { sqlite3, opfs, util, bytes } = await setUpLarge(t);
      util.importDb('x.db', databaseBytes(sqlite3, 100));
      opfs.quotaStyle = quotaStyle;
      opfs.quota = opfs.usage + 1.5 * MiB;
      const writes = [];
      opfs.faults.on('write', ({ at, from }) => {
        writes.push({ at, bytes: from.slice(), isLent: from.buffer === bytes.buffer });
      });
      assert.throws(() => util.importDb('x.db', bytes), sqliteError(sqlite3, 'SQLITE_FULL'));
      const places = writes.map(({ at, isLent }) => ({ at, isLent }));
      assert.deepEqual(places, [
        { at: 0, isLent: false },
        { at: SLOT_DATA_OFFSET, isLent: true },
        { at: SLOT_DATA_OFFSET + MiB, isLent: true },
        { at: 0, isLent: false },
      ]);
      assert.ok(writes[3].bytes.length >= HEADER_BYTES && writes[3].bytes.every((it) => it === 0));
      opfs.quota = Infinity;
      util.pauseVfs();
      await util.unpauseVfs();
      assert.deepEqual(util.quarantine().list(), []);
      assert.equal(util.importDb('x.db', bytes), bytes.length);
      assert.equal(await util.reduceCapacity(100), 5);
    });
  }
});
