// The option autoGrow: slots that are added in the background, whatever else is done meanwhile.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { countRows, databaseBytes, fill, setUp, setUpPool } from './harness.mjs';

function delay(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

describe('autoGrow', () => {
  test('keeps slots free', async (t) => {
    const { install } = await setUp(t);
    const util = await install({ name: 'a', initialCapacity: 2, autoGrow: 3 });
    assert.equal(util.getCapacity(), 3);
    for (let i = 0; i < 12; ++i) {
      fill(new util.OpfsSAHPoolDb(`${i}.db`), 10);
      await delay(5);
    }
    assert.equal(util.getFileCount(), 12);
    assert.ok(util.getCapacity() - util.getFileCount() >= 3);
  });

  test('survives failures and goes on later', async (t) => {
    const { logs, opfs, install } = await setUp(t);
    const util = await install({ name: 'a', initialCapacity: 2, autoGrow: 2 });
    const stop = opfs.faults.on('createSyncAccessHandle', () => {
      throw new DOMException('no space', 'QuotaExceededError');
    });
    const first = new util.OpfsSAHPoolDb('1.db');
    fill(first, 10);
    await delay(5);
    assert.ok(logs.some((it) => it.level === 'warn' && /could not grow/.test(it.text)));
    assert.equal(util.getCapacity(), 2);
    stop();
    first.exec('delete from t');
    await delay(5);
    assert.ok(util.getCapacity() - util.getFileCount() >= 2);
  });

  test("doesn't stand in the way of a pause", async (t) => {
    const { opfs, install } = await setUp(t);
    const util = await install({ name: 'a', initialCapacity: 3, autoGrow: 3 });
    opfs.faults.on('createSyncAccessHandle', () => delay(5));
    const db = new util.OpfsSAHPoolDb('x.db');
    fill(db, 10);
    db.close();
    await null;
    util.pauseVfs();
    await delay(5);
    await delay(5);
    assert.equal(opfs.openHandles, 0);
    await util.unpauseVfs();
    assert.ok(util.getCapacity() - util.getFileCount() >= 3);
    assert.equal(countRows(new util.OpfsSAHPoolDb('x.db')), 10);
  });
});

describe('while the pool grows in the background', () => {
  /** A pool whose background growth has just begun to make a slot. */
  async function setUpGrowth(t) {
    const context = await setUpPool(t, { initialCapacity: 2, autoGrow: 2 });
    let grown = 0;
    context.opfs.faults.on('createSyncAccessHandle', async () => {
      ++grown;
      await delay(5);
    });
    context.util.importDb('/y.db', databaseBytes(context.sqlite3, 10));
    await delay(1);
    assert.equal(grown, 1);
    return context;
  }

  test('removeVfs() waits for it and removes all', async (t) => {
    const { opfs, locks, util } = await setUpGrowth(t);
    assert.equal(await util.removeVfs(), true);
    await delay(20);
    assert.equal(opfs.openHandles, 0);
    assert.equal(opfs.root.entries.size, 0);
    assert.equal(locks.isHeld('sahpool:.a'), false);
  });

  test('growth that a removal overtakes makes no slots', async (t) => {
    const { sqlite3, opfs, util } = await setUpPool(t, { initialCapacity: 2, autoGrow: 2 });
    const removing = util.removeVfs();
    util.importDb('/y.db', databaseBytes(sqlite3, 10));
    assert.equal(await removing, true);
    await delay(20);
    assert.equal(opfs.openHandles, 0);
    assert.equal(opfs.root.entries.size, 0);
  });

  test('reduceCapacity() waits for it, and has its way until a file takes a slot', async (t) => {
    const { sqlite3, util } = await setUpGrowth(t);
    assert.ok((await util.reduceCapacity(10)) >= 2);
    await delay(20);
    assert.equal(util.getCapacity(), util.getFileCount());
    await util.addCapacity(1);
    util.importDb('/z.db', databaseBytes(sqlite3, 10));
    await util.addCapacity(0);
    assert.equal(util.getCapacity() - util.getFileCount(), 2);
  });

  test('another pool gets the directory after a pause, with the slot that was being made', async (t) => {
    const { opfs, install, util } = await setUpGrowth(t);
    util.pauseVfs();
    const other = await install({ name: 'b', directory: '.a', acquireTimeout: 1000 });
    assert.deepEqual(other.getFileNames().sort(), ['/x.db', '/y.db']);
    assert.equal(opfs.openHandles, other.getCapacity());
    assert.equal(opfs.slots('.a').length, other.getCapacity());
  });

  test('a pool that is taken back at once goes on', async (t) => {
    const { opfs, util } = await setUpGrowth(t);
    util.pauseVfs();
    await util.unpauseVfs();
    await util.addCapacity(0);
    assert.deepEqual(util.getFileNames().sort(), ['/x.db', '/y.db']);
    assert.ok(util.getCapacity() >= 4);
    assert.equal(opfs.openHandles, util.getCapacity());
    assert.equal(opfs.slots('.a').length, util.getCapacity());
  });
});
