// The kinds of work that SQLite's own speedtest1 does in its main set, written anew: inserts with
// and without indexes, range and text queries, joins, updates, deletes, schema changes, VACUUM and
// ANALYZE. Size 100 has about as many rows as speedtest1 has with --size 100 divided by 5.
import { checkedFacts, expectEqual, randomIntegers } from './common.mjs';

const words = 'zero one two three four five six seven eight nine'.split(' ');

/** The number in words: 407 is "four zero seven". */
function inWords(number) {
  return [...String(number)].map((digit) => words[Number(digit)]).join(' ');
}

/** Runs the body in one transaction. */
async function transaction(connection, body) {
  await connection.exec('BEGIN IMMEDIATE');
  await body();
  await connection.exec('COMMIT');
}

/** Runs a statement once for each of `count` numbers, with the values that `bind()` gives it. */
async function repeat(connection, sql, count, bind) {
  const statement = await connection.prepare(sql);
  for (let index = 1; index <= count; ++index) {
    bind(statement, index);
    const waiting = statement.run();
    if (waiting) await waiting;
  }
  statement.finalize();
}

function bindRow(random) {
  return (statement, index) => {
    const value = random(1_000_000);
    statement.bindInt(1, index);
    statement.bindInt(2, value);
    statement.bindText(3, inWords(value));
  };
}

function bindRange(random, rows) {
  return (statement) => {
    const low = random(rows);
    statement.bindInt(1, low);
    statement.bindInt(2, low + 1 + Math.floor(rows / 100));
  };
}

const insertInto = (table) => `INSERT INTO ${table} VALUES(?1, ?2, ?3)`;
const replaceInto = (table) => `REPLACE INTO ${table} VALUES(?1, ?2, ?3)`;

/** Each part: its name, and what it does; `n` is the size times 100. */
const parts = {
  async insertUnindexed({ connection, n, random }) {
    await connection.exec('CREATE TABLE plain(a INTEGER, b INTEGER, c TEXT)');
    await transaction(connection, () =>
      repeat(connection, insertInto('plain'), n, bindRow(random)),
    );
  },
  async insertOrderedKeys({ connection, n, random }) {
    await connection.exec('CREATE TABLE ordered(a INTEGER UNIQUE, b INTEGER, c TEXT)');
    await transaction(connection, () =>
      repeat(connection, insertInto('ordered'), n, bindRow(random)),
    );
  },
  async insertScatteredKeys({ connection, n, random }) {
    await connection.exec('CREATE TABLE scattered(a INTEGER UNIQUE, b INTEGER, c TEXT)');
    await transaction(connection, () =>
      repeat(connection, insertInto('scattered'), n, (statement, index) => {
        bindRow(random)(statement, index);
        // 7919 is prime to every n here, so that each key occurs once.
        statement.bindInt(1, (index * 7919) % n);
      }),
    );
  },
  async rangesWithoutIndex({ connection, n, random }) {
    const sql = 'SELECT count(*), avg(b), sum(length(c)) FROM plain WHERE b BETWEEN ?1 AND ?2';
    await transaction(connection, () => repeat(connection, sql, 10, bindRange(random, n * 50)));
  },
  async textSearch({ connection, random }) {
    const sql = 'SELECT count(*), avg(b) FROM plain WHERE c LIKE ?1';
    await transaction(connection, () =>
      repeat(connection, sql, 10, (statement) => {
        statement.bindText(1, `%${inWords(random(100))}%`);
      }),
    );
  },
  async sortedSearch({ connection, random }) {
    const sql = 'SELECT a, b, c FROM plain WHERE c LIKE ?1 ORDER BY c LIMIT 10';
    await transaction(connection, () =>
      repeat(connection, sql, 10, (statement) => {
        statement.bindText(1, `${inWords(random(10))}%`);
      }),
    );
  },
  async createIndexes({ connection }) {
    await transaction(connection, () =>
      connection.exec(
        `CREATE INDEX plain_a ON plain(a); CREATE INDEX plain_b ON plain(b);
         CREATE UNIQUE INDEX ordered_ab ON ordered(a, b); CREATE INDEX scattered_c ON scattered(c)`,
      ),
    );
  },
  async rangesWithIndex({ connection, n, random }) {
    const sql = 'SELECT count(*), avg(b), sum(length(c)) FROM plain WHERE b BETWEEN ?1 AND ?2';
    await transaction(connection, () => repeat(connection, sql, n / 5, bindRange(random, n * 50)));
  },
  async pointsByKey({ connection, n, random }) {
    await transaction(connection, () =>
      repeat(connection, 'SELECT b, c FROM scattered WHERE a = ?1', n, (statement) => {
        statement.bindInt(1, random(n));
      }),
    );
  },
  async pointsByText({ connection, n, random }) {
    await transaction(connection, () =>
      repeat(connection, 'SELECT a, b FROM scattered WHERE c = ?1', n, (statement) => {
        statement.bindText(1, inWords(random(1_000_000)));
      }),
    );
  },
  async insertIntoIndexed({ connection, n, random }) {
    await connection.exec(
      `CREATE TABLE indexed(a INTEGER PRIMARY KEY, b INTEGER, c TEXT);
       CREATE INDEX indexed_b ON indexed(b); CREATE INDEX indexed_c ON indexed(c)`,
    );
    await transaction(connection, () =>
      repeat(connection, insertInto('indexed'), n, bindRow(random)),
    );
  },
  async emptyAndRefill({ connection }) {
    await connection.exec('DELETE FROM scattered; INSERT INTO scattered SELECT a, b, c FROM plain');
  },
  async vacuum({ connection }) {
    await connection.exec('VACUUM');
  },
  async addColumn({ connection }) {
    await connection.exec('ALTER TABLE scattered ADD COLUMN d INTEGER DEFAULT 123');
    await connection.exec('SELECT sum(d) FROM scattered');
  },
  async updateRanges({ connection, n, random }) {
    const sql = 'UPDATE scattered SET d = b * 2 WHERE a BETWEEN ?1 AND ?2';
    await transaction(connection, () => repeat(connection, sql, n / 50, bindRange(random, n)));
  },
  async updateRows({ connection, n, random }) {
    await transaction(connection, () =>
      repeat(connection, 'UPDATE scattered SET d = b * 3 WHERE a = ?1', n, (statement) => {
        statement.bindInt(1, 1 + random(n));
      }),
    );
  },
  async updateAll({ connection }) {
    await connection.exec('UPDATE scattered SET d = b * 4');
  },
  async deleteRanges({ connection, n, random }) {
    const sql = 'DELETE FROM indexed WHERE a BETWEEN ?1 AND ?2';
    await transaction(connection, () => repeat(connection, sql, 10, bindRange(random, n)));
  },
  async deleteRows({ connection, n, random }) {
    await transaction(connection, () =>
      repeat(connection, 'DELETE FROM indexed WHERE a = ?1', n / 2, (statement) => {
        statement.bindInt(1, 1 + random(n));
      }),
    );
  },
  async replaceRows({ connection, n, random }) {
    await transaction(connection, () =>
      repeat(connection, replaceInto('indexed'), n, bindRow(random)),
    );
  },
  async join({ connection }) {
    await connection.exec(
      `SELECT count(*), max(p.c) FROM plain p JOIN ordered o ON o.a = p.a JOIN scattered s ON s.a = o.a
         JOIN indexed i ON i.a = s.a WHERE i.b > 500000`,
    );
  },
  async subqueries({ connection, n }) {
    await connection.exec(
      `SELECT sum((SELECT count(*) FROM indexed i WHERE i.b BETWEEN p.b AND p.b + 20))
         FROM plain p WHERE p.a <= ${n / 2}`,
    );
  },
  async textKeys({ connection, n, random }) {
    await connection.exec('CREATE TABLE keyed(k TEXT PRIMARY KEY, v INTEGER) WITHOUT ROWID');
    const sql = 'REPLACE INTO keyed VALUES(?1, ?2)';
    await transaction(connection, () =>
      repeat(connection, sql, n, (statement, index) => {
        statement.bindText(1, inWords(random(n)));
        statement.bindInt(2, index);
      }),
    );
  },
  async distinct({ connection }) {
    await connection.exec('SELECT DISTINCT b % 100 FROM plain; SELECT DISTINCT c FROM plain');
  },
  async integrity({ connection }) {
    const [verdict] = await connection.exec('PRAGMA integrity_check');
    expectEqual(verdict, 'ok', 'integrity_check');
  },
  async analyze({ connection }) {
    await connection.exec('ANALYZE');
  },
};

export const mixedWork = {
  id: 'mixed-work',
  title: 'The mix of speedtest1',
  unit: 'run',
  kind: 'write',
  commits: () => 1,
  operations: () => 1,
  params: {
    quick: { cacheKiB: 8192, size: 10 },
    full: { cacheKiB: 8192, size: 100 },
  },

  async prepare(context) {
    context.connection = await context.open();
  },

  async measure({ connection, params }) {
    const random = randomIntegers(23);
    const times = {};
    for (const [name, work] of Object.entries(parts)) {
      const start = performance.now();
      await work({ connection, n: params.size * 100, random });
      times[name] = performance.now() - start;
    }
    return times;
  },

  async verify({ connection, params }) {
    const n = params.size * 100;
    for (const table of ['plain', 'ordered', 'scattered']) {
      expectEqual(await connection.number(`SELECT count(*) FROM ${table}`), n, `rows of ${table}`);
    }
    expectEqual(await connection.number('SELECT count(*) FROM indexed'), n, 'rows of indexed');
    const [sum] = await connection.exec('SELECT sum(d) = 4 * sum(b) FROM scattered');
    expectEqual(sum, '1', 'what the last update left');
    return checkedFacts(connection);
  },
};
