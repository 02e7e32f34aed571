// What is in the ledger of the crash tests after its first n transactions, which depends on seed and
// n alone: so whoever finds a ledger after a crash can tell from its sequence number what else must
// be in it, byte for byte.
//
// Money moves between accounts of two tables, `checking` and `savings`, which may be in two database
// files; each move leaves an entry with bytes of its own, and entries go away with age. Any part of
// a transaction without the rest of it shows.
import { randomNumbers } from './random.mjs';

export const accountCount = 40;
const openingBalance = 1000;
/** Transactions whose entries are kept. */
const keptTransactions = 24;
const mostMoves = 6;
/** Entries of one transaction are numbered below this. */
const entriesPerTransaction = 16;
const largestEntry = 9000;

/** The bytes of an entry; past a page as often as not. */
export function entryBytes(id, size) {
  return Uint8Array.from({ length: size }, (_, index) => (id * 31 + index * 7) & 255);
}

/** The id below which entries are gone after transaction `number`. */
export function oldestEntry(number) {
  return (number - keptTransactions + 1) * entriesPerTransaction;
}

/**
 * What transaction `number`, counted from 1, does.
 * @returns {{moves: {id: number, from: number, to: number, amount: number, toSavings: boolean,
 *     size: number, isUndone: boolean}[], bonus: number}} `isUndone`: in a savepoint that is rolled
 *     back; `bonus`: what every account gets in `checking` and loses in `savings`
 */
export function planTransaction(seed, number) {
  const random = randomNumbers(Math.imul(seed, 0x9e3779b1) ^ Math.imul(number, 0x85ebca6b));
  const crossesTables = random(2) === 0;
  const moves = Array.from({ length: 1 + random(mostMoves) }, (_, index) => ({
    id: number * entriesPerTransaction + index,
    from: 1 + random(accountCount),
    to: 1 + random(accountCount),
    amount: 1 + random(100),
    toSavings: crossesTables && random(2) === 0,
    size: random(largestEntry),
    isUndone: random(6) === 0,
  }));
  return { moves, bonus: crossesTables && random(4) === 0 ? 1 + random(9) : 0 };
}

/** Whether a transaction changes `savings`. */
export function touchesSavings({ moves, bonus }) {
  return bonus > 0 || moves.some(({ toSavings, isUndone }) => toSavings && !isUndone);
}

export class LedgerModel {
  sequence = 0;
  /** The last transaction that changed `savings`. */
  savingsSequence = 0;
  checking = new Array(accountCount).fill(openingBalance);
  savings = new Array(accountCount).fill(openingBalance);
  /** Entries by id: [account, amount, size of the bytes]. */
  entries = new Map();

  constructor(seed) {
    this.seed = seed;
  }

  /** The ledger after `sequence` transactions. */
  static after(seed, sequence) {
    const model = new LedgerModel(seed);
    while (model.sequence < sequence) model.apply();
    return model;
  }

  /** Does the next transaction. */
  apply() {
    const number = ++this.sequence;
    const plan = planTransaction(this.seed, number);
    for (const { id, from, to, amount, toSavings, size, isUndone } of plan.moves) {
      if (isUndone) continue;
      this.checking[from - 1] -= amount;
      (toSavings ? this.savings : this.checking)[to - 1] += amount;
      this.entries.set(id, [from, amount, size]);
    }
    for (let account = 0; plan.bonus > 0 && account < accountCount; ++account) {
      this.checking[account] += plan.bonus;
      this.savings[account] -= plan.bonus;
    }
    for (const id of this.entries.keys()) if (id < oldestEntry(number)) this.entries.delete(id);
    if (touchesSavings(plan)) this.savingsSequence = number;
  }
}
