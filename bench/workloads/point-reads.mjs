// Reads of single rows, each in a transaction of its own, of a database that is in the page cache.
import { checkedFacts, expectEqual, fillItems, quantityOf, randomIntegers } from './common.mjs';

export const pointReads = {
  id: 'point-reads',
  title: 'Warm point reads',
  unit: 'read',
  kind: 'read',
  operations: ({ reads }) => reads,
  params: {
    quick: { cacheKiB: 8192, rows: 5000, reads: 5000 },
    full: { cacheKiB: 8192, rows: 20_000, reads: 20_000 },
  },
  paramsForSize: (rows) => ({ cacheKiB: 8192, rows, reads: 20_000 }),

  async prepare(context) {
    const connection = await context.open();
    await fillItems(connection, context.params.rows);
    context.connection = connection;
    context.select = await connection.prepare('SELECT qty FROM item WHERE id = ?');
    await connection.exec('SELECT sum(length(note)) FROM item');
  },

  async measure(context) {
    const { select, params } = context;
    const random = randomIntegers(11);
    let sum = 0;
    const visit = () => {
      sum += select.int(0);
    };
    for (let index = 0; index < params.reads; ++index) {
      select.bindInt(1, 1 + random(params.rows));
      const waiting = select.each(visit);
      if (waiting) await waiting;
    }
    context.sum = sum;
  },

  async verify({ connection, select, params, sum }) {
    select.finalize();
    const random = randomIntegers(11);
    let expected = 0;
    for (let index = 0; index < params.reads; ++index) {
      expected += quantityOf(1 + random(params.rows));
    }
    expectEqual(sum, expected, 'sum of what was read');
    return checkedFacts(connection);
  },
};
