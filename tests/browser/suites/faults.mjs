// Faults of the official VFS that show in a real browser: each of these tests fails on it. Running
// out of quota: quota.mjs.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { complete, leaveDatabase, startWithDatabase } from '../support/item-database.mjs';

function oddSlots(session) {
  it('slots that are empty, shorter than a header or longer than a page are met without harm', async () => {
    const directory = 'odd-slots';
    const page = await leaveDatabase(session, directory);

    const worker = await page.startWorker();
    const seen = await worker.evaluate(
      async ({ sqlite3, tools }, { directory }) => {
        const sizes = { empty: 0, short: 100, 'almost-a-header': 4095, 'too-long': 4096 + 5000 };
        // All zeros; the last has bytes that no header claims.
        const slots = Object.entries(sizes).map(([name, size]) => [
          name,
          btoa('\0'.repeat(Math.min(size, 4096)) + 'x'.repeat(Math.max(0, size - 4096))),
        ]);
        await tools.writeSlots(directory, Object.fromEntries(slots));
        const before = await tools.slotNames(directory);
        // Longer than what SQLite wrote, as a lost truncation leaves it.
        await tools.withRawFile(directory, '/items.db', (content) => {
          content.write(new Uint8Array(8192).fill(7), content.size());
        });
        const pool = await tools.installPool(sqlite3, directory);
        const db = new pool.OpfsSAHPoolDb('items.db');
        const summary = tools.summary(db);
        const free = await pool.reduceCapacity(1000);
        return {
          summary,
          capacity: free + pool.getFileCount() === before.length,
          names: pool.getFileNames(),
          quarantined: pool.quarantine().list().length,
        };
      },
      { directory },
    );
    assert.deepEqual(seen, {
      summary: complete,
      capacity: true,
      names: ['/items.db'],
      quarantined: 0,
    });
  });
}

function failedStart(session) {
  it('a start that fails leaves every byte and can be tried again', async () => {
    const directory = 'failed-start';
    const page = await leaveDatabase(session, directory);

    const thief = await page.startWorker({ vfs: 'none' });
    const slots = await thief.evaluate(
      async ({ tools, kept }, { directory }) => {
        const slots = await tools.readSlots(directory);
        const { name } = slots.find(({ path }) => path === '/items.db');
        const opaque = await tools.opfsDirectory(`${directory}/.opaque`);
        kept.handle = await (await opaque.getFileHandle(name)).createSyncAccessHandle();
        return slots;
      },
      { directory },
    );
    const starter = await page.startWorker();
    const refused = await starter.evaluate(
      ({ sqlite3, tools }, { directory }) =>
        tools.errorOf(() => tools.installPool(sqlite3, directory, { acquireTimeout: 300 })),
      { directory },
    );
    assert.equal(refused?.name, 'PoolBusyError');

    const slotsAfter = await thief.evaluate(
      ({ tools, kept }, { directory }) => {
        kept.handle.close();
        return tools.readSlots(directory);
      },
      { directory },
    );
    assert.deepEqual(slotsAfter.sort(), slots.sort());
    const seen = await starter.evaluate(
      async ({ sqlite3, tools }, { directory }) => {
        const options = { forceReinitIfPreviouslyFailed: true };
        const pool = await tools.installPool(sqlite3, directory, options);
        return tools.summary(new pool.OpfsSAHPoolDb('items.db'));
      },
      { directory },
    );
    assert.deepEqual(seen, complete);
  });
}

function damagedHeader(session) {
  it('a slot with a damaged header is kept, listed and can be recovered', async () => {
    const directory = 'damaged';
    const page = await leaveDatabase(session, directory);

    const worker = await page.startWorker();
    const seen = await worker.evaluate(
      async ({ sqlite3, tools }, { directory }) => {
        const { size } = (await tools.readSlots(directory)).find(
          ({ path }) => path === '/items.db',
        );
        await tools.withRawFile(directory, '/items.db', (content) => {
          // In the digest, 516 bytes into the header of 4096.
          const [byte] = content.read(516 - 4096, 1);
          content.write(Uint8Array.of(byte ^ 1), 516 - 4096);
        });
        const pool = await tools.installPool(sqlite3, directory);
        const [slot, ...others] = pool.quarantine().list();
        const names = pool.getFileNames();
        pool.quarantine().recover(slot.slot, 'recovered.db');
        const db = new pool.OpfsSAHPoolDb('recovered.db');
        return { sameSize: slot.bytes === size, others, names, summary: tools.summary(db) };
      },
      { directory },
    );
    assert.deepEqual(seen, { sameSize: true, others: [], names: [], summary: complete });
  });
}

function failedImports(session) {
  it('an import that fails on its way leaves the old database', async () => {
    const worker = await startWithDatabase(session, 'imports');
    const seen = await worker.evaluate(async ({ tools, kept: { db, pool } }) => {
      const image = pool.exportFile('items.db');
      db.close();
      const attempts = {
        throwing: (sent) => {
          if (sent > 8192) throw new Error('the network is gone');
          return image.subarray(sent, sent + 4096);
        },
        truncated: (sent) => (sent > 8192 ? undefined : image.subarray(sent, sent + 4096)),
        noDatabase: (sent) => (sent > 8192 ? undefined : new Uint8Array(4096).fill(65)),
      };
      const outcomes = {};
      for (const [attempt, chunkAt] of Object.entries(attempts)) {
        let sent = 0;
        const error = await tools.errorOf(() =>
          pool.importDb('items.db', async () => {
            const chunk = chunkAt(sent);
            sent += 4096;
            return chunk;
          }),
        );
        const db = new pool.OpfsSAHPoolDb('items.db');
        outcomes[attempt] = { refused: error !== null, ...tools.summary(db) };
        db.close();
      }
      return { outcomes, names: pool.getFileNames() };
    });
    const untouched = { refused: true, ...complete };
    assert.deepEqual(seen, {
      outcomes: { throwing: untouched, truncated: untouched, noDatabase: untouched },
      names: ['/items.db'],
    });
  });
}

function consistentExports(session) {
  it('an export holds what is committed, in a transaction and with a WAL', async () => {
    const worker = await startWithDatabase(session, 'exports');
    const seen = await worker.evaluate(({ tools, kept: { db, pool } }) => {
      const summarize = (name) => {
        pool.importDb(name, pool.exportFile('items.db'));
        const copy = new pool.OpfsSAHPoolDb(name);
        const summary = tools.summary(copy);
        copy.close();
        return summary;
      };
      // Spills, so that the file itself is in an uncommitted state.
      db.exec(
        'PRAGMA cache_size = 5; BEGIN; UPDATE item SET qty = -1, name = hex(randomblob(999))',
      );
      const inTransaction = summarize('first.db');
      db.exec('ROLLBACK; PRAGMA journal_mode = wal; PRAGMA wal_autocheckpoint = 0');
      db.exec("INSERT INTO item(name, qty) VALUES('in the WAL', 0)");
      const withWal = summarize('second.db');
      db.exec("BEGIN; INSERT INTO item(name, qty) VALUES('uncommitted', 0)");
      const inWalTransaction = summarize('third.db');
      db.exec('ROLLBACK');
      return { inTransaction, withWal, inWalTransaction };
    });
    const oneMore = { ...complete, rows: complete.rows + 1 };
    assert.deepEqual(seen, {
      inTransaction: complete,
      withWal: oneMore,
      inWalTransaction: oneMore,
    });
  });
}

function distinctNames(session) {
  it('names that differ behind # or ? are different files', async () => {
    const worker = await session.startWorker();
    const names = ['a.db', 'a.db#one', 'a.db?two', 'a.db#one?two', 'b#c.db'];
    const write = async ({ sqlite3, tools }, { directory, names }) => {
      const pool = await tools.installPool(sqlite3, directory, { initialCapacity: 20 });
      const databases = names.map((name) => new pool.OpfsSAHPoolDb(name));
      databases.forEach((db, index) => {
        db.exec('CREATE TABLE t(x); BEGIN');
        db.exec('INSERT INTO t VALUES(?)', { bind: [names[index]] });
      });
      // All journals exist at once here.
      databases.forEach((db, index) => db.exec(index % 2 ? 'ROLLBACK' : 'COMMIT'));
      databases.forEach((db) => db.close());
      const count = pool.getFileCount();
      pool.pauseVfs();
      await pool.unpauseVfs();
      const contents = names.map((name) =>
        new pool.OpfsSAHPoolDb(name).selectValues('SELECT x FROM t'),
      );
      return { count, contents };
    };
    const seen = await worker.evaluate(write, { directory: 'distinct-names', names });
    assert.equal(seen.count, names.length);
    assert.deepEqual(
      seen.contents,
      names.map((name, index) => (index % 2 ? [] : [name])),
    );
  });
}

export function faults(session) {
  oddSlots(session);
  failedStart(session);
  damagedHeader(session);
  failedImports(session);
  consistentExports(session);
  distinctNames(session);
}
