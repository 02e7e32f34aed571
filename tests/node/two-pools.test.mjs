// Transactions over the databases of two pools.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { fill, setUp } from './harness.mjs';

/** A connection to a database of pool "a", with one of pool "b" attached. */
async function attachTwo(t) {
  const { sqlite3, install } = await setUp(t);
  const util = await install({ name: 'a' });
  await install({ name: 'b' });
  const db = new util.OpfsSAHPoolDb('/x.db');
  t.after(() => db.close());
  fill(db, 100);
  db.exec("attach 'file:/y.db?vfs=b' as other; create table other.u as select * from t");
  const rows = () =>
    db.selectArray(
      "select (select count(*) from t where text = 'new'), (select count(*) from u where text = 'new')",
    );
  return { sqlite3, db, rows };
}

for (const journalMode of ['delete', 'truncate', 'persist']) {
  test(`a commit that could be torn is refused: ${journalMode}`, async (t) => {
    const { sqlite3, db, rows } = await attachTwo(t);
    db.exec(`pragma main.journal_mode=${journalMode}; pragma other.journal_mode=${journalMode}`);
    db.exec("begin; update t set text = 'new'; update u set text = 'new'");
    assert.throws(() => db.exec('commit'), {
      resultCode: sqlite3.capi.SQLITE_IOERR_WRITE,
      message: /a commit over two VFSes could be torn: use one pool, or WAL/,
    });
    assert.deepEqual(rows(), [0, 0]);
    db.exec("update t set text = 'new'; update u set text = 'new'");
    assert.deepEqual(rows(), [100, 100]);
  });
}

test('one in WAL mode, beside a database in memory', async (t) => {
  const { db, rows } = await attachTwo(t);
  db.exec("pragma other.journal_mode=wal; attach ':memory:' as memory; create table memory.m(x)");
  db.exec("begin; update t set text = 'new'; update u set text = 'new'");
  db.exec('insert into m values (1); commit');
  assert.deepEqual(rows(), [100, 100]);
});
