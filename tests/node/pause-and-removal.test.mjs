// A pool that is given away for a while, or for good.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { PoolBusyError } from '../../npm/dist/index.js';
import {
  countRows,
  databaseBytes,
  fill,
  setUp,
  setUpWithDatabase,
  sqliteError,
  tick,
} from './harness.mjs';

describe('pauseVfs() and unpauseVfs()', () => {
  test('give the pool away and take it back', async (t) => {
    const { sqlite3, opfs, locks, util, db } = await setUpWithDatabase(t);
    assert.throws(() => util.pauseVfs(), sqliteError(sqlite3, 'SQLITE_MISUSE', /open files/));
    assert.equal(util.isPaused(), false);
    db.close();
    assert.equal(util.pauseVfs(), util);
    assert.equal(util.pauseVfs(), util);
    assert.equal(util.isPaused(), true);
    assert.equal(opfs.openHandles, 0);
    await tick();
    assert.equal(locks.isHeld('sahpool:.a'), false);
    assert.equal(sqlite3.capi.sqlite3_vfs_find('a'), 0);
    assert.throws(() => new util.OpfsSAHPoolDb('x.db'), /no such vfs: a/);
    assert.equal(await util.unpauseVfs(), util);
    assert.equal(await util.unpauseVfs(), util);
    assert.equal(countRows(new util.OpfsSAHPoolDb('x.db')), 100);
  });

  test('a paused pool says so', async (t) => {
    const { sqlite3, install } = await setUp(t);
    const util = await install({ name: 'a' });
    util.pauseVfs();
    const isPaused = sqliteError(sqlite3, 'SQLITE_MISUSE', /paused/);
    const bytes = databaseBytes(sqlite3, 1);
    for (const call of [
      () => util.getCapacity(),
      () => util.getFileCount(),
      () => util.getFileNames(),
      () => util.exportFile('x'),
      () => util.importDb('x', bytes),
      () => util.unlink('x'),
      () => util.quarantine().list(),
      () => util.quarantine().recover('x', 'y'),
      () => util.quarantine().discard('x'),
    ]) {
      assert.throws(call, isPaused);
    }
    for (const call of [
      () => util.addCapacity(1),
      () => util.reduceCapacity(1),
      () => util.reserveMinimumCapacity(9),
      () => util.importDb('x', () => undefined),
      () => util.wipeFiles(),
    ]) {
      await assert.rejects(call, isPaused);
    }
  });

  test('no pause while the capacity changes', async (t) => {
    const { sqlite3, install } = await setUp(t);
    const util = await install({ name: 'a' });
    const adding = util.addCapacity(5);
    assert.throws(() => util.pauseVfs(), sqliteError(sqlite3, 'SQLITE_MISUSE', /under way/));
    assert.equal(await adding, 11);
    util.pauseVfs();
    const resuming = util.unpauseVfs();
    assert.throws(() => util.pauseVfs(), sqliteError(sqlite3, 'SQLITE_MISUSE', /under way/));
    await resuming;
    assert.equal(util.isPaused(), false);
  });

  test('a pool that another tab has taken stays paused', async (t) => {
    const { opfs, locks, install } = await setUp(t);
    const util = await install({ name: 'a', acquireTimeout: 50 });
    util.pauseVfs();
    await tick();
    let release;
    void locks.request('sahpool:.a', {}, () => new Promise((resolve) => (release = resolve)));
    await tick();
    await assert.rejects(util.unpauseVfs(), PoolBusyError);
    assert.equal(util.isPaused(), true);
    assert.equal(opfs.openHandles, 0);
    release();
    await tick();
    opfs.faults.failNth('createSyncAccessHandle', 4, new DOMException('broken', 'UnknownError'));
    await assert.rejects(util.unpauseVfs(), /broken/);
    assert.equal(opfs.openHandles, 0);
    opfs.faults.clear();
    await util.unpauseVfs();
    assert.equal(util.getCapacity(), 6);
  });

  test('a directory that a second pool took is busy', async (t) => {
    const { install } = await setUp(t);
    const first = await install({ name: 'a', directory: 'dir' });
    first.pauseVfs();
    const second = await install({ name: 'b', directory: 'dir' });
    await assert.rejects(first.unpauseVfs(), PoolBusyError);
    second.pauseVfs();
    await first.unpauseVfs();
  });
});

describe('removeVfs()', () => {
  test('deletes the pool; the name can be installed again', async (t) => {
    const { sqlite3, opfs, locks, util, db, install } = await setUpWithDatabase(t, {
      directory: 'top/bottom',
    });
    await assert.rejects(util.removeVfs(), sqliteError(sqlite3, 'SQLITE_BUSY', /open files/));
    assert.equal(countRows(db), 100);
    db.close();
    opfs.put('top/other', new Uint8Array(1));
    assert.equal(await util.removeVfs(), true);
    assert.equal(await util.removeVfs(), false);
    assert.equal(opfs.find('top/bottom'), undefined);
    assert.ok(opfs.find('top/other'));
    assert.equal(locks.isHeld('sahpool:top/bottom'), false);
    assert.equal(sqlite3.capi.sqlite3_vfs_find('a'), 0);
    assert.throws(() => util.getCapacity(), sqliteError(sqlite3, 'SQLITE_MISUSE', /was removed/));
    assert.throws(() => util.pauseVfs(), sqliteError(sqlite3, 'SQLITE_MISUSE', /was removed/));
    await assert.rejects(util.unpauseVfs(), sqliteError(sqlite3, 'SQLITE_MISUSE', /was removed/));
    const next = await install({ name: 'a', initialCapacity: 2 });
    assert.notEqual(next, util);
    assert.deepEqual(next.getFileNames(), []);
    assert.equal(next.getCapacity(), 2);
  });

  test('works on a paused pool, unless another tab has it', async (t) => {
    const { opfs, locks, install } = await setUp(t);
    const util = await install({ name: 'a', acquireTimeout: 30 });
    util.pauseVfs();
    await tick();
    let release;
    void locks.request('sahpool:.a', {}, () => new Promise((resolve) => (release = resolve)));
    await tick();
    await assert.rejects(util.removeVfs(), PoolBusyError);
    assert.equal(opfs.slots('.a').length, 6);
    release();
    await tick();
    const [slot] = opfs.slots('.a');
    slot.handle = { drop() {} };
    await assert.rejects(util.removeVfs(), PoolBusyError);
    assert.equal(opfs.slots('.a').length, 6);
    slot.handle = null;
    assert.equal(await util.removeVfs(), true);
    assert.equal(opfs.root.entries.size, 0);
  });

  test('spares what else is in the directory', async (t) => {
    const { opfs, install } = await setUp(t);
    const outer = await install({ name: 'outer', directory: 'a' });
    const inner = await install({ name: 'inner', directory: 'a/b' });
    fill(new inner.OpfsSAHPoolDb('x.db'), 10);
    assert.equal(await outer.removeVfs(), true);
    assert.equal(opfs.find('a/.opaque'), undefined);
    assert.equal(rowsIn(inner), 10);
    function rowsIn(util) {
      return countRows(new util.OpfsSAHPoolDb('x.db'));
    }
  });

  test('that fails leaves the pool paused', async (t) => {
    const { sqlite3, opfs, util, db } = await setUpWithDatabase(t);
    db.close();
    opfs.faults.failNth('removeEntry', 1, new DOMException('disk', 'UnknownError'));
    await assert.rejects(util.removeVfs(), sqliteError(sqlite3, 'SQLITE_IOERR', /disk/));
    assert.equal(util.isPaused(), true);
    await util.unpauseVfs();
    const again = new util.OpfsSAHPoolDb('x.db');
    assert.equal(countRows(again), 100);
    again.close();
    assert.equal(await util.removeVfs(), true);
  });

  test('leaves its sqlite3_vfs to a VFS that stands on it', async (t) => {
    const { sqlite3, util, db } = await setUpWithDatabase(t);
    const { capi, wasm } = sqlite3;
    db.close();
    const vfs = new capi.sqlite3_vfs(capi.sqlite3_vfs_find('a'));
    const { $xAccess, $xDelete, $xGetLastError, $xRandomness } = vfs;
    await util.removeVfs();
    // Memory that was freed is soon another's.
    for (let size = 16; size <= 4096; size += 16) {
      const block = wasm.alloc(size);
      wasm.heap8u().fill(0xff, block, block + size);
    }
    const call = (method, ...args) => wasm.functionEntry(method)(vfs.pointer, ...args);
    const out = wasm.alloc(64);
    const name = wasm.allocCString('/x.db');
    assert.equal(call($xAccess, name, capi.SQLITE_ACCESS_EXISTS, out), capi.SQLITE_IOERR_ACCESS);
    assert.equal(call($xDelete, name, 0), capi.SQLITE_IOERR_DELETE);
    assert.equal(call($xRandomness, 8, out), 0);
    call($xGetLastError, 64, out);
  });

  test('that is running makes a new installation wait', async (t) => {
    const { opfs, util, db, install } = await setUpWithDatabase(t);
    db.close();
    opfs.faults.on('removeEntry', tick);
    const removing = util.removeVfs();
    const installing = install({ name: 'a', initialCapacity: 3 });
    assert.equal(await removing, true);
    const next = await installing;
    assert.deepEqual(next.getFileNames(), []);
    assert.equal(next.getCapacity(), 3);
    assert.equal(opfs.slots('.a').length, 3);
  });
});
