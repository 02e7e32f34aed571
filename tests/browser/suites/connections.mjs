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

/** Runs in the worker: a pool of WAL databases, closed and opened anew; an export in pieces. */
async function keepWal({ sqlite3, tools }) {
  const pool = await tools.installPool(sqlite3, 'keep-wal', { journalMode: 'wal' });
  const seen = { modes: [], sizes: [] };
  for (const content of ['first', 'second']) {
    const db = new pool.OpfsSAHPoolDb('a.db');
    seen.modes.push(db.selectValue('PRAGMA journal_mode'));
    db.exec(`CREATE TABLE ${content} AS SELECT zeroblob(3000000) AS x`);
    db.close();
    seen.sizes.push(pool.exportFile('a.db-wal').length);
    pool.pauseVfs();
    await pool.unpauseVfs();
  }
  let next = 0;
  const pieces = [];
  pool.exportFile('a.db', (piece) => pieces.push(piece.slice()));
  await pool.importDb('copy.db', () => pieces[next++]);
  const copy = new pool.OpfsSAHPoolDb('copy.db');
  seen.copied = copy.selectValue('SELECT length(first.x) + length(second.x) FROM first, second');
  seen.integrity = copy.selectValue('PRAGMA integrity_check');
  copy.close();
  return { ...seen, pieces: pieces.length, names: pool.getFileNames().sort() };
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

  it('a pool of WAL databases keeps their emptied -wal files', async () => {
    const worker = await session.startWorker();
    const { pieces, ...seen } = await worker.evaluate(keepWal);
    assert.ok(pieces > 1, `${pieces} pieces`);
    assert.deepEqual(seen, {
      modes: ['wal', 'wal'],
      sizes: [0, 0],
      copied: 6_000_000,
      integrity: 'ok',
      names: ['/a.db', '/a.db-wal', '/copy.db', '/copy.db-wal'],
    });
  });

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
