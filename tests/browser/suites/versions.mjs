// The side module plugs into the releases of the official package that it claims to, and into the
// builds of others.
import assert from 'node:assert/strict';
import { it } from 'node:test';

/** By their names in node_modules: the release called 3.51.2 brings SQLite 3.52. */
const versions = {
  '3.50': '3.50.4',
  3.51: '3.52.0',
  3.53: '3.53.4',
  3.54: '3.54.1',
  '@libsql/libsql-wasm-experimental': '3.45.1',
  '@evolu/sqlite-wasm': '3.50.4',
  '@sqliteai/sqlite-wasm': '3.50.4',
  'sqlite-vec-wasm': '3.50.4',
};

/** Runs in the worker: a round trip with a rollback journal and with a WAL of two connections. */
async function roundTrip({ sqlite3, tools }, { directory }) {
  const pool = await tools.installPool(sqlite3, directory);
  const db = new sqlite3.oo1.DB('items.db', 'c', directory);
  tools.fillItems(db, 100);
  const mode = db.selectValue('PRAGMA journal_mode = wal');
  const reader = new pool.OpfsSAHPoolDb('items.db');
  db.exec("BEGIN; INSERT INTO item(name, qty) VALUES('wal', 1)");
  const before = reader.selectValue('SELECT count(*) FROM item');
  db.exec('COMMIT');
  const after = reader.selectValue('SELECT count(*) FROM item');
  reader.close();
  db.close();
  pool.pauseVfs();
  await pool.unpauseVfs();
  const again = new pool.OpfsSAHPoolDb('items.db');
  const seen = {
    mode,
    before,
    after,
    ...tools.summary(again),
    version: sqlite3.version.libVersion,
  };
  again.close();
  return { ...seen, names: pool.getFileNames() };
}

export function versionsOfSqlite(session) {
  for (const [version, libraryVersion] of Object.entries(versions)) {
    it(`attaches to SQLite ${libraryVersion} as ${version}`, async () => {
      const worker = await session.startWorker({ sqlite: version });
      const seen = await worker.evaluate(roundTrip, {
        directory: `version-${version.replace(/\W+/g, '-')}`,
      });
      assert.deepEqual(seen, {
        mode: 'wal',
        before: 100,
        after: 101,
        rows: 101,
        sum: 7576,
        integrity: 'ok',
        version: libraryVersion,
        names: ['/items.db'],
      });
    });
  }
}
