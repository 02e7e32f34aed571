// What an export's sink and an import's source may do to the pool that calls them.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { countRows, databaseBytes, rowsInBytes, setUpPool, sqliteError } from './harness.mjs';

/** Whatever was done to it, the pool is as a pool has to be. */
async function assertUsable({ sqlite3, util }) {
  assert.equal(util.isPaused(), false);
  assert.notEqual(sqlite3.capi.sqlite3_vfs_find('a'), 0);
  util.importDb('/after.db', databaseBytes(sqlite3, 7));
  const db = new util.OpfsSAHPoolDb('/after.db');
  assert.equal(countRows(db), 7);
  db.close();
  util.pauseVfs();
  await util.unpauseVfs();
  assert.ok(util.getFileNames().includes('/after.db'));
}

const deeds = {
  'pauseVfs()': (util) => util.pauseVfs(),
  'unpauseVfs()': (util) => util.unpauseVfs(),
  'wipeFiles()': (util) => util.wipeFiles(),
  'unlink() of the file': (util) => util.unlink('/x.db'),
  'reduceCapacity()': (util) => util.reduceCapacity(1),
  'addCapacity()': (util) => util.addCapacity(1),
  'exportFile()': (util) => util.exportFile('/x.db'),
  'an error': () => {
    throw new Error('thrown');
  },
};

for (const [title, deed] of Object.entries(deeds)) {
  test(`${title} in a sink leaves the pool usable`, async (t) => {
    const context = await setUpPool(t);
    let outcome;
    try {
      context.util.exportFile('/x.db', () => {
        outcome = deed(context.util);
      });
    } catch (error) {
      assert.ok(error instanceof context.sqlite3.SQLite3Error || error.message === 'thrown', error);
    }
    await Promise.resolve(outcome).catch(() => undefined);
    await assertUsable(context);
  });

  test(`${title} in a source leaves the pool usable`, async (t) => {
    const context = await setUpPool(t);
    const bytes = databaseBytes(context.sqlite3, 50);
    let calls = 0;
    let outcome;
    const importing = context.util.importDb('/y.db', async () => {
      if (++calls > 1) return undefined;
      outcome = Promise.resolve(deed(context.util));
      outcome.catch(() => undefined);
      return bytes;
    });
    await Promise.allSettled([importing]);
    await Promise.allSettled([outcome]);
    await assertUsable(context);
  });
}

describe('an export', () => {
  test('can not be paused away', async (t) => {
    const { sqlite3, util } = await setUpPool(t);
    const isBusy = sqliteError(sqlite3, 'SQLITE_MISUSE', /can't be paused while an .* is running/);
    const parts = [];
    util.exportFile('/x.db', (piece) => {
      assert.throws(() => util.pauseVfs(), isBusy);
      parts.push(piece.slice());
    });
    assert.equal(rowsInBytes(sqlite3, new Uint8Array(Buffer.concat(parts))), 100);
    util.pauseVfs();
  });

  test('ends before removeVfs() begins', async (t) => {
    const { util, opfs } = await setUpPool(t);
    let removal;
    assert.ok(util.exportFile('/x.db', () => void (removal = util.removeVfs())) > 0);
    assert.equal(await removal, true);
    assert.equal(opfs.root.entries.size, 0);
  });

  test('refuses an asynchronous sink', async (t) => {
    const { util } = await setUpPool(t);
    assert.throws(() => util.exportFile('/x.db', async () => undefined), TypeError);
    util.pauseVfs();
  });
});
