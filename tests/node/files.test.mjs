// The files of a pool: import, export, deletion, quarantine.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import {
  countRows,
  databaseBytes,
  rowsInBytes,
  setUp,
  setUpWithDatabase,
  sqliteError,
  tick,
} from './harness.mjs';

describe('importDb() and exportFile()', () => {
  test('take and give bytes in every shape', async (t) => {
    const { sqlite3, install } = await setUp(t);
    const util = await install({ name: 'a', initialCapacity: 12 });
    const bytes = databaseBytes(sqlite3, 5000);
    const padded = new Uint8Array(bytes.length + 7);
    padded.set(bytes, 7);
    const shapes = {
      array: bytes,
      buffer: bytes.slice().buffer,
      subarray: padded.subarray(7),
      view: new DataView(padded.buffer, 7),
    };
    for (const [name, shape] of Object.entries(shapes)) {
      assert.equal(util.importDb(name, shape), bytes.length);
      assert.equal(rowsInBytes(sqlite3, util.exportFile(name)), 5000);
    }
    assert.equal(util.getFileCount(), 4);
  });

  test('in pieces', async (t) => {
    const { sqlite3, install } = await setUp(t);
    const util = await install({ name: 'a' });
    const bytes = databaseBytes(sqlite3, 5000);
    for (const size of [1000, 65536, bytes.length]) {
      let position = 0;
      const result = await util.importDb('x.db', async () => {
        if (position >= bytes.length) return undefined;
        const piece = bytes.slice(position, (position += size));
        return position % 2 === 0 ? piece : piece.buffer;
      });
      assert.equal(result, bytes.length);
      assert.equal(rowsInBytes(sqlite3, util.exportFile('x.db')), 5000);
    }
    assert.deepEqual(util.getFileNames(), ['/x.db']);
  });

  test('an export goes out in pieces of bounded size, all of one moment', async (t) => {
    const { sqlite3, install } = await setUp(t);
    const util = await install({ name: 'a' });
    util.importDb('x.db', databaseBytes(sqlite3, 100_000));
    const db = new util.OpfsSAHPoolDb('x.db');
    db.exec('pragma cache_size = 1; begin; delete from t where id > 50');
    const pieces = [];
    const size = util.exportFile('x.db', (piece) => pieces.push(piece.slice()));
    db.exec('rollback');
    assert.ok(pieces.length > 2 && pieces.every((it) => it.length <= 2 ** 22));
    const bytes = new Uint8Array(await new Blob(pieces).arrayBuffer());
    assert.equal(size, bytes.length);
    assert.equal(rowsInBytes(sqlite3, bytes), 100_000);
    assert.deepEqual(bytes, util.exportFile('x.db'));
  });

  test('a function that fails ends the export', async (t) => {
    const { util, db } = await setUpWithDatabase(t);
    db.close();
    const failure = new Error('enough');
    const fail = () => {
      throw failure;
    };
    assert.throws(
      () => util.exportFile('x.db', fail),
      (error) => error === failure,
    );
    assert.throws(() => util.exportFile('x.db', 7), /argument "sink" must be a function/);
    // Nothing holds the file any more.
    assert.equal(util.unlink('x.db'), true);
  });

  test('the imported copy is not in WAL mode', async (t) => {
    const { sqlite3, install } = await setUp(t);
    const util = await install({ name: 'a' });
    const bytes = databaseBytes(sqlite3, 10);
    bytes.fill(2, 18, 20);
    util.importDb('x.db', bytes);
    const db = new util.OpfsSAHPoolDb('x.db');
    assert.notEqual(db.selectValue('pragma journal_mode'), 'wal');
    assert.equal(countRows(db), 10);
    assert.equal(bytes[18], 2);
  });

  const failures = {
    'what is no database': [new Uint8Array(1024).fill(7), 'SQLITE_NOTADB'],
    'too little': [new TextEncoder().encode('SQLite format 3\0'), 'SQLITE_NOTADB'],
    nothing: [new Uint8Array(0), 'SQLITE_NOTADB'],
  };
  for (const [title, [bytes, code]] of Object.entries(failures)) {
    test(`${title} is refused and the old database stays`, async (t) => {
      const { sqlite3, util, db } = await setUpWithDatabase(t);
      db.close();
      assert.throws(() => util.importDb('x.db', bytes), sqliteError(sqlite3, code));
      let pieces = [bytes];
      await assert.rejects(
        util.importDb('x.db', () => pieces.pop()),
        sqliteError(sqlite3, code),
      );
      assert.equal(rowsInBytes(sqlite3, util.exportFile('x.db')), 100);
      assert.equal(await util.reduceCapacity(5), 5);
    });
  }

  test('a callback that fails ends the import, and the old database stays', async (t) => {
    const { sqlite3, util, db } = await setUpWithDatabase(t);
    db.close();
    const bytes = databaseBytes(sqlite3, 5000);
    for (const second of [() => Promise.reject(new Error('network')), () => 'text', () => null]) {
      let calls = 0;
      await assert.rejects(
        util.importDb('x.db', () => (++calls === 1 ? bytes.slice(0, 4096) : second())),
        /network|ArrayBuffer/,
      );
    }
    assert.equal(rowsInBytes(sqlite3, util.exportFile('x.db')), 100);
    assert.equal(await util.reduceCapacity(5), 5);
  });

  test('a full pool and an open database refuse an import', async (t) => {
    const { sqlite3, util, db } = await setUpWithDatabase(t, { initialCapacity: 2 });
    const bytes = databaseBytes(sqlite3, 7);
    assert.throws(() => util.importDb('x.db', bytes), sqliteError(sqlite3, 'SQLITE_BUSY'));
    db.close();
    util.importDb('y.db', bytes);
    assert.throws(
      () => util.importDb('z.db', bytes),
      sqliteError(sqlite3, 'SQLITE_CANTOPEN', /pool is full/),
    );
  });

  test('a missing file can not be exported', async (t) => {
    const { sqlite3, install } = await setUp(t);
    const util = await install({ name: 'a' });
    assert.throws(
      () => util.exportFile('none.db'),
      sqliteError(sqlite3, 'SQLITE_NOTFOUND', /none\.db/),
    );
  });

  test('a write that fails in an import is reported and frees the slot', async (t) => {
    const { sqlite3, opfs, install } = await setUp(t);
    const util = await install({ name: 'a' });
    const bytes = databaseBytes(sqlite3, 2000);
    await tick();
    opfs.quota = opfs.usage + 20_000;
    for (const style of ['chromium', 'firefox']) {
      opfs.quotaStyle = style;
      assert.throws(
        () => util.importDb('x.db', bytes),
        sqliteError(sqlite3, 'SQLITE_FULL', /quota/),
      );
      assert.deepEqual(util.getFileNames(), []);
    }
    opfs.quota = Infinity;
    assert.equal(util.importDb('x.db', bytes), bytes.length);
  });
});

describe('unlink() and wipeFiles()', () => {
  test('delete files and tell whether there were any', async (t) => {
    const { sqlite3, util, db } = await setUpWithDatabase(t);
    assert.throws(() => util.unlink('x.db'), sqliteError(sqlite3, 'SQLITE_BUSY'));
    await assert.rejects(util.wipeFiles(), sqliteError(sqlite3, 'SQLITE_BUSY'));
    assert.equal(countRows(db), 100);
    db.close();
    assert.equal(util.unlink('x.db'), true);
    assert.equal(util.unlink('x.db'), false);
    util.importDb('y.db', databaseBytes(sqlite3, 10));
    assert.equal(await util.wipeFiles(), undefined);
    assert.deepEqual(util.getFileNames(), []);
    assert.equal(util.getCapacity(), 6);
  });

  test('a running import is not wiped', async (t) => {
    const { sqlite3, install } = await setUp(t);
    const util = await install({ name: 'a' });
    const bytes = databaseBytes(sqlite3, 10);
    let resume;
    const pieces = [bytes, new Promise((resolve) => (resume = resolve))];
    const importing = util.importDb('x.db', () => pieces.shift());
    await assert.rejects(util.wipeFiles(), sqliteError(sqlite3, 'SQLITE_BUSY', /import/));
    await assert.rejects(util.removeVfs(), sqliteError(sqlite3, 'SQLITE_BUSY', /import/));
    assert.throws(() => util.pauseVfs(), sqliteError(sqlite3, 'SQLITE_MISUSE', /import/));
    assert.equal(await util.addCapacity(2), 8);
    resume(undefined);
    assert.equal(await importing, bytes.length);
    assert.equal(rowsInBytes(sqlite3, util.exportFile('x.db')), 10);
  });
});

describe('quarantine()', () => {
  test('lists, recovers and discards slots with damaged headers', async (t) => {
    const { sqlite3, opfs, util, db } = await setUpWithDatabase(t);
    db.close();
    util.importDb('y.db', databaseBytes(sqlite3, 20));
    util.pauseVfs();
    const damaged = opfs.slots('.a').filter((slot) => slot.size > 4096);
    assert.equal(damaged.length, 2);
    for (const slot of damaged) slot.write(Uint8Array.of(slot.bytes[520] ^ 1), 520);
    await util.unpauseVfs();
    const list = util.quarantine().list();
    assert.deepEqual(
      list.map((it) => [it.slot, it.name, it.bytes]).sort(),
      damaged
        .map((slot) => {
          const name = Buffer.from(slot.bytes.subarray(0, 5)).toString();
          return [slot.name, name, slot.size - 4096];
        })
        .sort(),
    );
    assert.ok(list.every((it) => it.reason.length > 0));
    assert.equal(util.getFileCount(), 0);
    const [x, y] = ['/x.db', '/y.db'].map((name) => list.find((it) => it.name === name).slot);
    util.quarantine().recover(x, 'x.db');
    assert.equal(countRows(new util.OpfsSAHPoolDb('x.db')), 100);
    assert.throws(
      () => util.quarantine().recover(y, '/x.db'),
      sqliteError(sqlite3, 'SQLITE_CONSTRAINT'),
    );
    assert.throws(() => util.quarantine().discard('none'), sqliteError(sqlite3, 'SQLITE_NOTFOUND'));
    util.quarantine().discard(y);
    assert.deepEqual(util.quarantine().list(), []);
    assert.deepEqual(util.getFileNames(), ['/x.db']);
    assert.equal(await util.reduceCapacity(10), 5);
  });
});
