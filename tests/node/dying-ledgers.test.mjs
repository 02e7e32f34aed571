// The ledgers of the browsers' crash tests, whose worker dies at any call of a handle: a start
// judges what is left, and the ledger goes on with the same pool. Many times as many deaths as a
// browser can die in the same time, and each can be had again: what happens depends on the seed.
//
//   DEATHS=2000 SEED=7 node --test tests/node/dying-ledgers.test.mjs

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Ledger } from '../browser/pages/ledger.mjs';
import { randomNumbers } from '../browser/pages/random.mjs';
import { StandInLocks } from '../standin/locks.mjs';
import { StandInOpfs } from '../standin/opfs.mjs';
import { replaceProperties } from '../standin/replace-properties.mjs';
import { loadSqlite, sideModule } from './harness.mjs';

const deaths = Number(process.env.DEATHS ?? 20);
const firstSeed = Number(process.env.SEED ?? 1051);
/** After so many deaths a ledger begins anew with another seed. */
const deathsPerLedger = 20;
const mostCalls = 1000;

/** What changes a pool's files, and what a worker may be in the middle of when it dies. */
const changes = ['write', 'truncate', 'flush', 'close', 'getFileHandle', 'removeEntry'];
const reads = ['read', 'getSize', 'createSyncAccessHandle'];

let importCount = 0;

/** A package that knows nothing of earlier workers, as in a new one. */
async function attachAnew() {
  const { attach } = await import(`../../npm/dist/index.js?import=${++importCount}`);
  return attach(await loadSqlite(), { wasm: sideModule });
}

/** One life of a ledger's worker, from its start to its death. */
class Life {
  isDead = false;
  callsLeft = Infinity;
  failure = null;

  constructor(opfs, plan) {
    this.opfs = opfs;
    this.plan = plan;
    this.committed = 0;
  }

  /** Starts the ledger; returns what it has found. */
  async start() {
    this.#watch();
    this.ledger = new Ledger(await attachAnew(), this.plan);
    return this.ledger.start();
  }

  /** Writes the ledger until the worker dies in one of the next `calls` calls. */
  async run(calls) {
    this.callsLeft = calls;
    const life = this;
    const restore = replaceProperties(globalThis, {
      XMLHttpRequest: class {
        open() {}
        send(text) {
          this.responseText = life.#hear(JSON.parse(text)) ? 'go on' : 'stop';
        }
      },
    });
    try {
      await this.ledger.run();
    } finally {
      restore();
    }
    for (const file of this.opfs.root.files()) file.handle?.drop();
  }

  #hear({ committed, failed }) {
    if (this.isDead) return false;
    this.committed = committed ?? this.committed;
    this.failure = failed ?? this.failure;
    return true;
  }

  #watch() {
    const { faults } = this.opfs;
    faults.clear();
    for (const operation of changes) {
      faults.on(operation, () => {
        this.isDead ||= --this.callsLeft < 0;
        this.#refuseTheDead();
      });
    }
    for (const operation of reads) faults.on(operation, () => this.#refuseTheDead());
  }

  #refuseTheDead() {
    if (this.isDead) throw new DOMException('the worker has died', 'InvalidStateError');
  }
}

/** Lets a ledger die `count` times. */
async function dieOften(journalMode, seed, count) {
  const random = randomNumbers(seed);
  const opfs = new StandInOpfs();
  const restoreOpfs = opfs.install();
  const restoreRandomness = replaceProperties(globalThis.crypto, {
    getRandomValues(bytes) {
      for (let index = 0; index < bytes.length; ++index) bytes[index] = random(256);
      return bytes;
    },
  });
  let committed = 0;
  try {
    for (let number = 1; number <= count; ++number) {
      const restoreLocks = replaceProperties(globalThis.navigator, { locks: new StandInLocks() });
      const life = new Life(opfs, { directory: 'pool', journalMode, seed, life: number });
      const { sequence, problems } = await life.start();
      const what = `seed ${seed}, life ${number}`;
      assert.deepEqual(problems, [], what);
      // One more than was reported: it was in flight.
      assert.ok([committed, committed + 1].includes(sequence), `${what}: ${sequence}`);
      life.committed = sequence;
      await life.run(random(mostCalls));
      assert.equal(life.isDead ? null : life.failure, null, what);
      ({ committed } = life);
      restoreLocks();
    }
  } finally {
    restoreRandomness();
    restoreOpfs();
  }
  return committed;
}

for (const journalMode of ['delete', 'truncate', 'persist', 'wal']) {
  test(`a ledger in mode ${journalMode} survives the deaths of its worker`, async () => {
    let committed = 0;
    for (let done = 0; done < deaths; done += deathsPerLedger) {
      const count = Math.min(deathsPerLedger, deaths - done);
      committed += await dieOften(journalMode, firstSeed + done, count);
    }
    assert.ok(committed > deaths, `${committed} transactions`);
  });
}
