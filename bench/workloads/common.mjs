// Data and checks that several workloads share. All data is made by rule, so that every contender
// has the same bytes and the sums are known beforehand.

/** A generator of 32-bit integers, the same for each seed everywhere (xorshift). */
export function randomIntegers(seed) {
  let state = seed || 1;
  return (limit) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
}

export function quantityOf(id) {
  return (id * 7919) % 1000;
}

export function noteOf(id) {
  return `note ${id} ${'lorem ipsum dolor sit amet '.repeat(3)}`;
}

export const createItems =
  'CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT, qty INTEGER, note TEXT)';

/** Fills table item with rows 1 to `count`, in one transaction. */
export async function fillItems(connection, count) {
  await connection.exec(`${createItems}; BEGIN IMMEDIATE`);
  await connection.exec(
    `WITH RECURSIVE series(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM series WHERE id < ${count})
     INSERT INTO item SELECT id, 'item ' || id, (id * 7919) % 1000,
       'note ' || id || ' ' || '${'lorem ipsum dolor sit amet '.repeat(3)}' FROM series`,
  );
  await connection.exec('COMMIT');
}

export function expectEqual(actual, expected, what) {
  if (actual !== expected) throw new Error(`${what}: ${actual}, expected ${expected}`);
}

/** The facts about a database, after a check of its structure. */
export async function checkedFacts(connection) {
  const [verdict] = await connection.exec('PRAGMA quick_check');
  expectEqual(verdict, 'ok', 'quick_check');
  const pages = await connection.number('PRAGMA page_count');
  const pageBytes = await connection.number('PRAGMA page_size');
  expectEqual(pageBytes, 4096, 'page size');
  return { bytes: pages * pageBytes };
}

/** The steps of a raw handle, which has nothing to prepare or to verify unless told otherwise. */
export function rawSteps(steps) {
  return { prepare: async () => undefined, verify: async () => ({}), ...steps };
}

/** Flushes where full durability asks for it. */
export function flushIfFull({ engine, contender }) {
  if (contender.durability === 'full') engine.handle.flush();
}

// A frame of SQLite's WAL: the least that makes a changed page durable in one write.
export const frameBytes = 24 + 4096;
