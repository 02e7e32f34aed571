// SQLite3 Multiple Ciphers: its VFS encrypts what it passes on to the pool's.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { countRows, setUp } from './harness.mjs';

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
  return { ...context, util, open };
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
