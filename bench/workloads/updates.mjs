// Transactions that each change rows all over the table.
import {
  checkedFacts,
  expectEqual,
  fillItems,
  flushIfFull,
  frameBytes,
  quantityOf,
  randomIntegers,
  rawSteps,
} from './common.mjs';

const updatesEach = 20;

export const updates = {
  id: 'updates',
  title: 'Transactions of 20 random updates',
  unit: 'transaction',
  kind: 'write',
  commits: ({ transactions }) => transactions,
  operations: ({ transactions }) => transactions,
  params: {
    quick: { cacheKiB: 8192, rows: 5000, transactions: 40 },
    full: { cacheKiB: 8192, rows: 50_000, transactions: 200 },
  },
  paramsForSize: (rows) => ({ cacheKiB: 8192, rows, transactions: 100 }),

  async prepare(context) {
    const connection = await context.open();
    await fillItems(connection, context.params.rows);
    context.connection = connection;
    context.begin = await connection.prepare('BEGIN IMMEDIATE');
    context.update = await connection.prepare('UPDATE item SET qty = qty + 1 WHERE id = ?');
    context.commit = await connection.prepare('COMMIT');
  },

  async measure({ begin, update, commit, params }) {
    const random = randomIntegers(7);
    for (let transaction = 0; transaction < params.transactions; ++transaction) {
      let waiting = begin.run();
      if (waiting) await waiting;
      for (let index = 0; index < updatesEach; ++index) {
        update.bindInt(1, 1 + random(params.rows));
        waiting = update.run();
        if (waiting) await waiting;
      }
      waiting = commit.run();
      if (waiting) await waiting;
    }
  },

  async verify({ connection, begin, update, commit, params }) {
    for (const statement of [begin, update, commit]) statement.finalize();
    let sum = params.transactions * updatesEach;
    for (let id = 1; id <= params.rows; ++id) sum += quantityOf(id);
    expectEqual(await connection.number('SELECT sum(qty) FROM item'), sum, 'sum of quantities');
    return checkedFacts(connection);
  },

  raw: rawSteps({
    async measure(context) {
      const frames = new Uint8Array(updatesEach * frameBytes).fill(1);
      for (let index = 0; index < context.params.transactions; ++index) {
        context.engine.handle.write(frames, { at: index * frames.length });
        flushIfFull(context);
      }
    },
  }),
};
