// The util object: its arguments, and capacity.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { countRows, databaseBytes, setUp, setUpWithDatabase, sqliteError } from './harness.mjs';

describe('arguments', () => {
  test('that are bad are named', async (t) => {
    const { util, sqlite3 } = await setUpWithDatabase(t);
    const bytes = databaseBytes(sqlite3, 1);
    for (const method of ['addCapacity', 'reduceCapacity', 'reserveMinimumCapacity']) {
      await assert.rejects(util[method]('3'), TypeError);
      await assert.rejects(util[method](undefined), TypeError);
      for (const bad of [-1, 1.5, NaN, Infinity]) {
        await assert.rejects(util[method](bad), /argument "(count|minimum)" must be/);
      }
    }
    for (const method of ['exportFile', 'unlink']) {
      assert.throws(() => util[method](7), /argument "name" must be a string/);
      assert.throws(() => util[method](''), /argument "name" must not be empty/);
      assert.throws(() => util[method]('a\0b'), /argument "name" must not contain a NUL/);
    }
    assert.throws(() => util.importDb('y.db', 'bytes'), /argument "bytes" must be an ArrayBuffer/);
    assert.throws(() => util.importDb(undefined, bytes), /argument "name" must be a string/);
    await assert.rejects(
      util.importDb(undefined, () => undefined),
      /argument "name" must be a string/,
    );
    assert.deepEqual(util.getFileNames(), ['/x.db']);
  });
});

describe('capacity', () => {
  test('is added, reserved and reduced', async (t) => {
    const { opfs, install } = await setUp(t);
    const util = await install({ name: 'a', initialCapacity: 2 });
    assert.equal(await util.addCapacity(40), 42);
    assert.equal(await util.addCapacity(0), 42);
    assert.equal(opfs.slots('.a').length, 42);
    assert.equal(await util.reserveMinimumCapacity(10), 42);
    assert.equal(await util.reserveMinimumCapacity(45), 45);
    assert.equal(await util.reduceCapacity(44), 44);
    assert.equal(util.getCapacity(), 1);
    assert.equal(opfs.slots('.a').length, 1);
    assert.equal(opfs.openHandles, 1);
  });

  test('is reduced only by free slots', async (t) => {
    const { util, db } = await setUpWithDatabase(t);
    assert.equal(util.getFileCount(), 1);
    assert.equal(await util.reduceCapacity(100), 5);
    assert.equal(await util.reduceCapacity(1), 0);
    assert.equal(util.getCapacity(), 1);
    assert.equal(countRows(db), 100);
  });

  test('changes run one after the other', async (t) => {
    const { install } = await setUp(t);
    const util = await install({ name: 'a' });
    const results = await Promise.all([
      util.addCapacity(4),
      util.reduceCapacity(2),
      util.reserveMinimumCapacity(20),
      util.reserveMinimumCapacity(20),
      util.addCapacity(1),
    ]);
    assert.deepEqual(results, [10, 2, 20, 20, 21]);
  });

  test('that can not be added wholly keeps what was added', async (t) => {
    const { sqlite3, opfs, util, db } = await setUpWithDatabase(t);
    let created = 0;
    const stop = opfs.faults.on('getFileHandle', ({ create }) => {
      if (create && ++created > 3) throw new DOMException('no space', 'QuotaExceededError');
    });
    await assert.rejects(
      util.addCapacity(20),
      sqliteError(sqlite3, 'SQLITE_FULL', /could not be created: QuotaExceededError: no space/),
    );
    stop();
    assert.equal(util.getCapacity(), 9);
    assert.equal(opfs.slots('.a').length, 9);
    assert.equal(await util.addCapacity(1), 10);
    assert.equal(countRows(db), 100);
  });

  test('leaves no file of a slot that could not be opened', async (t) => {
    const { sqlite3, opfs, install } = await setUp(t);
    const util = await install({ name: 'a' });
    opfs.faults.on('createSyncAccessHandle', () => {
      throw new DOMException('broken', 'UnknownError');
    });
    await assert.rejects(util.addCapacity(2), sqliteError(sqlite3, 'SQLITE_IOERR', /broken/));
    assert.equal(util.getCapacity(), 6);
    assert.equal(opfs.slots('.a').length, 6);
    assert.equal(opfs.openHandles, 6);
  });

  test('gets a slot back that could not be removed', async (t) => {
    const { sqlite3, opfs, install } = await setUp(t);
    const util = await install({ name: 'a' });
    opfs.faults.failNth('removeEntry', 2, new DOMException('locked', 'UnknownError'));
    await assert.rejects(util.reduceCapacity(3), sqliteError(sqlite3, 'SQLITE_IOERR', /locked/));
    assert.equal(util.getCapacity(), 5);
    assert.equal(opfs.slots('.a').length, 5);
    assert.equal(opfs.openHandles, 5);
    assert.equal(await util.reduceCapacity(3), 3);
  });

  test('that is used up is said so', async (t) => {
    const { sqlite3, install } = await setUp(t);
    const util = await install({ name: 'a', initialCapacity: 2 });
    for (const name of ['1.db', '2.db']) util.importDb(name, databaseBytes(sqlite3, 1));
    assert.throws(
      () => new util.OpfsSAHPoolDb('3.db'),
      sqliteError(sqlite3, 'SQLITE_CANTOPEN', /pool is full/),
    );
    const db = new util.OpfsSAHPoolDb('1.db');
    assert.throws(
      () => db.exec('delete from t'),
      sqliteError(sqlite3, 'SQLITE_CANTOPEN', /pool is full/),
    );
    await util.addCapacity(1);
    db.exec('delete from t');
    assert.equal(countRows(db), 0);
  });
});
