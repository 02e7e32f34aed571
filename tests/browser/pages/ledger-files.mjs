// The ledger as SQLite databases: its schema, its transactions, and whether a file holds just what
// the model says.
import {
  accountCount,
  entryBytes,
  LedgerModel,
  oldestEntry,
  planTransaction,
  touchesSavings,
} from './ledger-model.mjs';

/** The journal modes in which a transaction is atomic also across attached databases. */
const atomicAcrossFiles = ['delete', 'truncate', 'persist'];

/** The schema in which a ledger of that journal mode has the table `savings`. */
export function savingsSchema(journalMode) {
  return atomicAcrossFiles.includes(journalMode) ? 'other' : 'main';
}

/** Makes the tables that are not there, filled with accounts, in one transaction. */
export function createLedger(db, savings) {
  db.transaction('IMMEDIATE', () => {
    db.exec(`CREATE TABLE IF NOT EXISTS main.meta(sequence INTEGER);
      CREATE TABLE IF NOT EXISTS main.entry(
        id INTEGER PRIMARY KEY, account INTEGER, amount INTEGER, bytes BLOB);
      CREATE INDEX IF NOT EXISTS main.entry_by_account ON entry(account, amount);
      CREATE TABLE IF NOT EXISTS ${savings}.savings_meta(sequence INTEGER)`);
    // Padded so that the accounts take several pages.
    for (const table of ['main.checking', `${savings}.savings`]) {
      db.exec(`CREATE TABLE IF NOT EXISTS ${table}(
        id INTEGER PRIMARY KEY, balance INTEGER, padding TEXT)`);
    }
    if (db.selectValue('SELECT count(*) FROM main.meta') > 0) return;
    db.exec(`INSERT INTO main.meta VALUES(0); INSERT INTO ${savings}.savings_meta VALUES(0)`);
    for (const table of ['main.checking', `${savings}.savings`]) {
      db.exec(
        `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
        INSERT INTO ${table} SELECT i, 1000, hex(zeroblob(250)) FROM n`,
        { bind: [accountCount] },
      );
    }
  });
}

function move(db, savings, { id, from, to, amount, toSavings, size }) {
  const target = toSavings ? `${savings}.savings` : 'main.checking';
  db.exec('UPDATE main.checking SET balance = balance - ? WHERE id = ?', { bind: [amount, from] });
  db.exec('INSERT INTO main.entry VALUES(?, ?, ?, ?)', {
    bind: [id, from, amount, entryBytes(id, size)],
  });
  db.exec(`UPDATE ${target} SET balance = balance + ? WHERE id = ?`, { bind: [amount, to] });
}

/**
 * Transaction `number` of the ledger.
 * @param {object} options
 * @param {boolean} options.canUndo whether savepoints work, which they need a journal for
 * @param {() => void} options.beforeCommit called when all but COMMIT has been done
 */
export function transact(db, savings, seed, number, { canUndo, beforeCommit }) {
  const plan = planTransaction(seed, number);
  db.exec('BEGIN IMMEDIATE');
  db.exec('UPDATE main.meta SET sequence = ?', { bind: [number] });
  for (const step of plan.moves) {
    if (step.isUndone && !canUndo) continue;
    if (step.isUndone) db.exec('SAVEPOINT undone');
    move(db, savings, step);
    if (step.isUndone) db.exec('ROLLBACK TO undone; RELEASE undone');
  }
  if (plan.bonus > 0) {
    db.exec('UPDATE main.checking SET balance = balance + ?', { bind: [plan.bonus] });
    db.exec(`UPDATE ${savings}.savings SET balance = balance - ?`, { bind: [plan.bonus] });
  }
  if (touchesSavings(plan)) {
    db.exec(`UPDATE ${savings}.savings_meta SET sequence = ?`, { bind: [number] });
  }
  db.exec('DELETE FROM main.entry WHERE id < ?', { bind: [oldestEntry(number)] });
  beforeCommit();
  db.exec('COMMIT');
}

function compareAccounts(db, table, expected, problems) {
  const found = db.selectValues(`SELECT balance FROM ${table} ORDER BY id`);
  if (found.join() !== expected.join()) problems.push(`${table}: ${found}, not ${expected}`);
}

function compareEntries(db, model, problems) {
  const ids = db.selectValues('SELECT id FROM main.entry ORDER BY id');
  const expected = [...model.entries.keys()].sort((a, b) => a - b);
  if (ids.join() !== expected.join()) problems.push(`entries: ${ids}, not ${expected}`);
  for (const [id, account, amount, bytes] of db.selectArrays('SELECT * FROM main.entry')) {
    const [wantedAccount, wantedAmount, size] = model.entries.get(id) ?? [];
    const wanted = entryBytes(id, size ?? 0);
    const isRight =
      account === wantedAccount &&
      amount === wantedAmount &&
      bytes.length === size &&
      bytes.every((byte, index) => byte === wanted[index]);
    if (!isRight) problems.push(`entry ${id} is not as it was written`);
  }
}

/**
 * Compares a ledger with the model.
 * @param {string | null} savings the schema of the table `savings`; null: the file is without it
 * @returns {{sequence: number | null, problems: string[]}} null when even that can't be read
 */
export function judgeLedger(db, savings, seed) {
  const problems = [];
  try {
    const sequence = db.selectValue('SELECT sequence FROM main.meta');
    const model = LedgerModel.after(seed, sequence);
    compareAccounts(db, 'main.checking', model.checking, problems);
    compareEntries(db, model, problems);
    if (savings) {
      compareAccounts(db, `${savings}.savings`, model.savings, problems);
      const reached = db.selectValue(`SELECT sequence FROM ${savings}.savings_meta`);
      if (reached !== model.savingsSequence)
        problems.push(`savings: at ${reached}, not ${model.savingsSequence}`);
    }
    for (const schema of new Set(['main', savings ?? 'main'])) {
      const integrity = db.selectValues(`PRAGMA ${schema}.integrity_check`).join();
      if (integrity !== 'ok') problems.push(`integrity of ${schema}: ${integrity}`);
    }
    return { sequence, problems };
  } catch (error) {
    return { sequence: null, problems: [...problems, String(error)] };
  }
}
