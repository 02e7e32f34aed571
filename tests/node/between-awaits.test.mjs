// What an application may call while something else of the pool waits for the browser: each pair
// has one defined outcome, and no order of them loses a file. Random orders: interleaving.test.mjs.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { countRows, databaseBytes, fill, rowsInBytes, setUp, sqliteError } from './harness.mjs';

/** An import of "/x.db" that has sent its bytes and waits for `finish()`. */
async function beginImport(util, bytes) {
  let finish;
  const pieces = [bytes, new Promise((resolve) => (finish = resolve))];
  const done = util.importDb('/x.db', () => pieces.shift());
  await new Promise((resolve) => setTimeout(resolve, 2));
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

describe('slots of odd sizes at start', () => {
  const sizes = { empty: 0, short: 100, 'almost a header': 4095, 'too long': 9000 };
  for (const [title, size] of Object.entries(sizes)) {
    test(`${title}: is a free slot, and the databases are as they were`, async (t) => {
      const { sqlite3, opfs, install } = await setUp(t);
      const util = await install({ name: 'a', initialCapacity: 2 });
      util.importDb('/x.db', databaseBytes(sqlite3, 100));
      util.pauseVfs();
      opfs.put('.a/.opaque/odd', new Uint8Array(size).fill(size > 4096 ? 7 : 0, 4096));
      await util.unpauseVfs();
      assert.equal(util.getCapacity(), 3);
      assert.deepEqual(util.getFileNames(), ['/x.db']);
      assert.deepEqual(util.quarantine().list(), []);
      for (const name of ['/y.db', '/z.db']) util.importDb(name, databaseBytes(sqlite3, 7));
      for (const [name, rows] of Object.entries({ '/x.db': 100, '/y.db': 7, '/z.db': 7 })) {
        assert.equal(rowsInBytes(sqlite3, util.exportFile(name)), rows);
      }
    });
  }

  test('a database that is cut off in its header is kept in quarantine', async (t) => {
    const { sqlite3, opfs, install } = await setUp(t);
    const util = await install({ name: 'a', initialCapacity: 2 });
    util.importDb('/x.db', databaseBytes(sqlite3, 100));
    util.pauseVfs();
    const cut = opfs.slots('.a').find((slot) => slot.size > 4096);
    cut.resize(520);
    const before = cut.bytes;
    await util.unpauseVfs();
    assert.deepEqual(
      util
        .quarantine()
        .list()
        .map(({ slot, name }) => [slot, name]),
      [[cut.name, '/x.db']],
    );
    assert.deepEqual(cut.bytes, before);
  });
});
