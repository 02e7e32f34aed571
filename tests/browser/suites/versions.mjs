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

const waSqliteBuilds = [
  'wa-sqlite',
  'wa-sqlite-async',
  'mc-wa-sqlite',
  'wa-sqlite-dynamic-main',
  'wa-sqlite-async-dynamic-main',
];

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

/** Runs in the worker: the same with wa-sqlite, whose functions are others. */
async function waSqliteRoundTrip(_, { build, directory }) {
  const folder = '/node_modules/@journeyapps/wa-sqlite';
  const { Factory } = await import(`${folder}/src/sqlite-api.js`);
  const { default: factory } = await import(`${folder}/dist/${build}.mjs`);
  const { loadWaSqlite } = await import('/npm/dist/wa-sqlite/index.js');
  const { module, installOpfsSAHPoolVfs } = await loadWaSqlite(factory, {
    sqlite: `${folder}/dist/${build}.wasm`,
  });
  const pool = await installOpfsSAHPoolVfs({ name: directory, directory });
  const sqlite3 = Factory(module);
  const open = () => sqlite3.open_v2('items.db', undefined, directory);
  const values = async (db, sql) => {
    const found = [];
    await sqlite3.exec(db, sql, (row) => found.push(...row));
    return found;
  };
  const [db, reader] = [await open(), await open()];
  const mode = await values(db, 'PRAGMA journal_mode = wal');
  await values(db, 'CREATE TABLE item(qty); INSERT INTO item VALUES (1), (2); BEGIN');
  await values(db, 'INSERT INTO item VALUES (3)');
  const before = await values(reader, 'SELECT count(*) FROM item');
  await values(db, 'COMMIT');
  const after = await values(reader, 'SELECT count(*) FROM item');
  await sqlite3.close(reader);
  await sqlite3.close(db);
  pool.pauseVfs();
  await pool.unpauseVfs();
  const again = await open();
  const seen = await values(again, 'SELECT sum(qty) FROM item; PRAGMA integrity_check');
  await sqlite3.close(again);
  return { read: [...mode, ...before, ...after, ...seen], names: pool.getFileNames() };
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

  for (const build of waSqliteBuilds) {
    it(`attaches to ${build}`, async () => {
      const worker = await session.startWorker({ vfs: 'none' });
      const seen = await worker.evaluate(waSqliteRoundTrip, { build, directory: `of-${build}` });
      assert.deepEqual(seen, { read: ['wal', 2, 3, 6, 'ok'], names: ['/items.db'] });
    });
  }
}
