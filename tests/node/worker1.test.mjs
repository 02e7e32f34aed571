// What SQLite's Worker1 does to a VFS beside opening databases: `close` with `unlink` deletes by the
// name that was given to `open`, which may be a URI.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { databaseBytes, setUp } from './harness.mjs';

for (const name of [
  'u.db',
  '/u.db',
  'file:u.db?vfs=a',
  'file:/u.db?vfs=a',
  'file:///u.db?vfs=a&mode=rwc',
  'file://localhost/u.db?vfs=a#x',
  'file:/d/%C3%A4%20u.db?vfs=a',
]) {
  test(`a database opened as ${name} is deleted by that name`, async (t) => {
    const { sqlite3, install } = await setUp(t);
    const util = await install({ name: 'a' });
    util.importDb('/other.db', databaseBytes(sqlite3, 1));
    const db = new sqlite3.oo1.DB({ filename: name, vfs: 'a' });
    db.exec('create table t(x)');
    db.close();
    assert.equal(util.getFileCount(), 2);
    const { capi, wasm } = sqlite3;
    const resultCode = wasm.exports.sqlite3__wasm_vfs_unlink(
      capi.sqlite3_vfs_find('a'),
      wasm.allocCString(name),
    );
    assert.equal(resultCode, 0);
    assert.deepEqual(util.getFileNames(), ['/other.db']);
  });
}
