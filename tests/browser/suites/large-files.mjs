// Databases beyond 4 GiB. The file is sparse: its length is set by hand, and SQLite, told by the
// database header that all those pages exist, puts new ones behind them.
import assert from 'node:assert/strict';
import { it } from 'node:test';

const GiB = 2 ** 30;
const pageSize = 65_536;
const pages = (5 * GiB) / pageSize;

/** Runs in the worker: makes a small database and makes it 5 GiB long. */
async function makeLargeDatabase({ sqlite3, tools }, { directory, pageSize, pages }) {
  const pool = await tools.installPool(sqlite3, directory);
  const db = new pool.OpfsSAHPoolDb('large.db');
  db.exec(`PRAGMA page_size = ${pageSize}; CREATE TABLE t(id INTEGER PRIMARY KEY, content TEXT)`);
  db.exec("INSERT INTO t VALUES(1, 'before')");
  db.close();
  pool.pauseVfs();
  await tools.withRawFile(directory, '/large.db', (content) => {
    const pageCount = new Uint8Array(4);
    new DataView(pageCount.buffer).setUint32(0, pages);
    content.write(pageCount, 28);
    content.truncate(pages * pageSize);
  });
  await pool.unpauseVfs();
}

/** Runs in the worker: commits rows behind the 5 GiB and rolls others back. */
async function growLargeDatabase({ sqlite3, tools }, { directory }) {
  const pool = await tools.installPool(sqlite3, directory);
  const db = new pool.OpfsSAHPoolDb({ filename: 'large.db', flags: 'w' });
  const text = "printf('MARK %d ', value) || hex(zeroblob(40000))";
  const insert = (first, last) =>
    db.exec(
      `WITH RECURSIVE series(value) AS
         (SELECT ${first} UNION ALL SELECT value + 1 FROM series WHERE value < ${last})
       INSERT INTO t SELECT value, ${text} FROM series`,
    );
  insert(2, 20);
  // The small cache spills, so that rolling back has to cut the file.
  db.exec('PRAGMA cache_size = 5; BEGIN');
  insert(21, 60);
  db.exec('ROLLBACK');
  const rolledBack = db.selectValue('SELECT count(*) FROM t');
  const mode = db.selectValue('PRAGMA journal_mode = wal');
  insert(21, 30);
  db.exec('PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = delete');
  db.close();
  pool.pauseVfs();
  await pool.unpauseVfs();
  const again = new pool.OpfsSAHPoolDb({ filename: 'large.db', flags: 'w' });
  const wrong = again.selectValue(
    "SELECT count(*) FROM t WHERE id > 1 AND content NOT LIKE 'MARK ' || id || ' 0%00'",
  );
  const rows = again.selectValue('SELECT count(*) FROM t');
  const pageCount = again.selectValue('PRAGMA page_count');
  again.close();
  pool.pauseVfs();
  return { rolledBack, mode, wrong, rows, pageCount };
}

/** Runs in the worker: where the raw file has the rows' mark. */
function findMarks({ tools }, { directory, places, length }) {
  return tools.withRawFile(directory, '/large.db', (content) => ({
    size: content.size(),
    marks: places.map((at) => {
      const text = new TextDecoder('latin1').decode(content.read(at, length));
      return text.split('MARK ').length - 1;
    }),
  }));
}

export function largeFiles(session) {
  it('reads, writes, rolls back and checkpoints beyond 4 GiB', async () => {
    const directory = 'large';
    const worker = await session.startWorker();
    await worker.evaluate(makeLargeDatabase, { directory, pageSize, pages });
    const seen = await worker.evaluate(growLargeDatabase, { directory });
    assert.equal(seen.rolledBack, 20);
    assert.equal(seen.mode, 'wal');
    assert.equal(seen.rows, 30);
    assert.equal(seen.wrong, 0);
    assert.ok(seen.pageCount > pages);

    const raw = await worker.evaluate(findMarks, {
      directory,
      places: [5 * GiB, 5 * GiB - 4 * GiB],
      length: 64 * pageSize,
    });
    assert.equal(raw.size, seen.pageCount * pageSize);
    // Every new row is behind 5 GiB, and none where 32-bit offsets would have put it.
    assert.deepEqual(raw.marks, [29, 0]);
  });
}
