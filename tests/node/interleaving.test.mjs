// Calls of the util object in random order, overlapping, with delays and failures in between, and a
// second pool that takes the directory now and then. Whatever comes of each, what was committed
// stays, and exactly the handles of the pool are open.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { PoolBusyError } from '../../npm/dist/index.js';
import { countRows, databaseBytes, fill, setUp } from './harness.mjs';

const ROUNDS = 12;
const STEPS = 60;

/** What all rounds together must have been through. */
const happened = { writes: 0, 'turns of a second pool': 0 };
after(() => {
  for (const [what, count] of Object.entries(happened)) assert.ok(count > 0, `no ${what}`);
});

/** Numbers from 0 to below 1 that depend on the seed alone (mulberry32). */
function makeRandom(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function delay(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Lets asynchronous calls of OPFS take a while and fail now and then. */
function disturb(opfs, random) {
  const operations = ['getFileHandle', 'createSyncAccessHandle', 'removeEntry', 'values'];
  for (const operation of operations) {
    opfs.faults.on(operation, async () => {
      await delay(random() * 3);
      if (random() < 0.04) throw new DOMException('now and then', 'UnknownError');
    });
  }
}

/** What one round does to a pool; keeps count of what must be there. */
class Round {
  expectedRows = 50;
  importedRows = 20;
  running = [];
  unexpected = [];
  isRivalRunning = false;

  constructor(util, install, sqlite3, random) {
    this.util = util;
    this.install = install;
    this.random = random;
    this.bytes = [30, 40].map((rows) => [rows, databaseBytes(sqlite3, rows)]);
  }

  /** Runs a call that may fail, but only with an error that is meant for users. */
  attempt(call) {
    const isMeant = (error) =>
      'resultCode' in error || error instanceof PoolBusyError || /now and then/.test(error.message);
    const note = (error) => {
      if (!isMeant(error)) this.unexpected.push(error);
    };
    try {
      const result = call();
      if (result instanceof Promise) this.running.push(result.catch(note));
    } catch (error) {
      note(error);
    }
  }

  write() {
    const db = new this.util.OpfsSAHPoolDb({ filename: '/x.db', flags: 'w' });
    try {
      db.exec("insert into t(text) values('more')");
      ++this.expectedRows;
      ++happened.writes;
    } finally {
      db.close();
    }
  }

  async import() {
    const [rows, bytes] = this.bytes[Math.floor(this.random() * 2)];
    const fails = this.random() < 0.3;
    let position = 0;
    await this.util.importDb('/imported.db', async () => {
      await delay(this.random() * 4);
      if (fails && position > 0) throw Object.assign(new Error('network'), { resultCode: 1 });
      if (position >= bytes.length) return undefined;
      return bytes.slice(position, (position += 3000));
    });
    this.importedRows = rows;
  }

  unlinkImported() {
    if (this.util.unlink('/imported.db')) this.importedRows = undefined;
  }

  /** Another pool takes the directory, if the pool can be paused for it, and gives it back. */
  async rival() {
    if (this.isRivalRunning) return;
    this.isRivalRunning = true;
    try {
      this.util.pauseVfs();
      const rival = await this.install({
        name: 'rival',
        directory: '.a',
        verbosity: 0,
        acquireTimeout: 20,
        forceReinitIfPreviouslyFailed: true,
      });
      await rival.unpauseVfs();
      ++happened['turns of a second pool'];
      assert.ok(rival.getFileNames().includes('/x.db'));
      await delay(this.random() * 4);
      rival.pauseVfs();
      await this.util.unpauseVfs();
    } finally {
      this.isRivalRunning = false;
    }
  }

  step() {
    const { util, random } = this;
    const calls = [
      () => util.addCapacity(Math.floor(random() * 5)),
      () => util.reduceCapacity(Math.floor(random() * 5)),
      () => util.reserveMinimumCapacity(8),
      () => util.pauseVfs(),
      () => util.unpauseVfs(),
      () => util.unpauseVfs(),
      () => this.write(),
      () => this.write(),
      () => this.import(),
      () => this.unlinkImported(),
      () => this.rival(),
      () => this.rival(),
      () => util.exportFile('/x.db'),
    ];
    this.attempt(calls[Math.floor(random() * calls.length)]);
  }
}

for (let seed = 1; seed <= ROUNDS; ++seed) {
  test(`round ${seed}`, async (t) => {
    const random = makeRandom(seed);
    const { sqlite3, opfs, install } = await setUp(t);
    const util = await install({ name: 'a', verbosity: 0, autoGrow: seed % 3 });
    const db = new util.OpfsSAHPoolDb('/x.db');
    fill(db, 50);
    db.close();
    util.importDb('/imported.db', databaseBytes(sqlite3, 20));

    disturb(opfs, random);
    const round = new Round(util, install, sqlite3, random);
    for (let step = 0; step < STEPS; ++step) {
      round.step();
      if (random() < 0.5) await delay(random() * 4);
    }
    await Promise.all(round.running);
    opfs.faults.clear();
    assert.deepEqual(round.unexpected, []);

    await util.unpauseVfs();
    // One more task lets growth in the background end.
    await util.addCapacity(0);
    assert.equal(opfs.openHandles, util.getCapacity());
    const rows = Object.fromEntries(
      util.getFileNames().map((filename) => {
        const database = new util.OpfsSAHPoolDb({ filename, flags: 'w' });
        assert.equal(database.selectValue('pragma integrity_check'), 'ok');
        return [filename, countRows(database)];
      }),
    );
    assert.deepEqual(rows, {
      '/x.db': round.expectedRows,
      ...(round.importedRows !== undefined && { '/imported.db': round.importedRows }),
    });
    assert.deepEqual(util.quarantine().list(), []);
  });
}
