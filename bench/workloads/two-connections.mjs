// A writer and a reader on one database, in one worker. After each transaction the event loop turns
// once, which is when some contenders carry news from one connection to the other.
import { nextTask } from '../page/context.mjs';
import { checkedFacts, expectEqual, fillItems, randomIntegers } from './common.mjs';

const readsEach = 20;

/** A reader may hear of a commit later, as one of the contenders tells it by a message. */
async function waitForSum(reader, sql, expected) {
  const deadline = performance.now() + 2000;
  for (;;) {
    const sum = await reader.number(sql);
    if (sum === expected) return;
    if (performance.now() > deadline) expectEqual(sum, expected, 'sum by the reader');
    await nextTask();
  }
}

export const twoConnections = {
  id: 'two-connections',
  title: 'A writer and a reader on two connections',
  unit: 'round',
  kind: 'write',
  commits: ({ turns }) => turns,
  operations: ({ turns }) => turns,
  params: {
    quick: { cacheKiB: 8192, rows: 5000, turns: 40 },
    full: { cacheKiB: 8192, rows: 20_000, turns: 200 },
  },
  paramsForSize: (rows) => ({ cacheKiB: 8192, rows, turns: 100 }),
  unfit: ({ exclusive, connections, engine }) => {
    if (exclusive) return 'locking_mode=exclusive admits one connection';
    if (connections === 1) return 'has no locks between connections of one worker';
    return engine === 'memory' ? 'a database in memory has one connection' : null;
  },

  async prepare(context) {
    const writer = await context.open();
    await fillItems(writer, context.params.rows);
    const reader = await context.open();
    Object.assign(context, { writer, reader });
    context.update = await writer.prepare('UPDATE item SET qty = qty + 1 WHERE id = ?');
    context.select = await reader.prepare('SELECT qty FROM item WHERE id = ?');
    await reader.exec('SELECT sum(qty) FROM item');
    context.before = await writer.number('SELECT sum(qty) FROM item');
  },

  async measure(context) {
    const { update, select, params } = context;
    const random = randomIntegers(17);
    let seen = 0;
    const visit = () => {
      ++seen;
    };
    for (let turn = 0; turn < params.turns; ++turn) {
      update.bindInt(1, 1 + random(params.rows));
      const waiting = update.run();
      if (waiting) await waiting;
      await nextTask();
      for (let index = 0; index < readsEach; ++index) {
        select.bindInt(1, 1 + random(params.rows));
        const reading = select.each(visit);
        if (reading) await reading;
      }
    }
    context.seen = seen;
  },

  async verify({ writer, reader, update, select, params, before, seen }) {
    update.finalize();
    select.finalize();
    expectEqual(seen, params.turns * readsEach, 'rows read');
    const sum = 'SELECT sum(qty) FROM item';
    expectEqual(await writer.number(sum), before + params.turns, 'sum by the writer');
    await waitForSum(reader, sum, before + params.turns);
    return checkedFacts(writer);
  },
};
