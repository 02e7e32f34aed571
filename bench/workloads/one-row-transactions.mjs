// Transactions of one row each, as an application has them that saves what its user does.
import {
  checkedFacts,
  expectEqual,
  fillItems,
  flushIfFull,
  frameBytes,
  noteOf,
  rawSteps,
} from './common.mjs';

function insertRow({ insert }, id) {
  insert.bindInt(1, id);
  insert.bindText(2, noteOf(id));
  return insert.run();
}

export const oneRowTransactions = {
  id: 'one-row-transactions',
  title: 'One-row transactions',
  unit: 'transaction',
  kind: 'write',
  commits: ({ transactions }) => transactions,
  operations: ({ transactions }) => transactions,
  params: {
    quick: { cacheKiB: 8192, rows: 1000, transactions: 100 },
    full: { cacheKiB: 8192, rows: 10_000, transactions: 500 },
  },
  paramsForSize: (rows) => ({ cacheKiB: 8192, rows, transactions: 200 }),

  async prepare(context) {
    const { rows } = context.params;
    context.connection = await context.open();
    await fillItems(context.connection, rows);
    context.insert = await context.connection.prepare(
      "INSERT INTO item(id, name, qty, note) VALUES(?, 'new', 1, ?)",
    );
    // The first write of a connection does more than the others.
    const waiting = insertRow(context, rows + 1);
    if (waiting) await waiting;
  },

  async measure(context) {
    const { rows, transactions } = context.params;
    for (let id = rows + 2; id < rows + 2 + transactions; ++id) {
      const waiting = insertRow(context, id);
      if (waiting) await waiting;
    }
  },

  async verify({ connection, insert, params }) {
    insert.finalize();
    const { rows, transactions } = params;
    const last = rows + 1 + transactions;
    expectEqual(await connection.number('SELECT count(*) FROM item'), last, 'rows');
    expectEqual(
      await connection.number('SELECT sum(id) FROM item'),
      (last * (last + 1)) / 2,
      'sum of ids',
    );
    return checkedFacts(connection);
  },

  raw: rawSteps({
    async measure(context) {
      const frame = new Uint8Array(frameBytes).fill(1);
      for (let index = 0; index < context.params.transactions; ++index) {
        context.engine.handle.write(frame, { at: index * frameBytes });
        flushIfFull(context);
      }
    },
  }),
};
