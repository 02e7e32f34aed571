// What WebKitGTK is tested for: the error of its own OPFS, whose handles can't be opened, and
// everything else over a stand-in for it.
import { attach, UnsupportedEnvironmentError } from '/npm/dist/index.js';
import { StandInOpfs } from '/tests/standin/opfs.mjs';
import { loadSqlite } from './load-sqlite.mjs';
import * as tools from './tools.mjs';

async function startOnRealStorage(sqlite3) {
  try {
    await tools.installPool(sqlite3, 'real');
    return { started: true };
  } catch (error) {
    const isOwnClass = error instanceof UnsupportedEnvironmentError;
    return { name: error.name, message: error.message, isOwnClass };
  }
}

async function roundTripOnStandIn(sqlite3) {
  new StandInOpfs().install();
  const pool = await tools.installPool(sqlite3, 'standin');
  const db = new sqlite3.oo1.DB('items.db', 'c', 'standin');
  tools.fillItems(db, 1000);
  db.exec('BEGIN; DELETE FROM item; ROLLBACK');
  const mode = db.selectValue('PRAGMA journal_mode = wal');
  db.exec("INSERT INTO item(name, qty) VALUES('in the WAL', 1)");
  const reader = new pool.OpfsSAHPoolDb('items.db');
  const seenByReader = tools.summary(reader);
  const image = pool.exportFile('items.db');
  reader.close();
  db.close();
  pool.importDb('copy.db', image);
  pool.pauseVfs();
  await pool.unpauseVfs();
  const copy = new pool.OpfsSAHPoolDb('copy.db');
  const seenInCopy = tools.summary(copy);
  copy.close();
  const refused = await tools.errorOf(() => pool.importDb('bad.db', new Uint8Array(1024)));
  return { mode, seenByReader, seenInCopy, refused, names: pool.getFileNames().sort() };
}

async function run() {
  const sqlite3 = await attach(await loadSqlite('3.54'));
  const real = await startOnRealStorage(sqlite3);
  return { real, standIn: await roundTripOnStandIn(sqlite3) };
}

run().then(
  (outcome) => postMessage(outcome),
  (error) => postMessage({ failed: `${error.name}: ${error.message}\n${error.stack}` }),
);
