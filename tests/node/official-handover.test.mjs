// A pool that goes from sahpool to the official VFS and back, each time from a killed process.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { fill, loadOfficial, setUp, useStandIns } from './harness.mjs';

const options = { name: 'pool', directory: 'dir' };
const SEALED_JOURNAL = 0x820;

/** Whether a slot holds a journal whose header says that it has a seal. */
function hasSealedJournal(opfs) {
  return opfs.slots('dir').some(({ bytes }) => {
    const flags = new DataView(bytes.buffer, bytes.byteOffset).getUint32(512);
    return (flags & SEALED_JOURNAL) === SEALED_JOURNAL;
  });
}

/** What a process leaves that is killed in the middle of a transaction that changes all rows. */
function killInTransaction(opfs, db, text) {
  db.exec(['pragma cache_size = 5; begin; update t set text = ', `'${text}'`]);
  const left = opfs.clone();
  db.exec('rollback');
  db.close();
  return left;
}

for (const journalMode of ['delete', 'truncate', 'persist']) {
  for (const lockingMode of ['exclusive', 'normal']) {
    test(`journal mode ${journalMode}, locking mode ${lockingMode}`, async (t) => {
      const first = await setUp(t);
      const util = await first.install(options);
      const db = new util.OpfsSAHPoolDb('/x.db');
      fill(db, 500);
      const leftByOurs = killInTransaction(first.opfs, db, 'ours');
      util.pauseVfs();
      assert.equal(hasSealedJournal(leftByOurs), true);

      useStandIns(t, leftByOurs);
      const official = await (await loadOfficial('3.54')).installOpfsSAHPoolVfs(options);
      const officialDb = new official.OpfsSAHPoolDb('/x.db');
      officialDb.exec(`pragma locking_mode = ${lockingMode}; pragma journal_mode = ${journalMode}`);
      assert.equal(officialDb.selectValue("select count(*) from t where text like 'row %'"), 500);
      officialDb.exec('update t set text = text || 1');
      const leftByOfficial = killInTransaction(leftByOurs, officialDb, 'official');

      const { install } = await setUp(t, { opfs: leftByOfficial });
      const again = new (await install(options)).OpfsSAHPoolDb('/x.db');
      assert.equal(again.selectValue("select count(*) from t where text like 'row %1'"), 500);
      assert.equal(again.selectValue('pragma integrity_check'), 'ok');
    });
  }
}
