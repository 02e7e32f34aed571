// Many rows at once into a new table that has an index.
import {
  checkedFacts,
  createItems,
  expectEqual,
  flushIfFull,
  noteOf,
  quantityOf,
  rawSteps,
} from './common.mjs';

export const bulkLoad = {
  id: 'bulk-load',
  title: 'Bulk load with an index',
  unit: 'row',
  kind: 'write',
  commits: () => 1,
  operations: ({ rows }) => rows,
  params: {
    quick: { cacheKiB: 8192, rows: 10_000 },
    full: { cacheKiB: 8192, rows: 100_000 },
  },
  paramsForSize: (rows) => ({ cacheKiB: 8192, rows }),

  async prepare(context) {
    context.connection = await context.open();
    await context.connection.exec(`${createItems}; CREATE INDEX item_qty ON item(qty)`);
    context.insert = await context.connection.prepare('INSERT INTO item VALUES(?, ?, ?, ?)');
  },

  async measure({ connection, insert, params }) {
    await connection.exec('BEGIN IMMEDIATE');
    for (let id = 1; id <= params.rows; ++id) {
      insert.bindInt(1, id);
      insert.bindText(2, `item ${id}`);
      insert.bindInt(3, quantityOf(id));
      insert.bindText(4, noteOf(id));
      const waiting = insert.run();
      if (waiting) await waiting;
    }
    await connection.exec('COMMIT');
  },

  async verify({ connection, insert, params }) {
    insert.finalize();
    let sum = 0;
    for (let id = 1; id <= params.rows; ++id) sum += quantityOf(id);
    expectEqual(await connection.number('SELECT count(*) FROM item'), params.rows, 'rows');
    expectEqual(await connection.number('SELECT sum(qty) FROM item'), sum, 'sum of quantities');
    return checkedFacts(connection);
  },

  raw: rawSteps({
    async measure(context) {
      context.engine.fill(context.facts.bytes);
      flushIfFull(context);
    },
  }),
};
