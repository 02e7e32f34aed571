// SQLite3 Multiple Ciphers: its VFS encrypts what it passes on to the pool's.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { countRows, fill, setUp, sqliteError } from './harness.mjs';

const KEY = 'correct horse';

/** A pool with what opens a database of it with a key. */
async function setUpEncrypted(t) {
  const databases = new Set();
  t.after(() => {
    for (const db of databases) db.close();
  });
  const context = await setUp(t, { version: '@evolu/sqlite-wasm' });
  const util = await context.install({ name: 'pool', initialCapacity: 10 });
  const { sqlite3 } = context;
  const open = (name, key = KEY) => {
    const db = new sqlite3.oo1.DB(`file:${name}?vfs=multipleciphers-pool`, 'c');
    databases.add(db);
    db.exec(`pragma key = '${key}'`);
    return db;
  };
  /** Throws what is wrong with the database. */
  const check = (name, key) => {
    const db = open(name, key);
    try {
      assert.equal(db.selectValue('pragma integrity_check'), 'ok');
    } finally {
      db.close();
    }
  };
  return { ...context, util, open, check };
}

/** The bytes of an encrypted database of `count` rows, which is not in the pool any more. */
function encryptedBytes({ util, open }, count) {
  const db = open('/made.db');
  fill(db, count);
  db.close();
  const bytes = util.exportFile('/made.db');
  util.unlink('/made.db');
  return bytes;
}

test('nothing of an encrypted database can be read in its slots', async (t) => {
  const { opfs, util, open } = await setUpEncrypted(t);
  for (const mode of ['delete', 'wal']) {
    const db = open(`/${mode}.db`);
    assert.equal(db.selectValue(`pragma journal_mode = ${mode}`), mode);
    db.exec("create table t(x); insert into t values ('plain text of a secret')");
    db.exec("begin; insert into t values ('plain text of another')");
    const second = open(`/${mode}.db`);
    assert.equal(countRows(second), 1);
    for (const { bytes } of opfs.slots('.pool')) {
      assert.ok(!Buffer.from(bytes).includes('plain text'));
    }
    db.exec('commit');
    assert.equal(countRows(second), 2);
    second.close();
    db.close();
  }
  util.pauseVfs();
  await util.unpauseVfs();
  for (const name of ['/delete.db', '/wal.db']) {
    const db = open(name);
    assert.equal(countRows(db), 2);
    db.close();
  }
});

test('an export in the middle of a transaction is what is committed, or fails', async (t) => {
  const { util, open } = await setUpEncrypted(t);
  for (const mode of ['delete', 'wal']) {
    const db = open(`/${mode}.db`);
    db.exec(`pragma journal_mode = ${mode}; pragma cache_size = 5`);
    fill(db, 500);
    db.exec("begin; update t set text = text || 'x'");
    db.exec('insert into t select id + 1000, text from t limit 20');
    let bytes;
    try {
      bytes = util.exportFile(`/${mode}.db`);
    } catch (error) {
      assert.equal(error.name, 'SQLite3Error');
    }
    db.exec('rollback');
    db.close();
    if (!bytes) continue;
    util.importDb('/copy.db', bytes, () => undefined);
    const copy = open('/copy.db');
    assert.equal(countRows(copy), 500);
    assert.equal(copy.selectValue("select count(*) from t where text like '%x'"), 0);
    copy.close();
  }
});

test('encrypted bytes are imported only with a check', async (t) => {
  const context = await setUpEncrypted(t);
  const { sqlite3, util, open, check } = context;
  const bytes = encryptedBytes(context, 300);
  assert.throws(() => util.importDb('/a.db', bytes), sqliteError(sqlite3, 'SQLITE_NOTADB'));
  const names = [];
  const size = util.importDb('/a.db', bytes, (name) => {
    names.push(name);
    check(name);
  });
  assert.equal(size, bytes.length);
  assert.deepEqual(names, ['/a.db.importing']);
  assert.deepEqual(util.getFileNames(), ['/a.db']);
  const db = open('/a.db');
  assert.equal(countRows(db), 300);
  db.close();
  assert.deepEqual(util.exportFile('/a.db'), bytes);
});

test('what a check leaves in a journal or a WAL is part of the import', async (t) => {
  const { sqlite3, install } = await setUp(t);
  const util = await install({ name: 'pool', initialCapacity: 10 });
  const made = new util.OpfsSAHPoolDb('/made.db');
  fill(made, 50);
  made.close();
  const bytes = util.exportFile('/made.db');
  for (const mode of ['persist', 'wal']) {
    util.importDb('/a.db', bytes, (name) => {
      const db = new util.OpfsSAHPoolDb(name);
      // With its last close SQLite would end the WAL.
      sqlite3.capi.sqlite3_db_config(db, sqlite3.capi.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, 0);
      db.exec(
        `pragma journal_mode=${mode}; create table of_check(mode); insert into of_check values('${mode}')`,
      );
      db.close();
    });
    assert.deepEqual(util.getFileNames().sort(), ['/a.db', '/made.db']);
    const db = new util.OpfsSAHPoolDb('/a.db');
    assert.equal(db.selectValue('select mode from of_check'), mode);
    assert.equal(countRows(db), 50);
    db.exec('pragma journal_mode=delete');
    db.close();
  }
});

test('encrypted bytes are imported in pieces', async (t) => {
  const context = await setUpEncrypted(t);
  const { util, open, check } = context;
  const bytes = encryptedBytes(context, 300);
  let at = 0;
  const source = () => (at < bytes.length ? bytes.subarray(at, (at += 1000)) : undefined);
  assert.equal(await util.importDb('/a.db', source, check), bytes.length);
  const db = open('/a.db');
  assert.equal(countRows(db), 300);
  db.close();
});

test('what fails its check leaves the old database and nothing else', async (t) => {
  const context = await setUpEncrypted(t);
  const { sqlite3, util, open, check } = context;
  const bytes = encryptedBytes(context, 300);
  util.importDb('/a.db', bytes, check);
  const free = util.getCapacity() - util.getFileCount();
  const damaged = encryptedBytes(context, 400);
  damaged.fill(0, 5000, 5100);
  const wrong = new Error('not this one');
  for (const [given, checkIt, expected] of [
    [damaged, check, /./],
    [bytes, (name) => check(name, 'wrong key'), sqliteError(sqlite3, 'SQLITE_NOTADB')],
    [
      bytes,
      () => {
        throw wrong;
      },
      wrong,
    ],
    [bytes.subarray(0, 1000), check, sqliteError(sqlite3, 'SQLITE_NOTADB')],
    [bytes, (name) => util.unlink(name), sqliteError(sqlite3, 'SQLITE_BUSY', /open or gone/)],
    [bytes, 7, TypeError],
    // Nobody waits for a promise: what it finds would come too late.
    [bytes, async () => Promise.reject(wrong), TypeError],
    [
      bytes,
      () => util.pauseVfs(),
      sqliteError(sqlite3, 'SQLITE_MISUSE', /import or export is running/),
    ],
  ]) {
    assert.throws(() => util.importDb('/a.db', given, checkIt), expected);
    assert.deepEqual(util.getFileNames(), ['/a.db']);
    assert.equal(util.getCapacity() - util.getFileCount(), free);
    const db = open('/a.db');
    assert.equal(countRows(db), 300);
    db.close();
  }
});

test('what its check leaves open is not taken', async (t) => {
  const context = await setUpEncrypted(t);
  const { sqlite3, util, open } = context;
  const bytes = encryptedBytes(context, 100);
  let left;
  const leave = (name) => {
    left = open(name);
    assert.equal(countRows(left), 100);
  };
  const isBusy = sqliteError(sqlite3, 'SQLITE_BUSY', /open or gone/);
  assert.throws(() => util.importDb('/a.db', bytes, leave), isBusy);
  left.close();
  assert.deepEqual(util.getFileNames(), ['/a.db.importing']);
  // What has the temporary name is somebody's, and stays.
  assert.throws(() => util.importDb('/a.db', bytes, () => undefined), /importing exists already/);
  assert.deepEqual(util.getFileNames(), ['/a.db.importing']);
  util.unlink('/a.db.importing');
  util.importDb('/a.db', bytes, () => undefined);
  assert.deepEqual(util.getFileNames(), ['/a.db']);
  const old = open('/a.db');
  assert.equal(countRows(old), 100);
  assert.throws(() => util.importDb('/a.db', bytes, () => undefined), {
    resultCode: sqlite3.capi.SQLITE_BUSY,
  });
  assert.deepEqual(util.getFileNames(), ['/a.db']);
  assert.equal(countRows(old), 100);
});
