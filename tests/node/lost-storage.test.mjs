// Storage that goes away under an open pool: handles that a browser has invalidated, as Safari does
// to pages in the background, and files that it has deleted along with the site's data. Closing what
// is open and taking the pool back is enough; no reload is needed, and nothing that is left is lost.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { countRows, fill, setUpPool, setUpWithDatabase, sqliteError } from './harness.mjs';

/** Lets every call of every handle fail until the returned function is called. */
function invalidateHandles(opfs) {
  const operations = ['read', 'write', 'truncate', 'getSize', 'flush', 'close'];
  const restorers = operations.map((operation) =>
    opfs.faults.on(operation, () => {
      throw new DOMException('The object is in an invalid state.', 'InvalidStateError');
    }),
  );
  return () => restorers.forEach((restore) => restore());
}

describe('handles that have become invalid', () => {
  for (const mode of ['delete', 'wal']) {
    for (const moment of ['between transactions', 'within one']) {
      test(`${moment}, journal mode ${mode}`, async (t) => {
        const { sqlite3, opfs, util, db } = await setUpWithDatabase(t);
        db.exec(`pragma journal_mode = ${mode}; pragma cache_size = 5`);
        if (moment === 'within one') db.exec("begin; update t set text = 'lost'");
        const restore = invalidateHandles(opfs);
        assert.throws(
          () => util.exportFile('x.db'),
          sqliteError(sqlite3, 'SQLITE_IOERR', /invalid/),
        );
        assert.throws(() => db.exec("update t set text = 'lost'; commit"), /invalid state/);
        db.close();
        util.pauseVfs();
        restore();
        opfs.dropHandles();

        await util.unpauseVfs();
        const again = new util.OpfsSAHPoolDb('x.db');
        assert.equal(countRows(again), 100);
        assert.equal(again.selectValue("select count(*) from t where text = 'lost'"), 0);
        assert.equal(again.selectValue('pragma integrity_check'), 'ok');
      });
    }
  }
});

test('files that were deleted leave an open database as it is, and make room for a new pool', async (t) => {
  const { opfs, util, db } = await setUpWithDatabase(t);
  opfs.root.entries.clear();
  db.exec("update t set text = 'still'");
  assert.equal(countRows(db), 100);
  db.close();
  util.pauseVfs();
  await util.unpauseVfs();
  assert.deepEqual(util.getFileNames(), []);
  const again = new util.OpfsSAHPoolDb('x.db');
  fill(again, 3);
  assert.equal(countRows(again), 3);
});

test('files that were deleted do not keep a pool from being removed', async (t) => {
  const { opfs, util } = await setUpPool(t);
  opfs.root.entries.clear();
  assert.equal(await util.removeVfs(), true);
});
