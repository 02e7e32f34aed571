// Files that a killed process leaves, which no database needs any more: they are listed, their slots
// count as taken, and unlink() frees them.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { countRows, databaseBytes, fill, rowsInBytes, setUp } from './harness.mjs';

/** The pool "a" as its slots are when `isMoment(paths)` is first true at a flush. */
function cloneAt(opfs, isMoment) {
  const moment = { left: undefined };
  opfs.faults.on('flush', () => {
    const paths = opfs.slots('.a').map(({ bytes }) => pathIn(bytes));
    if (!moment.left && isMoment(paths)) moment.left = opfs.clone();
  });
  return moment;
}

function pathIn(bytes) {
  return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));
}

/** The pool in `opfs` after a start. */
async function startAgain(t, opfs) {
  const { sqlite3, install } = await setUp(t, { opfs });
  const util = await install({ name: 'a' });
  return { sqlite3, util };
}

/** A connection to "/x.db" with "/y.db" attached, each with a table of 100 rows. */
async function attachTwo(t) {
  const { opfs, install } = await setUp(t);
  const util = await install({ name: 'a', initialCapacity: 8 });
  const [x, y] = ['/x.db', '/y.db'].map((name) => new util.OpfsSAHPoolDb(name));
  fill(x, 100);
  fill(y, 100);
  y.close();
  x.exec("attach '/y.db' as other");
  return { opfs, util, x };
}

test('a super-journal of a commit that broke off early', async (t) => {
  const { opfs, util: first, x } = await attachTwo(t);
  const isSuperJournal = (path) => /-mj[0-9A-F]{9}$/.test(path);
  const moment = cloneAt(opfs, (paths) => paths.some(isSuperJournal));
  x.exec('begin; delete from main.t; delete from other.t; commit');
  x.close();
  first.pauseVfs();
  const { util } = await startAgain(t, moment.left);
  const readAndWrite = (name) => {
    const db = new util.OpfsSAHPoolDb({ filename: name, flags: 'w' });
    assert.equal(countRows(db), 100);
    db.exec('pragma user_version = 1');
    db.close();
  };
  ['/x.db', '/y.db'].forEach(readAndWrite);

  const names = util.getFileNames();
  const [left] = names.filter(isSuperJournal);
  assert.deepEqual(names.sort(), [left, '/x.db', '/y.db'].sort());
  assert.equal(util.getFileCount(), 3);
  assert.equal(util.unlink(left), true);
  assert.deepEqual(util.getFileNames().sort(), ['/x.db', '/y.db']);
  ['/x.db', '/y.db'].forEach(readAndWrite);
  assert.equal(await util.reduceCapacity(10), 6);
});

test('the second database of an import that broke off while it replaced one', async (t) => {
  const { sqlite3, opfs, install } = await setUp(t);
  const util = await install({ name: 'a' });
  util.importDb('/x.db', databaseBytes(sqlite3, 100));
  const moment = cloneAt(opfs, (paths) => paths.filter((path) => path === '/x.db').length === 2);
  util.importDb('/x.db', databaseBytes(sqlite3, 33));
  util.pauseVfs();

  const next = await startAgain(t, moment.left);
  const names = ['/x.db', '/x.db.duplicate-1'];
  assert.deepEqual(next.util.getFileNames().sort(), names);
  const rows = names.map((name) => rowsInBytes(next.sqlite3, next.util.exportFile(name)));
  assert.deepEqual(
    rows.sort((a, b) => a - b),
    [33, 100],
  );
  assert.equal(next.util.unlink('/x.db.duplicate-1'), true);
  assert.deepEqual(next.util.getFileNames(), ['/x.db']);
  assert.deepEqual(next.util.quarantine().list(), []);
  assert.equal(await next.util.reduceCapacity(10), 5);
});
