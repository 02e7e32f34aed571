// The origin's quota runs out, as each browser tells it: Chromium's handles throw, Firefox's write
// less than they were given. Either way it is SQLITE_FULL, and nothing that was committed is lost.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { complete, startWithDatabase } from '../support/item-database.mjs';

function assertFull(refused) {
  assert.equal(refused?.resultCode, 13, JSON.stringify(refused));
  assert.match(refused.message, /\b\d+ of \d+ bytes of this origin's quota/);
}

function exhaustedQuota(session) {
  it('no space left is SQLITE_FULL, and writing goes on when there is some', async () => {
    const worker = await startWithDatabase(session, 'quota');
    const lift = await session.browser.limitStorage(worker.testPage.page, 2_000_000);
    const full = await worker.evaluate(async ({ tools, kept: { db, pool } }) => {
      const refused = await tools.errorOf(() => {
        for (let count = 0; count < 64; ++count) {
          db.exec("INSERT INTO item(name, qty) VALUES(hex(randomblob(131072)), 'blob')");
        }
      });
      const [old] = tools.rows(
        db,
        "SELECT count(*) rows, sum(qty) sum FROM item WHERE qty <> 'blob'",
      );
      const image = pool.exportFile('items.db');
      const big = new Uint8Array(image.length + 4_000_000);
      big.set(image);
      let sent = 0;
      const refusedImport = await tools.errorOf(() =>
        pool.importDb('items-2.db', () => {
          const chunk = big.subarray(sent, (sent += 65536));
          return chunk.length > 0 ? chunk : undefined;
        }),
      );
      const integrity = db.selectValue('PRAGMA integrity_check');
      return { refused, old, integrity, refusedImport, names: pool.getFileNames() };
    });
    await lift();
    assertFull(full.refused);
    assertFull(full.refusedImport);
    assert.deepEqual({ ...full.old, integrity: full.integrity }, complete);
    assert.deepEqual(full.names, ['/items.db']);

    const after = await worker.evaluate(({ tools, kept: { db } }) => {
      db.exec("DELETE FROM item WHERE qty = 'blob'");
      db.exec('INSERT INTO item(name, qty) VALUES(hex(randomblob(4000000)), 0)');
      return tools.summary(db);
    });
    assert.deepEqual(after, { ...complete, rows: 201 });
  });
}

function quotaInWal(session) {
  it('no space left for a WAL or its checkpoint loses no committed row', async () => {
    const worker = await startWithDatabase(session, 'quota-wal');
    await worker.evaluate(({ kept: { db } }) => {
      db.exec('PRAGMA journal_mode = wal; PRAGMA wal_autocheckpoint = 0');
      // In the WAL, and more than the database file has room for.
      db.exec("INSERT INTO item(name, qty) VALUES(hex(randomblob(1000000)), 'in the WAL')");
    });
    const lift = await session.browser.limitStorage(worker.testPage.page, 500_000);
    const full = await worker.evaluate(async ({ tools, kept: { db } }) => {
      const checkpoint = await tools.errorOf(() => db.exec('PRAGMA wal_checkpoint(TRUNCATE)'));
      const write = await tools.errorOf(() => {
        db.exec("INSERT INTO item(name, qty) VALUES(hex(randomblob(2000000)), 'refused')");
      });
      return { checkpoint, write, rows: db.selectValue('SELECT count(*) FROM item') };
    });
    await lift();
    assertFull(full.checkpoint);
    assertFull(full.write);
    assert.equal(full.rows, complete.rows + 1);

    const after = await worker.evaluate(({ tools, kept: { db } }) => {
      const blocked = db.selectValue('PRAGMA wal_checkpoint(TRUNCATE)');
      db.exec("INSERT INTO item(name, qty) VALUES('after', 0)");
      return { blocked, ...tools.summary(db) };
    });
    assert.deepEqual(after, { blocked: 0, ...complete, rows: complete.rows + 2 });
  });
}

function quotaForCapacity(session) {
  it('no space left for more slots is SQLITE_FULL, and nothing is lost', async () => {
    const worker = await startWithDatabase(session, 'quota-capacity');
    const lift = await session.browser.limitStorage(worker.testPage.page, 0);
    const full = await worker.evaluate(async ({ tools, kept: { db, pool } }) => {
      const refused = await tools.errorOf(() => pool.addCapacity(40));
      const slots = (await tools.slotNames('quota-capacity')).length;
      return { refused, capacity: pool.getCapacity(), slots, ...tools.summary(db) };
    });
    await lift();
    const { refused, capacity, slots, ...summary } = full;
    assert.equal(refused?.resultCode, 13, JSON.stringify(full));
    assert.match(refused.message, /could not be created|quota/);
    assert.equal(slots, capacity);
    assert.deepEqual(summary, complete);

    const after = await worker.evaluate(async ({ tools, kept: { db, pool } }) => {
      const grown = (await pool.addCapacity(4)) - pool.getFileCount();
      const removed = await pool.reduceCapacity(1000);
      return { areAllFree: removed === grown, ...tools.summary(db) };
    });
    assert.deepEqual(after, { areAllFree: true, ...complete });
  });
}

/** Runs in the worker: commits a row of 4 MB that stays in the WAL. */
function leaveWal({ kept: { db } }) {
  db.exec('PRAGMA journal_mode = wal; PRAGMA wal_autocheckpoint = 0');
  db.exec("INSERT INTO item(name, qty) VALUES(hex(randomblob(2000000)), 'in the WAL')");
}

/** Runs in the worker: tries to replace items.db by a database of `bytes`, whole and in pieces. */
async function importOver({ sqlite3, tools, kept: { pool } }, { bytes }) {
  const source = new sqlite3.oo1.DB(':memory:');
  source.exec('CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT, qty REAL)');
  source.exec('INSERT INTO item VALUES(1, hex(zeroblob(?)), 1)', { bind: [bytes / 2] });
  const image = sqlite3.capi.sqlite3_js_db_export(source);
  source.close();
  let sent = 0;
  const inPieces = () => {
    const chunk = image.subarray(sent, (sent += 65_536));
    return chunk.length > 0 ? chunk : undefined;
  };
  return {
    whole: await tools.errorOf(() => pool.importDb('items.db', image)),
    pieces: await tools.errorOf(() => pool.importDb('items.db', inPieces)),
    names: pool.getFileNames().sort(),
  };
}

/** Runs in the worker: opens the pool and no database. */
async function takePool({ sqlite3, tools, kept }, { directory }) {
  kept.pool = await tools.installPool(sqlite3, directory);
}

/** Runs in the worker: what a new connection to items.db sees. */
function look({ tools, kept: { pool } }) {
  const db = new pool.OpfsSAHPoolDb('items.db');
  const summary = tools.summary(db);
  db.close();
  return summary;
}

function quotaForImport(session) {
  // Where the space runs out: on the bytes that arrive, or on what the WAL has for the old database,
  // which is written back before a new one takes its name. Chromium lets files grow by a megabyte.
  const moments = {
    'for the bytes of an import': { bytes: 4_000_000, where: /writing to slot/ },
    'when an import is about to replace a database': { bytes: 100_000, where: /items\.db:/ },
  };
  for (const [moment, { bytes, where }] of Object.entries(moments)) {
    it(`no space left ${moment} leaves the old database with its WAL`, async () => {
      const directory = `quota-import-${bytes}`;
      const writer = await startWithDatabase(session, directory);
      await writer.evaluate(leaveWal);
      await writer.terminate();
      const { testPage } = writer;
      const worker = await testPage.startWorker();
      await worker.evaluate(takePool, { directory });
      const lift = await session.browser.limitStorage(testPage.page, 2_000_000);
      const refused = await worker.evaluate(importOver, { bytes });
      await lift();
      for (const refusal of [refused.whole, refused.pieces]) {
        assertFull(refusal);
        assert.match(refusal.message, where);
      }
      assert.deepEqual(refused.names, ['/items.db', '/items.db-wal']);

      // Nothing of the old database is lost, and there is no slot that the imports have kept.
      const withWal = { ...complete, rows: complete.rows + 1 };
      await worker.terminate();
      const next = await testPage.startWorker();
      await next.evaluate(takePool, { directory });
      assert.deepEqual(await next.evaluate(look), withWal);
      assert.deepEqual(await next.evaluate(importOver, { bytes }), {
        whole: null,
        pieces: null,
        names: ['/items.db'],
      });
      assert.deepEqual(await next.evaluate(look), { rows: 1, sum: 1, integrity: 'ok' });
      const free = await next.evaluate(({ kept: { pool } }) => pool.reduceCapacity(1000));
      assert.equal(free, 5);
    });
  }
}

function quotaBesideWal(session) {
  it('no space left for an import loses nothing of a WAL that is in use', async () => {
    const worker = await startWithDatabase(session, 'quota-beside-wal');
    await worker.evaluate(leaveWal);
    const lift = await session.browser.limitStorage(worker.testPage.page, 500_000);
    const full = await worker.evaluate(async ({ tools, kept: { db, pool } }) => {
      const image = pool.exportFile('items.db');
      const refused = await tools.errorOf(() => pool.importDb('copy.db', image));
      db.exec("INSERT INTO item(name, qty) VALUES('beside it', 0)");
      return { refused, names: pool.getFileNames().sort() };
    });
    await lift();
    assertFull(full.refused);
    assert.deepEqual(full.names, ['/items.db', '/items.db-wal']);
    const after = await worker.evaluate(({ tools, kept: { db, pool } }) => {
      pool.importDb('copy.db', pool.exportFile('items.db'));
      const copy = new pool.OpfsSAHPoolDb('copy.db');
      return { copy: tools.summary(copy), original: tools.summary(db) };
    });
    const both = { ...complete, rows: complete.rows + 2 };
    assert.deepEqual(after, { copy: both, original: both });
  });
}

export function quota(session) {
  exhaustedQuota(session);
  quotaInWal(session);
  quotaForImport(session);
  quotaBesideWal(session);
  quotaForCapacity(session);
}
