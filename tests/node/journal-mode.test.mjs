// The option journalMode: what OpfsSAHPoolDb makes of the databases that it opens.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { countRows, databaseBytes, fill, rowsInBytes, setUp } from './harness.mjs';

const MiB = 2 ** 20;

function modeOf(db) {
  return db.selectValue('pragma journal_mode');
}

async function setUpWal(t) {
  const context = await setUp(t);
  return { ...context, util: await context.install({ name: 'a', journalMode: 'wal' }) };
}

describe('journalMode wal', () => {
  test('puts databases into WAL mode, for everyone', async (t) => {
    const { sqlite3, util } = await setUpWal(t);
    const db = new util.OpfsSAHPoolDb('x.db');
    assert.equal(modeOf(db), 'wal');
    fill(db, 10);
    const other = new sqlite3.oo1.DB('file:x.db?vfs=a', 'w');
    assert.equal(modeOf(other), 'wal');
    assert.equal(countRows(other), 10);
    other.close();
  });

  test('keeps an empty -wal file, which the next open takes', async (t) => {
    const { util } = await setUpWal(t);
    let db = new util.OpfsSAHPoolDb({ filename: 'x.db' });
    fill(db, 100);
    db.close();
    assert.deepEqual(util.getFileNames().sort(), ['/x.db', '/x.db-wal']);
    assert.equal(util.exportFile('x.db-wal').length, 0);
    db = new util.OpfsSAHPoolDb('x.db');
    db.exec('delete from t where id > 50');
    assert.equal(countRows(db), 50);
    assert.deepEqual(util.getFileNames().sort(), ['/x.db', '/x.db-wal']);
    db.close();
    assert.equal(util.unlink('x.db'), true);
    assert.deepEqual(util.getFileNames(), []);
  });

  test('bounds the -wal file after a large transaction', async (t) => {
    const { util } = await setUpWal(t);
    const db = new util.OpfsSAHPoolDb('x.db');
    fill(db, 10);
    db.exec('create table big as select zeroblob(20000000) as content');
    assert.ok(util.exportFile('x.db-wal').length > 16 * MiB);
    db.exec('pragma wal_checkpoint; delete from t where id = 1');
    assert.equal(util.exportFile('x.db-wal').length, 8 * MiB);
    db.close();
  });

  test('lets who can only read open a database as it is', async (t) => {
    const { sqlite3, util } = await setUpWal(t);
    util.importDb('x.db', databaseBytes(sqlite3, 10));
    const db = new util.OpfsSAHPoolDb('x.db', 'r');
    assert.equal(modeOf(db), 'delete');
    assert.equal(countRows(db), 10);
    db.close();
  });

  test('is refused while the database is locked, and leaves no connection', async (t) => {
    const { sqlite3, util } = await setUpWal(t);
    const first = new sqlite3.oo1.DB('x.db', 'c', 'a');
    fill(first, 10);
    first.exec('begin immediate');
    assert.throws(() => new util.OpfsSAHPoolDb('x.db'), /locked/);
    first.exec('commit');
    first.close();
    await util.wipeFiles();
  });

  test('holds for a database that was imported over one with a WAL', async (t) => {
    const { sqlite3, util } = await setUpWal(t);
    let db = new util.OpfsSAHPoolDb('x.db');
    fill(db, 10);
    db.close();
    util.importDb('x.db', databaseBytes(sqlite3, 20));
    db = new util.OpfsSAHPoolDb('x.db');
    assert.equal(modeOf(db), 'wal');
    assert.equal(countRows(db), 20);
    db.exec('delete from t where id > 5');
    const bytes = util.exportFile('x.db');
    bytes.fill(1, 18, 20);
    assert.equal(rowsInBytes(sqlite3, bytes), 5);
    db.close();
  });
});

test('journalMode delete leaves a database in the mode that it has', async (t) => {
  const { install } = await setUp(t);
  const util = await install({ name: 'a', journalMode: 'delete' });
  let db = new util.OpfsSAHPoolDb('x.db');
  assert.equal(modeOf(db), 'delete');
  db.exec('pragma journal_mode = wal');
  fill(db, 10);
  db.close();
  assert.deepEqual(util.getFileNames(), ['/x.db']);
  db = new util.OpfsSAHPoolDb('x.db');
  assert.equal(modeOf(db), 'wal');
  assert.equal(countRows(db), 10);
  db.close();
});
