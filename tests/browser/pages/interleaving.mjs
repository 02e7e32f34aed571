// A seeded random walk of several connections on one database, each step checked against a model of
// SQLite's locking: what must be refused with SQLITE_BUSY, and what every read must see.
import { randomNumbers } from './random.mjs';
import { RollbackModel } from './rollback-model.mjs';
import { WalModel } from './wal-model.mjs';

const rowCount = 20;
const connectionCount = 3;

class Walk {
  constructor({ open, journalMode, seed, steps }) {
    this.open = open;
    this.journalMode = journalMode;
    this.random = randomNumbers(seed);
    this.steps = steps;
    this.nextValue = 1000;
    this.log = [];
    this.problems = [];
    this.commits = 0;
    this.busy = 0;
  }

  connect() {
    const db = this.open();
    db.exec(`PRAGMA busy_timeout = 0; PRAGMA journal_mode = ${this.journalMode}`);
    db.exec('PRAGMA wal_autocheckpoint = 20');
    return { db, cursor: null };
  }

  prepare() {
    const first = this.connect();
    first.db.exec('CREATE TABLE IF NOT EXISTS t(id INTEGER PRIMARY KEY, v INTEGER, pad TEXT)');
    const values = [];
    for (let id = 1; id <= rowCount; ++id) {
      values.push(id);
      first.db.exec('INSERT OR REPLACE INTO t VALUES(?, ?, ?)', { bind: [id, id, ''] });
    }
    const Model = this.journalMode === 'wal' ? WalModel : RollbackModel;
    this.model = new Model(connectionCount, values);
    this.connections = [first];
    while (this.connections.length < connectionCount) this.connections.push(this.connect());
  }

  /** Runs a step and compares its result code with `allowed`. */
  attempt(step, allowed, work) {
    let code = 0;
    let value;
    try {
      value = work();
    } catch (error) {
      if (!error.resultCode) throw error;
      code = error.resultCode;
    }
    if (code !== 0) ++this.busy;
    this.log.push(`${step}: ${code}`);
    if (!allowed.includes(code))
      this.problems.push(`${step}: ${code}, not ${allowed.join(' or ')}`);
    return { code, value };
  }

  compareRows(step, seen, expected) {
    const [actual, wanted] = [seen.join(), expected.join()];
    if (actual !== wanted) this.problems.push(`${step}: saw ${actual}, not ${wanted}`);
  }

  read(index) {
    const step = `${index} read`;
    const { db } = this.connections[index];
    const { code, value } = this.attempt(step, this.model.readCodes(index), () =>
      db.selectValues('SELECT v FROM t ORDER BY id'),
    );
    if (code === 0) this.compareRows(step, value, this.model.didRead(index));
  }

  write(index) {
    const id = 1 + this.random(rowCount);
    const value = this.nextValue++;
    const { db } = this.connections[index];
    const { code } = this.attempt(`${index} write ${id}`, this.model.writeCodes(index), () =>
      db.exec('UPDATE t SET v = ?, pad = ? WHERE id = ?', {
        bind: [value, 'x'.repeat(this.random(3000)), id],
      }),
    );
    if (code === 0 && !this.model.inTransaction(index)) ++this.commits;
    this.model.didWrite(index, code, id, value);
  }

  begin(index, kind) {
    const { db } = this.connections[index];
    const step = `${index} begin ${kind}`;
    const { code } = this.attempt(step, this.model.beginCodes(index, kind), () =>
      db.exec(`BEGIN ${kind}`),
    );
    if (code === 0) this.model.didBegin(index, kind);
  }

  commit(index) {
    const { db } = this.connections[index];
    const { code } = this.attempt(`${index} commit`, this.model.commitCodes(index), () =>
      db.exec('COMMIT'),
    );
    if (code === 0 && this.model.hasWritten(index)) ++this.commits;
    this.model.didCommit(index, code);
  }

  rollback(index) {
    this.attempt(`${index} rollback`, [0], () => this.connections[index].db.exec('ROLLBACK'));
    this.model.didRollback(index);
  }

  /** Starts a query and stops at its first row, so that its lock stays. */
  openCursor(index) {
    const connection = this.connections[index];
    const { code, value } = this.attempt(`${index} query`, this.model.readCodes(index), () => {
      const statement = connection.db.prepare('SELECT v FROM t ORDER BY id');
      try {
        statement.step();
        return statement;
      } catch (error) {
        statement.finalize();
        throw error;
      }
    });
    if (code !== 0) return;
    connection.cursor = value;
    this.model.didOpenCursor(index);
  }

  finishCursor(index) {
    const connection = this.connections[index];
    const step = `${index} rest of the query`;
    const seen = [];
    this.attempt(step, [0], () => {
      do seen.push(connection.cursor.get(0));
      while (connection.cursor.step());
    });
    connection.cursor.finalize();
    connection.cursor = null;
    this.compareRows(step, seen, this.model.didCloseCursor(index));
  }

  checkpoint(index) {
    const mode = ['PASSIVE', 'FULL', 'RESTART', 'TRUNCATE'][this.random(4)];
    const step = `${index} checkpoint ${mode}`;
    const { value } = this.attempt(step, [0], () =>
      this.connections[index].db.selectValue(`PRAGMA wal_checkpoint(${mode})`),
    );
    this.log.push(`  blocked: ${value}`);
    const allowed = this.model.checkpointResults(index, mode);
    if (!allowed.includes(value)) this.problems.push(`${step}: blocked is ${value}`);
    this.model.didCheckpoint(mode, value);
  }

  /** Closes a connection, in the middle of whatever it does, and opens another in its place. */
  reopen(index) {
    this.attempt(`${index} reopen`, [0], () => this.connections[index].db.close());
    this.model.didRollback(index);
    this.connections[index] = this.connect();
  }

  step() {
    const index = this.random(connectionCount);
    const { cursor } = this.connections[index];
    if (cursor) {
      if (this.random(3) === 0) this.finishCursor(index);
      else this.read(index);
    } else if (this.model.inTransaction(index)) {
      const choice = this.random(10);
      if (choice < 3) this.read(index);
      else if (choice < 6) this.write(index);
      else if (choice < 9) this.commit(index);
      else if (this.random(2) === 0 || !this.model.canConnect(index)) this.rollback(index);
      else this.reopen(index);
    } else {
      const choice = this.random(20);
      if (choice < 4) this.read(index);
      else if (choice < 8) this.write(index);
      else if (choice < 12) this.begin(index, 'DEFERRED');
      else if (choice < 14) this.begin(index, 'IMMEDIATE');
      else if (choice < 16) this.begin(index, 'EXCLUSIVE');
      else if (choice < 18) this.openCursor(index);
      else if (this.journalMode === 'wal') this.checkpoint(index);
      else this.read(index);
    }
  }

  run() {
    this.prepare();
    for (let count = 0; count < this.steps && this.problems.length === 0; ++count) this.step();
    for (const { cursor, db } of this.connections) {
      cursor?.finalize();
      db.close();
    }
    const last = this.connect();
    const rows = last.db.selectValues('SELECT v FROM t ORDER BY id');
    this.compareRows('at the end', rows, this.model.committed);
    const integrity = last.db.selectValue('PRAGMA integrity_check');
    last.db.close();
    const { problems, commits, busy } = this;
    return { problems, commits, busy, integrity, log: problems.length ? this.log.slice(-40) : [] };
  }
}

/**
 * Walks `steps` steps and stops at the first problem.
 * @param {{open: () => object, journalMode: string, seed: number, steps: number}} plan
 */
export function run(plan) {
  return new Walk(plan).run();
}
