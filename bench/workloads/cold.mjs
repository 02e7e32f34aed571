// Reads of a database four times as large as the page cache, right after it was opened. The
// operating system still has the file in memory; what is cold is SQLite's cache.
import {
  checkedFacts,
  expectEqual,
  fillItems,
  noteOf,
  quantityOf,
  randomIntegers,
  rawSteps,
} from './common.mjs';

// About 108 bytes a row: 80,000 rows are 8 MiB, 320,000 are 32 MiB.
const params = {
  quick: { cacheKiB: 2048, rows: 80_000, reads: 1000 },
  full: { cacheKiB: 8192, rows: 320_000, reads: 5000 },
};
// Pieces in which a file is read fastest, according to the browsers' costs a call.
const scanPieceBytes = 64 * 1024;

async function prepare(context) {
  const first = await context.open();
  await fillItems(first, context.params.rows);
  context.connection = await context.reopen(first);
  // The schema is read before the clock starts.
  context.statement = await context.connection.prepare(this.sql);
}

/** A file of the database's size in place of the database. */
async function prepareRaw({ engine, facts }) {
  engine.fill(facts.bytes);
  engine.handle.flush();
}

export const coldReads = {
  id: 'cold-reads',
  title: 'Cold random point reads',
  unit: 'read',
  kind: 'read',
  operations: ({ reads }) => reads,
  params,
  paramsForSize: (rows) => ({ cacheKiB: 8192, rows, reads: 2000 }),
  sql: 'SELECT qty FROM item WHERE id = ?',

  prepare,

  async measure(context) {
    const { statement, params } = context;
    const random = randomIntegers(13);
    let sum = 0;
    const visit = () => {
      sum += statement.int(0);
    };
    for (let index = 0; index < params.reads; ++index) {
      statement.bindInt(1, 1 + random(params.rows));
      const waiting = statement.each(visit);
      if (waiting) await waiting;
    }
    context.sum = sum;
  },

  async verify({ connection, statement, params, sum }) {
    statement.finalize();
    const random = randomIntegers(13);
    let expected = 0;
    for (let index = 0; index < params.reads; ++index) {
      expected += quantityOf(1 + random(params.rows));
    }
    expectEqual(sum, expected, 'sum of what was read');
    return checkedFacts(connection);
  },

  raw: rawSteps({
    prepare: prepareRaw,
    /** One page for each read: the pages above it are few and would be cached. */
    async measure({ engine, facts, params }) {
      const random = randomIntegers(13);
      const page = new Uint8Array(4096);
      const pages = Math.floor(facts.bytes / page.length);
      for (let index = 0; index < params.reads; ++index) {
        engine.handle.read(page, { at: random(pages) * page.length });
      }
    },
  }),
};

export const coldScan = {
  id: 'cold-scan',
  title: 'Cold full scan',
  unit: 'row',
  kind: 'read',
  operations: ({ rows }) => rows,
  params,
  paramsForSize: (rows) => ({ cacheKiB: 8192, rows, reads: 0 }),
  sql: 'SELECT sum(qty), sum(length(note)) FROM item',

  prepare,

  async measure(context) {
    const { statement } = context;
    const waiting = statement.each(() => {
      context.sums = [statement.double(0), statement.double(1)];
    });
    if (waiting) await waiting;
  },

  async verify({ connection, statement, params, sums }) {
    statement.finalize();
    let quantity = 0;
    let length = 0;
    for (let id = 1; id <= params.rows; ++id) {
      quantity += quantityOf(id);
      length += noteOf(id).length;
    }
    expectEqual(sums[0], quantity, 'sum of quantities');
    expectEqual(sums[1], length, 'sum of lengths');
    return checkedFacts(connection);
  },

  raw: rawSteps({
    prepare: prepareRaw,
    async measure({ engine, facts }) {
      const piece = new Uint8Array(scanPieceBytes);
      for (let at = 0; at < facts.bytes; at += piece.length) engine.handle.read(piece, { at });
    },
  }),
};
