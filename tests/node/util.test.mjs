// The util object: capacity, files, import, export, pause, removal, quarantine.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { PoolBusyError } from '../../npm/dist/index.js';
import { countRows, databaseBytes, fill, rowsInBytes, setUp, sqliteError } from './harness.mjs';

/** A pool "a" with a database "/x.db" of 100 rows, which is open as `db`. */
async function setUpWithDatabase(t, options = {}) {
  const context = await setUp(t);
  const util = await context.install({ name: 'a', ...options });
  const db = new util.OpfsSAHPoolDb('x.db');
  fill(db, 100);
  return { ...context, util, db };
}

function tick() {
  return new Promise((resolve) => setTimeout(resolve, 5));
}

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
    util.importDb('x.db', databaseBytes(sqlite3, 30_000));
    const db = new util.OpfsSAHPoolDb('x.db');
    db.exec('pragma cache_size = 1; begin; delete from t where id > 50');
    const pieces = [];
    const size = util.exportFile('x.db', (piece) => pieces.push(piece.slice()));
    db.exec('rollback');
    assert.ok(pieces.length > 2 && pieces.every((it) => it.length <= 2 ** 20));
    const bytes = new Uint8Array(await new Blob(pieces).arrayBuffer());
    assert.equal(size, bytes.length);
    assert.equal(rowsInBytes(sqlite3, bytes), 30_000);
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
