// What the official VFS does wrong, each as a rule that can be checked in the same way on both
// implementations.

import assert from 'node:assert/strict';

import { countRows, databaseBytes, fill, rowsInBytes, sqliteError } from './harness.mjs';

/** Path, flags and digest: what is used of a slot's first 4096 bytes. */
const HEADER_BYTES = 524;
const HEADER_SIZE = 4096;

function delay(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** A database of `count` rows, made and closed. */
function makeDatabase(util, name, count) {
  const db = new util.OpfsSAHPoolDb(name);
  fill(db, count);
  db.close();
}

function open(util, name) {
  return new util.OpfsSAHPoolDb({ filename: name, flags: 'w' });
}

/** Rows of a database of the pool. */
function rowsOf(util, name) {
  const db = open(util, name);
  try {
    assert.equal(db.selectValue('pragma integrity_check'), 'ok');
    return countRows(db);
  } finally {
    db.close();
  }
}

function slotOf(opfs, directory, name) {
  const path = new TextEncoder().encode(`${name}\0`);
  return opfs
    .slots(directory)
    .find((slot) => path.every((byte, index) => slot.bytes[index] === byte));
}

/** Lets each of two that open all slots at once have every other one first. */
function holdUntilBothOpenSlots(opfs) {
  const names = opfs.slots('dir').map(({ name }) => name);
  const waiting = [];
  const isFirst = (index) => (index % 2 === 0) === index < names.length;
  const release = () => {
    stop();
    for (const turn of [true, false]) {
      waiting.forEach((resolve, index) => {
        if (isFirst(index) === turn) resolve();
      });
    }
  };
  const stop = opfs.faults.on('createSyncAccessHandle', ({ file }) => {
    if (!names.includes(file)) return undefined;
    // When only one of them comes so far, it need not wait for the other.
    if (waiting.length === 0) setTimeout(release, 100);
    return new Promise((resolve) => {
      waiting.push(resolve);
      if (waiting.length === 2 * names.length) release();
    });
  });
}

/** What to call with {sqlite3, opfs, install, restart}; throws where the rule is broken. */
export const rules = {
  'a failed start deletes nothing': async ({ opfs, install, restart }) => {
    makeDatabase(await install(), '/x.db', 100);
    const again = await restart();
    opfs.faults.failNth('createSyncAccessHandle', 3, new DOMException('broken', 'UnknownError'));
    // The official VFS opens a file of its own first.
    await assert.rejects(again.install());
    opfs.faults.clear();
    const util = await again.install({ forceReinitIfPreviouslyFailed: true });
    assert.equal(rowsOf(util, '/x.db'), 100);
  },

  'of two that start at once one gets the pool': async ({ opfs, install, restart }) => {
    makeDatabase(await install(), '/x.db', 100);
    const starters = [await restart(), await restart()];
    holdUntilBothOpenSlots(opfs);
    const starts = await Promise.allSettled(
      starters.map((starter) => starter.install({ acquireTimeout: 50 })),
    );
    const winners = starts.filter(({ status }) => status === 'fulfilled');
    assert.equal(winners.length, 1);
    assert.equal(rowsOf(winners[0].value, '/x.db'), 100);
  },

  'a failed start leaves no handle open': async ({ opfs, install, restart }) => {
    makeDatabase(await install(), '/x.db', 100);
    const again = await restart();
    const [locked, ...others] = opfs.slots('dir');
    locked.handle = { drop() {} };
    // The others open when the failure is known already.
    opfs.faults.on('createSyncAccessHandle', ({ file }) =>
      others.some(({ name }) => name === file) ? delay(10) : undefined,
    );
    await assert.rejects(again.install({ acquireTimeout: 0 }));
    locked.handle = null;
    await delay(50);
    assert.equal(opfs.openHandles, 0);
  },

  'no handle that opens beside a pause stays open': async ({ opfs, install }) => {
    const util = await install();
    opfs.faults.on('createSyncAccessHandle', () => delay(2));
    const adding = util.addCapacity(3);
    let isPaused = false;
    try {
      util.pauseVfs();
      isPaused = true;
    } catch {
      // To refuse it is as good.
    }
    await adding;
    if (!isPaused) util.pauseVfs();
    assert.equal(opfs.openHandles, 0);
  },

  'a header with a bad digest is left as it is': async ({ opfs, install, restart }) => {
    makeDatabase(await install(), '/x.db', 100);
    const slot = slotOf(opfs, 'dir', '/x.db');
    slot.write(Uint8Array.of(slot.bytes[517] ^ 0x10), 517);
    const before = slot.bytes;
    await (await restart()).install();
    assert.deepEqual(slot.bytes, before);
  },

  'a header with unexpected flags is left as it is': async ({ opfs, install, restart }) => {
    const util = await install();
    const [x, y] = ['/x.db', '/y.db'].map((name) => {
      makeDatabase(util, name, 100);
      return slotOf(opfs, 'dir', name);
    });
    // One bit of the flags says that it is a database; y has the header of older versions, without
    // digest.
    x.write(Uint8Array.of(x.bytes[514] ^ 1), 514);
    y.write(Uint8Array.of(y.bytes[514] ^ 1, y.bytes[515] & ~0x80, ...Array(8).fill(0)), 514);
    const before = [x.bytes, y.bytes];
    await (await restart()).install();
    assert.deepEqual([x.bytes, y.bytes], before);
  },

  'a header is written by one call': async ({ opfs, install }) => {
    const util = await install();
    const writes = [];
    opfs.faults.on('write', ({ file, at, count }) => {
      if (at < HEADER_BYTES) writes.push({ file, at, count });
    });
    makeDatabase(util, '/x.db', 10);
    const ofDatabase = writes.filter(({ file }) => file === slotOf(opfs, 'dir', '/x.db').name);
    assert.equal(ofDatabase.length, 1);
  },

  'a header that is written short is an error': async ({ opfs, install }) => {
    const util = await install();
    opfs.faults.on('write', ({ at }) => (at < HEADER_SIZE ? 0 : undefined));
    assert.throws(() => makeDatabase(util, '/x.db', 10));
  },

  'an import in pieces that fails leaves the old database': async ({ install }) => {
    const util = await install();
    makeDatabase(util, '/x.db', 100);
    await assert.rejects(util.importDb('/x.db', () => Promise.reject(new Error('network'))));
    assert.equal(rowsOf(util, '/x.db'), 100);
  },

  'an import that is cut off by the end of its tab leaves the old database': async (context) => {
    const util = await context.install();
    makeDatabase(util, '/x.db', 100);
    let end;
    const pieces = [
      databaseBytes(context.sqlite3, 500).slice(0, 8192),
      new Promise((_, reject) => (end = reject)),
    ];
    const importing = util.importDb('/x.db', () => pieces.shift());
    await delay(5);
    const left = context.opfs.clone();
    end(new Error('the end'));
    await assert.rejects(importing);
    const next = await context.restart(left);
    assert.equal(rowsOf(await next.install(), '/x.db'), 100);
  },

  'names with # and ? are files of their own': async ({ install }) => {
    const util = await install();
    for (const [index, name] of ['/a#1.db', '/a#2.db', '/a?1.db', '/a'].entries()) {
      makeDatabase(util, name, 10 + index);
    }
    assert.equal(util.getFileCount(), 4);
    for (const [index, name] of ['/a#1.db', '/a#2.db', '/a?1.db', '/a'].entries()) {
      assert.equal(rowsOf(util, name), 10 + index);
    }
  },

  'a database named with # survives a rollback': async ({ install }) => {
    const util = await install();
    const db = new util.OpfsSAHPoolDb('/a#b.db');
    fill(db, 100);
    db.exec('pragma cache_size = 1; begin; update t set text = hex(zeroblob(3000)); rollback');
    db.close();
    assert.equal(rowsOf(util, '/a#b.db'), 100);
  },

  'an export in the middle of a transaction has what is committed': async (context) => {
    const util = await context.install();
    makeDatabase(util, '/x.db', 100);
    const db = open(util, '/x.db');
    db.exec('pragma cache_size = 1; begin; delete from t where id > 50');
    db.exec('update t set text = hex(zeroblob(3000))');
    const exported = util.exportFile('/x.db');
    db.exec('rollback');
    db.close();
    assert.equal(rowsInBytes(context.sqlite3, exported), 100);
  },

  'an export has what is in the WAL': async (context) => {
    const util = await context.install();
    const db = new util.OpfsSAHPoolDb('/x.db');
    db.exec('pragma locking_mode = exclusive; pragma journal_mode = wal');
    fill(db, 100);
    const exported = util.exportFile('/x.db');
    db.close();
    exported.fill(1, 18, 20);
    assert.equal(rowsInBytes(context.sqlite3, exported), 100);
  },

  'running out of quota is SQLITE_FULL, with usage and quota': async ({
    opfs,
    sqlite3,
    install,
  }) => {
    const util = await install();
    const db = new util.OpfsSAHPoolDb('/x.db');
    fill(db, 100);
    opfs.quota = opfs.usage + 30_000;
    try {
      for (const style of ['chromium', 'firefox']) {
        opfs.quotaStyle = style;
        assert.throws(
          () => db.exec('insert into t select id + 1000, hex(zeroblob(2000)) from t'),
          sqliteError(sqlite3, 'SQLITE_FULL', /\d+ of \d+ bytes of this origin's quota/),
        );
      }
    } finally {
      opfs.quota = Infinity;
      db.close();
    }
    assert.equal(rowsOf(util, '/x.db'), 100);
  },

  'every method resolves names in the same way': async ({ sqlite3, install }) => {
    const util = await install();
    const bytes = databaseBytes(sqlite3, 70);
    util.importDb('some dir/../ä b.db', bytes);
    assert.deepEqual(util.getFileNames(), ['/%C3%A4%20b.db']);
    assert.equal(rowsOf(util, 'ä b.db'), 70);
    assert.equal(util.exportFile('./ä b.db').length, bytes.length);
    assert.equal(util.unlink('/ä b.db'), true);
    assert.equal(util.getFileCount(), 0);
  },

  'a second connection loses no commit': async ({ install }) => {
    const util = await install();
    makeDatabase(util, '/x.db', 100);
    const [first, second] = [open(util, '/x.db'), open(util, '/x.db')];
    first.exec('begin; delete from t where id = 1');
    let deleted = 1;
    try {
      second.exec('delete from t where id > 90');
      deleted += 10;
    } catch {
      // Busy, so it has deleted nothing.
    }
    first.exec('commit');
    first.close();
    second.close();
    assert.equal(rowsOf(util, '/x.db'), 100 - deleted);
  },

  'a leftover journal is rolled back although a second connection is open': async (context) => {
    const util = await context.install();
    makeDatabase(util, '/x.db', 100);
    const db = open(util, '/x.db');
    db.exec('pragma cache_size = 1; begin; update t set text = hex(zeroblob(3000))');
    const left = context.opfs.clone();
    db.exec('rollback');
    db.close();
    const next = await context.restart(left);
    const nextUtil = await next.install();
    const first = open(nextUtil, '/x.db');
    const second = open(nextUtil, '/x.db');
    assert.equal(second.selectValue('select max(length(text)) < 1000 from t'), 1);
    assert.equal(countRows(first), 100);
    first.close();
    second.close();
  },

  'an exception of a handle is an error with its text': async ({ opfs, sqlite3, install }) => {
    const util = await install();
    makeDatabase(util, '/x.db', 100);
    const db = open(util, '/x.db');
    opfs.faults.on('read', () => {
      throw new DOMException('the disk is gone', 'UnknownError');
    });
    try {
      assert.throws(
        () => countRows(db),
        sqliteError(sqlite3, 'SQLITE_IOERR_READ', /disk I\/O error.*the disk is gone/),
      );
    } finally {
      opfs.faults.clear();
      db.close();
    }
  },

  'an exception in xFileSize and xClose is no exception through C': async ({ opfs, install }) => {
    const util = await install();
    makeDatabase(util, '/x.db', 100);
    const db = open(util, '/x.db');
    for (const operation of ['getSize', 'truncate', 'flush']) {
      opfs.faults.on(operation, () => {
        throw new DOMException('the disk is gone', 'UnknownError');
      });
    }
    try {
      // Whatever SQLite makes of it, it must be SQLite's error.
      const attempt = () => db.exec('delete from t');
      assert.throws(attempt, (error) => 'resultCode' in error);
    } finally {
      opfs.faults.clear();
      db.close();
    }
    assert.equal(rowsOf(util, '/x.db'), 100);
  },
};
