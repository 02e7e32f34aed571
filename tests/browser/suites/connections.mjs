// Several connections of one worker on one database behave as SQLite's locking says, step by step.
import assert from 'node:assert/strict';
import { it } from 'node:test';

const steps = 800;
const seeds = [1, 2, 3];

/** Runs in the worker: one seeded interleaving; see pages/interleaving.mjs. */
async function interleave({ sqlite3, tools, kept, interleaving }, { journalMode, seed, steps }) {
  kept.pool ??= await tools.installPool(sqlite3, `connections-${journalMode}`);
  const { OpfsSAHPoolDb } = kept.pool;
  const open = () => new OpfsSAHPoolDb(`${journalMode}-${seed}.db`);
  const outcome = interleaving.run({ open, journalMode, seed, steps });
  const names = kept.pool.getFileNames();
  for (const name of names) kept.pool.unlink(name);
  return { ...outcome, names };
}

/** Runs in the worker: what the second connection sees and may do at each stage of a transaction. */
async function contradict({ sqlite3, tools }, { journalMode }) {
  const pool = await tools.installPool(sqlite3, `conflict-${journalMode}`);
  const [first, second] = [new pool.OpfsSAHPoolDb('a.db'), new pool.OpfsSAHPoolDb('a.db')];
  first.exec(`PRAGMA journal_mode = ${journalMode}; CREATE TABLE t(x); INSERT INTO t VALUES(1)`);
  const count = 'SELECT count(*) FROM t';
  const code = (db, sql) => {
    try {
      db.exec(sql);
      return 0;
    } catch (error) {
      return error.resultCode;
    }
  };
  const seen = {};
  first.exec('BEGIN IMMEDIATE; INSERT INTO t VALUES(2)');
  seen.readsBesideReserved = second.selectValue(count);
  seen.secondWriter = code(second, 'INSERT INTO t VALUES(3)');
  second.exec('BEGIN');
  seen.snapshot = second.selectValue(count);
  seen.commitBesideReader = code(first, 'COMMIT');
  seen.snapshotAfterCommit = second.selectValue(count);
  seen.writeOnOldSnapshot = code(second, 'INSERT INTO t VALUES(3)');
  second.exec('ROLLBACK');
  seen.secondCommit = first.selectValue(count) && code(first, 'COMMIT');
  seen.finalCount = second.selectValue(count);
  first.close();
  second.close();
  return seen;
}

export function connections(session) {
  for (const journalMode of ['delete', 'truncate', 'persist', 'wal']) {
    it(`${steps} random steps of three connections, journal mode ${journalMode}`, async () => {
      const worker = await session.startWorker();
      for (const seed of seeds) {
        const outcome = await worker.evaluate(interleave, { journalMode, seed, steps });
        assert.deepEqual(outcome.problems, [], `seed ${seed}\n${outcome.log.join('\n')}`);
        // The walk must have been through what it is about.
        assert.ok(outcome.commits > 30, `${outcome.commits} commits`);
        assert.ok(outcome.busy > 40, `${outcome.busy} refused steps`);
        assert.equal(outcome.integrity, 'ok');
        assert.ok(!outcome.names.some((name) => name.endsWith('-wal')));
      }
    });
  }

  it('a reader blocks the commit of a rollback-journal writer', async () => {
    const worker = await session.startWorker();
    assert.deepEqual(await worker.evaluate(contradict, { journalMode: 'delete' }), {
      readsBesideReserved: 1,
      secondWriter: 5,
      snapshot: 1,
      commitBesideReader: 5,
      snapshotAfterCommit: 1,
      writeOnOldSnapshot: 5,
      secondCommit: 0,
      finalCount: 2,
    });
  });

  it('a reader of a WAL database keeps its snapshot while others commit', async () => {
    const worker = await session.startWorker();
    assert.deepEqual(await worker.evaluate(contradict, { journalMode: 'wal' }), {
      readsBesideReserved: 1,
      secondWriter: 5,
      snapshot: 1,
      commitBesideReader: 0,
      snapshotAfterCommit: 1,
      writeOnOldSnapshot: 517,
      secondCommit: 1,
      finalCount: 2,
    });
  });
}
