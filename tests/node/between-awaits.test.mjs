// What an application may call while something else of the pool waits for the browser: each pair
// has one defined outcome, and no order of them loses a file. Random orders: interleaving.test.mjs.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { PoolBusyError } from '../../npm/dist/index.js';
import {
  countRows,
  databaseBytes,
  fill,
  rowsInBytes,
  setUp,
  setUpPool,
  sqliteError,
} from './harness.mjs';

function delay(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** An import of "/x.db" that has sent its bytes and waits for `finish()`. */
async function beginImport(util, bytes) {
  let finish;
  const pieces = [bytes, new Promise((resolve) => (finish = resolve))];
  const done = util.importDb('/x.db', () => pieces.shift());
  await delay(2);
  return { done, finish };
}

describe('while an import waits for its next piece', () => {
  const rowsBefore = 100;
  const rowsImported = 20;

  async function setUpImport(t) {
    const context = await setUp(t);
    const util = await context.install({ name: 'a', initialCapacity: 4 });
    const db = new util.OpfsSAHPoolDb('/x.db');
    fill(db, rowsBefore);
    db.close();
    const bytes = databaseBytes(context.sqlite3, rowsImported);
    return { ...context, util, bytes, ...(await beginImport(util, bytes)) };
  }

  test('unlink() of the name deletes the old database; the new one arrives', async (t) => {
    const { sqlite3, util, done, finish } = await setUpImport(t);
    assert.equal(util.unlink('/x.db'), true);
    finish();
    await done;
    assert.equal(rowsInBytes(sqlite3, util.exportFile('/x.db')), rowsImported);
  });

  test('an open database of that name is not replaced', async (t) => {
    const { sqlite3, util, done, finish } = await setUpImport(t);
    const db = new util.OpfsSAHPoolDb('/x.db');
    db.exec('delete from t where id > 50');
    finish();
    await assert.rejects(done, sqliteError(sqlite3, 'SQLITE_BUSY', /x\.db/));
    assert.equal(countRows(db), 50);
    db.close();
    assert.equal(await util.reduceCapacity(10), 3);
  });

  test('the old database can be written, and is replaced all the same', async (t) => {
    const { sqlite3, util, done, finish } = await setUpImport(t);
    const db = new util.OpfsSAHPoolDb('/x.db');
    db.exec('delete from t');
    db.close();
    finish();
    await done;
    assert.equal(rowsInBytes(sqlite3, util.exportFile('/x.db')), rowsImported);
  });

  test('two imports of one name each arrive whole; the last one stays', async (t) => {
    const { sqlite3, util, done, finish } = await setUpImport(t);
    const second = await beginImport(util, databaseBytes(sqlite3, 33));
    second.finish();
    await second.done;
    finish();
    await done;
    assert.equal(rowsInBytes(sqlite3, util.exportFile('/x.db')), rowsImported);
    assert.equal(util.getFileCount(), 1);
    assert.equal(await util.reduceCapacity(10), 3);
  });

  test('unlink() of a name that it will be the first to have finds no file', async (t) => {
    const { sqlite3, util, done, finish } = await setUpImport(t);
    finish();
    await done;
    util.unlink('/x.db');
    const second = await beginImport(util, databaseBytes(sqlite3, 33));
    assert.equal(util.unlink('/x.db'), false);
    assert.deepEqual(util.getFileNames(), []);
    second.finish();
    await second.done;
    assert.equal(rowsInBytes(sqlite3, util.exportFile('/x.db')), 33);
  });

  test('a database that is recovered under the name is replaced as any other', async (t) => {
    const { sqlite3, opfs, util, done, finish } = await setUpImport(t);
    finish();
    await done;
    util.pauseVfs();
    const damaged = opfs.slots('.a').find(({ size }) => size > 4096);
    damaged.write(Uint8Array.of(damaged.bytes[516] ^ 1), 516);
    await util.unpauseVfs();
    const second = await beginImport(util, databaseBytes(sqlite3, 33));
    util.quarantine().recover(damaged.name, '/x.db');
    assert.equal(rowsInBytes(sqlite3, util.exportFile('/x.db')), rowsImported);
    second.finish();
    await second.done;
    assert.equal(rowsInBytes(sqlite3, util.exportFile('/x.db')), 33);
    assert.equal(await util.reduceCapacity(10), 3);
  });

  test('exportFile() of the name gives the old database', async (t) => {
    const { sqlite3, util, done, finish } = await setUpImport(t);
    assert.equal(rowsInBytes(sqlite3, util.exportFile('/x.db')), rowsBefore);
    finish();
    await done;
    assert.equal(rowsInBytes(sqlite3, util.exportFile('/x.db')), rowsImported);
  });

  test('nothing may take the pool away from it, also not its own callback', async (t) => {
    const { sqlite3, util, bytes, done, finish } = await setUpImport(t);
    const refusals = [];
    const pieces = [bytes];
    const second = util.importDb('/y.db', async () => {
      for (const call of [() => util.pauseVfs(), () => util.wipeFiles(), () => util.removeVfs()]) {
        await assert.rejects(async () => call(), /import or export is running/);
        refusals.push(call);
      }
      return pieces.shift();
    });
    finish();
    await Promise.all([done, second]);
    assert.equal(refusals.length, 6);
    for (const name of ['/x.db', '/y.db']) {
      assert.equal(rowsInBytes(sqlite3, util.exportFile(name)), rowsImported);
    }
    assert.equal(await util.removeVfs(), true);
  });

  test('reduceCapacity() leaves it its slot', async (t) => {
    const { sqlite3, util, done, finish } = await setUpImport(t);
    assert.equal(await util.reduceCapacity(10), 2);
    finish();
    await done;
    assert.equal(rowsInBytes(sqlite3, util.exportFile('/x.db')), rowsImported);
  });
});

describe('while the capacity changes', () => {
  test('removeVfs() waits for it, and later calls find the pool removed', async (t) => {
    const { sqlite3, opfs, install } = await setUp(t);
    const util = await install({ name: 'a' });
    const adding = util.addCapacity(5);
    const removing = util.removeVfs();
    const late = util.addCapacity(1);
    assert.equal(await adding, 11);
    assert.equal(await removing, true);
    await assert.rejects(late, sqliteError(sqlite3, 'SQLITE_MISUSE', /removed/));
    assert.equal(opfs.openHandles, 0);
    assert.equal(opfs.find('.a'), undefined);
  });

  test('files can be made, written and deleted', async (t) => {
    const { opfs, install } = await setUp(t);
    const util = await install({ name: 'a', initialCapacity: 3 });
    const reducing = util.reduceCapacity(1);
    const db = new util.OpfsSAHPoolDb('/y.db');
    fill(db, 10);
    const adding = util.addCapacity(4);
    assert.equal(await reducing, 1);
    assert.equal(await adding, 6);
    assert.equal(countRows(db), 10);
    db.close();
    assert.equal(util.unlink('/y.db'), true);
    assert.equal(opfs.openHandles, 6);
  });

  for (const call of ['addCapacity', 'reduceCapacity']) {
    test(`pauseVfs() is refused until ${call}() has ended, also by a failure`, async (t) => {
      const { sqlite3, opfs, util } = await setUpPool(t);
      for (const operation of ['createSyncAccessHandle', 'removeEntry']) {
        opfs.faults.on(operation, async ({ nth }) => {
          await delay(2);
          if (nth === 3) throw new DOMException('disk', 'UnknownError');
        });
      }
      const isFailing = sqliteError(sqlite3, 'SQLITE_IOERR', /disk/);
      const failed = assert.rejects(util[call](5), isFailing);
      for (const milliseconds of [0, 1, 1]) {
        assert.throws(() => util.pauseVfs(), sqliteError(sqlite3, 'SQLITE_MISUSE', /under way/));
        await delay(milliseconds);
      }
      await failed;
      opfs.faults.clear();
      const capacity = util.getCapacity();
      util.pauseVfs();
      assert.equal(opfs.openHandles, 0);
      assert.equal(opfs.slots('.a').length, capacity);
      await util.unpauseVfs();
      assert.equal(util.getCapacity(), capacity);
    });
  }

  test('wipeFiles() waits for it', async (t) => {
    const { install } = await setUp(t);
    const util = await install({ name: 'a' });
    fill(new util.OpfsSAHPoolDb('/y.db'), 5);
    const adding = util.addCapacity(3);
    const wiping = util.wipeFiles();
    await assert.rejects(wiping, /open files/);
    assert.equal(await adding, 9);
    assert.deepEqual(util.getFileNames(), ['/y.db']);
  });
});

describe('while the pool is being removed', () => {
  test('an import that began before is an obstacle, and the pool stays', async (t) => {
    const { sqlite3, util } = await setUpPool(t);
    // The removal begins when the caller has returned to the event loop.
    const removing = util.removeVfs();
    const { done, finish } = await beginImport(util, databaseBytes(sqlite3, 33));
    await assert.rejects(
      removing,
      sqliteError(sqlite3, 'SQLITE_BUSY', /import or export is running/),
    );
    finish();
    await done;
    assert.equal(rowsInBytes(sqlite3, util.exportFile('/x.db')), 33);
  });

  test('everything else is refused, and a second removal finds nothing', async (t) => {
    const { sqlite3, opfs, util } = await setUpPool(t);
    opfs.faults.on('removeEntry', () => delay(5));
    const removing = util.removeVfs();
    const again = util.removeVfs();
    await delay(1);
    const isRefused = sqliteError(sqlite3, 'SQLITE_MISUSE', /is being removed/);
    const bytes = databaseBytes(sqlite3, 1);
    for (const call of [
      () => util.importDb('/x.db', bytes),
      () => util.importDb('/x.db', () => undefined),
      () => util.unlink('/x.db'),
      () => util.addCapacity(1),
      () => util.getFileNames(),
    ]) {
      await assert.rejects(async () => call(), isRefused);
    }
    assert.throws(() => util.pauseVfs(), sqliteError(sqlite3, 'SQLITE_MISUSE', /under way/));
    assert.equal(await removing, true);
    assert.equal(await again, false);
    assert.equal(opfs.openHandles, 0);
  });

  test('a call at any moment works or hears of it', async (t) => {
    const { sqlite3, opfs, util } = await setUpPool(t);
    opfs.faults.on('removeEntry', () => delay(2));
    const removing = util.removeVfs();
    assert.deepEqual(util.getFileNames(), ['/x.db']);
    for (let moment = 1; moment <= 12; ++moment) {
      await null;
      assert.throws(
        () => util.getFileNames(),
        sqliteError(sqlite3, 'SQLITE_MISUSE', /is being removed$/),
        `after ${moment} microtasks`,
      );
    }
    assert.equal(await removing, true);
  });

  test('it can be taken back only where the removal failed', async (t) => {
    const { sqlite3, opfs, util } = await setUpPool(t);
    opfs.faults.failNth('removeEntry', 1, new DOMException('disk', 'UnknownError'));
    const removing = util.removeVfs();
    const resuming = util.unpauseVfs();
    await assert.rejects(removing, sqliteError(sqlite3, 'SQLITE_IOERR', /disk/));
    await resuming;
    assert.deepEqual(util.getFileNames(), ['/x.db']);
    const removed = util.removeVfs();
    const late = util.unpauseVfs();
    assert.equal(await removed, true);
    await assert.rejects(late, sqliteError(sqlite3, 'SQLITE_MISUSE', /was removed/));
    assert.equal(opfs.root.entries.size, 0);
  });
});

describe('while a pool is taken back', () => {
  test('installing it again gives the same object', async (t) => {
    const { install, util } = await setUpPool(t);
    util.pauseVfs();
    const resuming = util.unpauseVfs();
    assert.equal(await install({ name: 'a' }), util);
    assert.equal(await resuming, util);
    assert.deepEqual(util.getFileNames(), ['/x.db']);
  });

  test('files and capacity are out of reach until it is there', async (t) => {
    const { sqlite3, util } = await setUpPool(t);
    util.pauseVfs();
    const resuming = util.unpauseVfs();
    const isRefused = sqliteError(sqlite3, 'SQLITE_MISUSE', /is paused/);
    await assert.rejects(util.addCapacity(1), isRefused);
    await assert.rejects(util.reduceCapacity(1), isRefused);
    assert.throws(() => util.unlink('/x.db'), isRefused);
    await resuming;
    assert.equal(await util.addCapacity(1), 7);
  });

  for (const isFirst of [true, false]) {
    const title = isFirst ? 'after it' : 'before it';
    test(`an installation over its directory ${title}: one of them gets it`, async (t) => {
      const { opfs, install, util } = await setUpPool(t, { acquireTimeout: 20 });
      util.pauseVfs();
      await delay(1);
      const calls = [
        () => util.unpauseVfs(),
        () => install({ name: 'b', directory: '.a', acquireTimeout: 20 }),
      ];
      if (!isFirst) calls.reverse();
      const outcomes = await Promise.allSettled(calls.map((call) => call()));
      const winners = outcomes.filter(({ status }) => status === 'fulfilled');
      const losers = outcomes.filter(({ status }) => status === 'rejected');
      assert.deepEqual([winners.length, losers.length], [1, 1]);
      assert.ok(losers[0].reason instanceof PoolBusyError, losers[0].reason.stack);
      const winner = winners[0].value;
      assert.deepEqual(winner.getFileNames(), ['/x.db']);
      assert.equal(util.isPaused(), winner !== util);
      assert.equal(opfs.openHandles, winner.getCapacity());
    });
  }

  test('removeVfs() follows, and an installation after that begins anew', async (t) => {
    const { opfs, install, util } = await setUpPool(t);
    util.pauseVfs();
    const resuming = util.unpauseVfs();
    const removing = util.removeVfs();
    const next = await install({ name: 'a', initialCapacity: 3 });
    await resuming;
    assert.equal(await removing, true);
    assert.notEqual(next, util);
    assert.deepEqual(next.getFileNames(), []);
    assert.equal(opfs.slots('.a').length, 3);
  });
});
