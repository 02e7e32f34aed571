// Reads of single rows, each in a transaction of its own, of a database that is in the page cache,
// by a connection that has been reading for a while: a browser's compiler takes tens of thousands
// of reads until it is done with SQLite, and would be most of what is measured.
import { checkedFacts, expectEqual, fillItems, quantityOf, randomIntegers } from './common.mjs';

/** Reads until `isDone(count)`, and returns the sum of what was read. */
async function readRows({ select, params }, isDone) {
  const random = randomIntegers(11);
  let sum = 0;
  const visit = () => {
    sum += select.int(0);
  };
  for (let count = 0; !isDone(count); ++count) {
    select.bindInt(1, 1 + random(params.rows));
    const waiting = select.each(visit);
    if (waiting) await waiting;
  }
  return sum;
}

export const pointReads = {
  id: 'point-reads',
  title: 'Warm point reads',
  unit: 'read',
  kind: 'read',
  operations: ({ reads }) => reads,
  params: {
    quick: { cacheKiB: 8192, rows: 5000, reads: 5000, warmUpMs: 100 },
    full: { cacheKiB: 8192, rows: 20_000, reads: 20_000, warmUpMs: 500 },
  },
  paramsForSize: (rows) => ({ cacheKiB: 8192, rows, reads: 20_000, warmUpMs: 500 }),

  async prepare(context) {
    const connection = await context.open();
    await fillItems(connection, context.params.rows);
    context.connection = connection;
    context.select = await connection.prepare('SELECT qty FROM item WHERE id = ?');
    await connection.exec('SELECT sum(length(note)) FROM item');
    const end = performance.now() + context.params.warmUpMs;
    await readRows(context, () => performance.now() >= end);
  },

  async measure(context) {
    context.sum = await readRows(context, (count) => count === context.params.reads);
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
