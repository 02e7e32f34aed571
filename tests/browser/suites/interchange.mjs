// A pool goes back and forth between the official VFS and this one, clean or left by a crash.
import assert from 'node:assert/strict';
import { it } from 'node:test';

const fileNames = ['plain.db', 'with space.db', 'ünïcode-ß.db', '/deep/er/日本語 名前.db'];
const storedNames = [
  '/plain.db',
  '/with%20space.db',
  '/%C3%BCn%C3%AFcode-%C3%9F.db',
  '/deep/er/%E6%97%A5%E6%9C%AC%E8%AA%9E%20%E5%90%8D%E5%89%8D.db',
];

/** Runs in the worker: makes the databases `fileNames` and gives the pool back. */
async function writeDatabases({ sqlite3, tools }, { directory, fileNames }) {
  const pool = await tools.installPool(sqlite3, directory, { initialCapacity: 12 });
  fileNames.forEach((name, index) => {
    const db = new pool.OpfsSAHPoolDb(name);
    tools.fillItems(db, 100 * (index + 1), name);
    db.close();
  });
  pool.pauseVfs();
}

/** Runs in the worker: reads the databases, adds a row to each, and gives the pool back. */
async function readAndExtend({ sqlite3, tools }, { directory, fileNames }) {
  const pool = await tools.installPool(sqlite3, directory);
  const seen = { stored: pool.getFileNames().sort(), capacity: pool.getCapacity(), databases: [] };
  for (const name of fileNames) {
    const db = new pool.OpfsSAHPoolDb({ filename: name, flags: 'w' });
    const first = db.selectValue('SELECT name FROM item WHERE id = 1');
    seen.databases.push({ ...tools.summary(db), marked: first.startsWith(`${name} 1 `) });
    db.exec('INSERT INTO item(name, qty) VALUES(?, 0.5)', { bind: ['added'] });
    db.close();
  }
  pool.pauseVfs();
  return seen;
}

/** What readAndExtend() must see after `additions` such calls. */
function expectedDatabases(additions) {
  return fileNames.map((_, index) => {
    const rows = 100 * (index + 1);
    const sum = (rows * (rows + 1) * 1.5) / 2 + 0.5 * additions;
    return { rows: rows + additions, sum, integrity: 'ok', marked: true };
  });
}

/**
 * Runs in the worker: leaves a transaction open that has already changed the database file, as the
 * small cache spills into it.
 */
async function leaveHotJournal({ sqlite3, tools, kept }, { directory }) {
  const pool = await tools.installPool(sqlite3, directory);
  const db = new pool.OpfsSAHPoolDb('hot ß.db');
  kept.db = db;
  tools.fillItems(db, 10_000);
  db.exec('PRAGMA cache_size = 10; PRAGMA cache_spill = ON; BEGIN');
  db.exec("UPDATE item SET name = 'UNCOMMITTED ' || name, qty = -1");
}

/** Runs in the worker: what the killed browser left behind, seen without any VFS. */
async function inspectRemains({ tools }, { directory }) {
  const stored = '/hot%20%C3%9F.db';
  const slots = await tools.readSlots(directory);
  return {
    changed: await tools.rawFileContains(directory, stored, 'UNCOMMITTED'),
    journalBytes: slots.find(({ path }) => path === `${stored}-journal`)?.size ?? 0,
  };
}

/** Runs in the worker: opens what leaveHotJournal() left. */
async function openHotDatabase({ sqlite3, tools }, { directory }) {
  const pool = await tools.installPool(sqlite3, directory);
  const db = new pool.OpfsSAHPoolDb({ filename: 'hot ß.db', flags: 'w' });
  const seen = tools.summary(db);
  db.exec("INSERT INTO item(name, qty) VALUES('after', 1)");
  seen.rowsAfterWriting = db.selectValue('SELECT count(*) FROM item');
  db.close();
  seen.names = pool.getFileNames();
  pool.pauseVfs();
  return seen;
}

const rolledBack = {
  rows: 10_000,
  sum: 75_007_500,
  integrity: 'ok',
  rowsAfterWriting: 10_001,
  names: ['/hot%20%C3%9F.db'],
};

/** Runs in the worker: commits into a WAL that nobody checkpoints. */
async function leaveWal({ sqlite3, tools, kept }, { directory }) {
  const pool = await tools.installPool(sqlite3, directory);
  const db = new pool.OpfsSAHPoolDb('wal.db');
  kept.db = db;
  const mode = db.selectValue('PRAGMA journal_mode = wal');
  db.exec('PRAGMA wal_autocheckpoint = 0');
  tools.fillItems(db, 500);
  db.exec("BEGIN; INSERT INTO item(name, qty) VALUES('uncommitted', 1)");
  return mode;
}

/** Runs in the worker: opens what leaveWal() left, as the official VFS needs it, and empties the WAL. */
async function openWal({ sqlite3, tools }, { directory, exclusive }) {
  const pool = await tools.installPool(sqlite3, directory);
  const db = new pool.OpfsSAHPoolDb({ filename: 'wal.db', flags: 'w' });
  if (exclusive) db.exec('PRAGMA locking_mode = exclusive');
  const seen = { ...tools.summary(db), mode: db.selectValue('PRAGMA journal_mode') };
  db.close();
  seen.names = pool.getFileNames();
  pool.pauseVfs();
  return seen;
}

const recovered = { rows: 500, sum: 187_875, integrity: 'ok', mode: 'wal', names: ['/wal.db'] };

export function interchange(session) {
  for (const [writer, reader] of [
    ['official', 'sahpool'],
    ['sahpool', 'official'],
  ]) {
    it(`${writer} writes, ${reader} reads and writes, and back`, async () => {
      const page = await session.openPage();
      const input = { directory: `clean-${writer}`, fileNames };
      await (await page.startWorker({ vfs: writer })).evaluate(writeDatabases, input);
      for (const [additions, vfs] of [reader, writer, reader].entries()) {
        const seen = await (await page.startWorker({ vfs })).evaluate(readAndExtend, input);
        assert.deepEqual(seen.databases, expectedDatabases(additions), `read by ${vfs}`);
        assert.deepEqual(seen.stored, storedNames.toSorted());
        assert.equal(seen.capacity, 12);
      }
    });
  }

  it('a killed browser leaves hot journals and WALs that the other side recovers', async () => {
    const page = await session.openPage();
    const [official, sahpool] = await Promise.all(
      ['official', 'sahpool'].map((vfs) => page.startWorker({ vfs })),
    );
    await official.evaluate(leaveHotJournal, { directory: 'hot-by-official' });
    await sahpool.evaluate(leaveHotJournal, { directory: 'hot-by-sahpool' });
    await sahpool.evaluate(leaveHotJournal, { directory: 'hot-for-itself' });
    assert.equal(await sahpool.evaluate(leaveWal, { directory: 'wal-for-official' }), 'wal');
    assert.equal(await sahpool.evaluate(leaveWal, { directory: 'wal-for-itself' }), 'wal');

    await session.crashAndRestart();

    const restarted = await session.openPage();
    const [bare, officialAgain, sahpoolAgain] = await Promise.all(
      ['none', 'official', 'sahpool'].map((vfs) => restarted.startWorker({ vfs })),
    );
    for (const directory of ['hot-by-official', 'hot-by-sahpool', 'hot-for-itself']) {
      const { changed, journalBytes } = await bare.evaluate(inspectRemains, { directory });
      assert.ok(changed, `${directory}: the database file holds uncommitted rows`);
      assert.ok(journalBytes > 512, `${directory}: the journal has content`);
    }
    const open = (worker, directory) => worker.evaluate(openHotDatabase, { directory });
    assert.deepEqual(await open(sahpoolAgain, 'hot-by-official'), rolledBack);
    assert.deepEqual(await open(officialAgain, 'hot-by-sahpool'), rolledBack);
    assert.deepEqual(await open(sahpoolAgain, 'hot-for-itself'), rolledBack);

    const byOfficial = { directory: 'wal-for-official', exclusive: true };
    const byItself = { directory: 'wal-for-itself', exclusive: false };
    assert.deepEqual(await officialAgain.evaluate(openWal, byOfficial), recovered);
    assert.deepEqual(await sahpoolAgain.evaluate(openWal, byItself), recovered);
  });
}
