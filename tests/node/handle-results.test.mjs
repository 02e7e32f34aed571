// What a handle returns is judged: only a count from 0 to what was asked is one.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { databaseBytes, setUpPool } from './harness.mjs';

const NO_COUNTS = [-1, -8.5, 0.5, NaN, Infinity, undefined, null, '4096', 2 ** 40];

for (const result of NO_COUNTS) {
  // The stand-in takes undefined as "do the work".
  const instead = result === undefined ? Promise.resolve() : result;
  const shown = String(result);

  test(`write() that returns ${shown} is an I/O error`, async (t) => {
    const { sqlite3, opfs, util } = await setUpPool(t);
    const stop = opfs.faults.on('write', () => instead ?? Object(null));
    assert.throws(
      () => util.importDb('/y.db', databaseBytes(sqlite3, 10)),
      (error) =>
        (error.resultCode & 0xff) === sqlite3.capi.SQLITE_IOERR && /returned/.test(error.message),
    );
    stop();
    assert.ok(util.exportFile('/x.db').length > 0);
    util.importDb('/y.db', databaseBytes(sqlite3, 10));
    assert.deepEqual(util.getFileNames().sort(), ['/x.db', '/y.db']);
  });

  test(`read() that returns ${shown} is an I/O error`, async (t) => {
    const { sqlite3, opfs, util } = await setUpPool(t);
    const stop = opfs.faults.on('read', () => instead ?? Object(null));
    assert.throws(
      () => util.exportFile('/x.db'),
      (error) =>
        (error.resultCode & 0xff) === sqlite3.capi.SQLITE_IOERR && /returned/.test(error.message),
    );
    stop();
    assert.ok(util.exportFile('/x.db').length > 0);
  });

  test(`getSize() that returns ${shown} ends a start`, async (t) => {
    const { opfs, util } = await setUpPool(t);
    util.pauseVfs();
    if (result === 2 ** 40) return;
    let calls = 0;
    // The first call for each slot asks whether this browser's handles are synchronous.
    const stop = opfs.faults.on('getSize', () =>
      ++calls > 6 ? (instead ?? Object(null)) : undefined,
    );
    await assert.rejects(util.unpauseVfs(), /returned/);
    stop();
    await util.unpauseVfs();
    assert.deepEqual(util.getFileNames(), ['/x.db']);
  });
}

for (const result of [4294967288, -8]) {
  test(`write() that returns ${result} is a full disk`, async (t) => {
    const { sqlite3, opfs, util } = await setUpPool(t);
    const stop = opfs.faults.on('write', () => result);
    assert.throws(
      () => util.importDb('/y.db', databaseBytes(sqlite3, 10)),
      (error) =>
        error.resultCode === sqlite3.capi.SQLITE_FULL && error.message.includes(String(result)),
    );
    stop();
    util.importDb('/y.db', databaseBytes(sqlite3, 10));
    assert.deepEqual(util.getFileNames().sort(), ['/x.db', '/y.db']);
  });
}
