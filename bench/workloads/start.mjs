// From a loaded SQLite to the first answer of a database, in a pool that has slots already. Loading
// SQLite itself is not in it; plugging our module into SQLite is.
import { checkedFacts, expectEqual, fillItems } from './common.mjs';

const pools = ['sahpool', 'sahpool-before', 'official-pool', 'wa-pool'];

function start(slots) {
  return {
    id: `start-${slots}`,
    title: `Start of a pool of ${slots} slots`,
    unit: 'start',
    kind: 'start',
    measuresStart: true,
    operations: () => 1,
    params: {
      quick: { cacheKiB: 8192, rows: 10, slots },
      full: { cacheKiB: 8192, rows: 10, slots },
    },
    unfit: ({ engine, id }) => {
      if (!pools.includes(engine)) return 'has no pool';
      return id.endsWith('-delete') ? null : 'the same as with its other settings';
    },

    /** In a worker of its own, before: makes the pool. */
    async prepare(context) {
      await fillItems(await context.open(), context.params.rows);
    },

    async measure(context) {
      context.connection = await context.open();
      context.count = await context.connection.number('SELECT count(*) FROM item');
    },

    async verify({ connection, count, params }) {
      expectEqual(count, params.rows, 'rows');
      return checkedFacts(connection);
    },
  };
}

export const startSmall = start(6);
export const startLarge = start(200);
