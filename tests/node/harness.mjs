// What the tests of the package share: the SQLite versions, the side module, and a fresh OPFS
// for each test.

import fs from 'node:fs';
import { fileURLToPath } from 'node:url';

import { attach } from '../../npm/dist/index.js';
import { shortenNames } from '../../npm/short-names.mjs';
import { StandInLocks } from '../standin/locks.mjs';
import { StandInOpfs } from '../standin/opfs.mjs';
import { replaceProperties } from '../standin/replace-properties.mjs';
import { initialize, otherBuilds, versions } from './builds.mjs';

export { versions };

export const sideModule = await WebAssembly.compile(
  fs.readFileSync(fileURLToPath(new URL('../../npm/dist/sahpool.wasm', import.meta.url))),
);

/** What the names of the linked module's imports and exports are in the package's. */
export const { names: shortNames } = shortenNames(
  fs.readFileSync(new URL('../../build/wasm/sahpool.wasm', import.meta.url)),
);

/**
 * An sqlite3 namespace of its own, whose console output goes to `logs`.
 * @param version of the official package, or the name of another build's package.
 */
export async function loadSqlite(version = '3.54', logs = []) {
  const logger =
    (level) =>
    (...args) =>
      logs.push({ level, text: args.map(String).join(' ') });
  const config = { error: logger('error'), warn: logger('warn'), log: logger('log') };
  const restore = replaceProperties(globalThis, { sqlite3ApiConfig: config });
  try {
    const sqlite3 = await initialize(versions.get(version) ?? otherBuilds.get(version));
    // Start-up says that the other VFSes of the package don't run in Node.
    logs.length = 0;
    return sqlite3;
  } finally {
    restore();
  }
}

/** The same with sahpool plugged in. */
export async function loadAttached(version, logs) {
  return attach(await loadSqlite(version, logs), { wasm: sideModule });
}

/**
 * Makes a new OPFS and new Web Locks those of this process, until the test ends.
 * @returns {{opfs: StandInOpfs, locks: StandInLocks}}
 */
export function useStandIns(test, opfs = new StandInOpfs()) {
  const restoreOpfs = opfs.install();
  const locks = new StandInLocks();
  const restoreLocks = replaceProperties(globalThis.navigator, { locks });
  test.after(() => {
    restoreLocks();
    restoreOpfs();
  });
  return { opfs, locks };
}

/** Makes a util object's OpfsSAHPoolDb note what it opens in `databases`. */
function noteDatabases(util, databases) {
  const { OpfsSAHPoolDb } = util;
  util.OpfsSAHPoolDb = class extends OpfsSAHPoolDb {
    constructor(...args) {
      super(...args);
      databases.add(this);
    }
  };
}

/**
 * An attached namespace over a new OPFS. Pools it opens, with databases opened by OpfsSAHPoolDb, are
 * closed when the test ends.
 */
export async function setUp(test, { version, opfs: given } = {}) {
  const utils = new Set();
  const databases = new Set();
  test.after(() => {
    for (const db of databases) db.close();
    for (const util of utils) if (!util.isPaused()) util.pauseVfs();
  });
  const { opfs, locks } = useStandIns(test, given);
  const logs = [];
  const sqlite3 = await loadAttached(version, logs);
  const install = async (options) => {
    const util = await sqlite3.installOpfsSAHPoolVfs(options);
    if (!utils.has(util)) noteDatabases(util, databases);
    utils.add(util);
    return util;
  };
  return { sqlite3, opfs, locks, logs, install };
}

/** A namespace whose installOpfsSAHPoolVfs() is the official one. */
export async function loadOfficial(version, logs) {
  return loadSqlite(version, logs);
}

/** Fills a database with a table of `count` rows. */
export function fill(db, count, table = 't') {
  db.exec(`create table ${table}(id integer primary key, text)`);
  db.exec(
    `with recursive n(i) as (select 1 union all select i + 1 from n where i < ${count})
     insert into ${table} select i, 'row ' || i || hex(zeroblob(50)) from n`,
  );
}

export function countRows(db, table = 't') {
  return db.selectValue(`select count(*) from ${table}`);
}

/** The bytes of a database with `count` rows, made in memory. */
export function databaseBytes(sqlite3, count, table) {
  const db = new sqlite3.oo1.DB(':memory:');
  try {
    fill(db, count, table);
    return sqlite3.capi.sqlite3_js_db_export(db);
  } finally {
    db.close();
  }
}

/** The rows of a database given as bytes. */
export function rowsInBytes(sqlite3, bytes, table) {
  const db = new sqlite3.oo1.DB(':memory:');
  try {
    const pointer = sqlite3.wasm.allocFromTypedArray(bytes);
    const { SQLITE_DESERIALIZE_FREEONCLOSE } = sqlite3.capi;
    const resultCode = sqlite3.capi.sqlite3_deserialize(
      db.pointer,
      'main',
      pointer,
      bytes.length,
      bytes.length,
      SQLITE_DESERIALIZE_FREEONCLOSE,
    );
    db.checkRc(resultCode);
    if (db.selectValue('pragma integrity_check') !== 'ok') throw new Error('the copy is corrupt');
    return countRows(db, table);
  } finally {
    db.close();
  }
}

/** What errors of connections have in place of a result code in 3.42. */
function codeInText({ message }) {
  return Number(/^sqlite3 result code (\d+): /.exec(message)?.[1]);
}

/** Matches an SQLite3Error in assert.throws() and assert.rejects(). */
export function sqliteError(sqlite3, codeName, text = /./) {
  return (error) => {
    const isRight =
      error instanceof sqlite3.SQLite3Error &&
      [error.resultCode, codeInText(error)].includes(sqlite3.capi[codeName]) &&
      text.test(error.message);
    if (!isRight) throw error;
    return true;
  };
}

/** A pool "a" with a database "/x.db" of 100 rows, which is closed. */
export async function setUpPool(t, options = {}) {
  const context = await setUp(t);
  const util = await context.install({ name: 'a', ...options });
  util.importDb('/x.db', databaseBytes(context.sqlite3, 100));
  await util.addCapacity(0);
  return { ...context, util };
}

/** The same with the database open, as `db`. */
export async function setUpWithDatabase(t, options = {}) {
  const context = await setUp(t);
  const util = await context.install({ name: 'a', ...options });
  const db = new util.OpfsSAHPoolDb('x.db');
  fill(db, 100);
  return { ...context, util, db };
}

/** Lets what is under way go on. */
export function tick() {
  return new Promise((resolve) => setTimeout(resolve, 5));
}
