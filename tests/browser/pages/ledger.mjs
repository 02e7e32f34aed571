// The worker of the crash tests: opens its pool, judges what the last crash left of the ledger, and
// then writes without end, until its end comes from outside. Whatever must survive is reported to
// the test's process by synchronous requests: when one has returned, it knows.
import { createLedger, judgeLedger, savingsSchema, transact } from './ledger-files.mjs';
import { randomNumbers } from './random.mjs';
import { slotNames } from './tools.mjs';

/** Enough for all files and journals, temporary files and an import. */
const leastCapacity = 14;
/** Few pages, so that large transactions are written to the files before they commit. */
const cachePages = 6;

const wantedNames = /^\/(ledger|savings|copy)\.db(-journal|-wal)?$/;
/** What a crash may leave: an unused super-journal, and a database that an import was replacing. */
const superJournalNames = /^\/ledger\.db-mj[0-9A-F]+$/;
const duplicateNames = /^\/copy\.db\.duplicate-\d+$/;

export class Ledger {
  /**
   * @param {object} sqlite3 with sahpool attached
   * @param {object} plan
   * @param {string} plan.directory of the pool, also what reports go under
   * @param {string} plan.journalMode 'off' is the negative control
   * @param {number} plan.seed of all that is written
   * @param {number} plan.life which start of this ledger this is
   * @param {string} plan.reportTo the address for reports
   */
  constructor(sqlite3, plan) {
    Object.assign(this, plan);
    this.sqlite3 = sqlite3;
    this.savings = savingsSchema(this.journalMode);
    this.random = randomNumbers(this.seed * 1000 + this.life);
    this.connections = [];
    /** Whether this life has committed anything. */
    this.hasCommitted = false;
  }

  /**
   * Opens the pool and judges what is in it.
   * @returns what was found: `sequence` of the ledger, `copies` (the sequence of copy.db and of what
   *     an interrupted import has set aside), `problems`, and `leftovers`, which is no problem
   */
  async start() {
    const pool = await this.sqlite3.installOpfsSAHPoolVfs({
      name: this.directory,
      directory: this.directory,
      initialCapacity: leastCapacity,
      verbosity: 1,
    });
    this.pool = pool;
    const problems = await this.#accountingProblems();
    const { copies, problems: copyProblems } = this.#judgeCopies();
    const ledger = this.#openLedger();
    problems.push(...copyProblems, ...ledger.problems);
    this.sequence = ledger.sequence;
    return { sequence: ledger.sequence, copies, problems, leftovers: this.#removeLeftovers() };
  }

  /** Begins again with an empty pool, for the control, which does not survive a crash. */
  async beginAnew() {
    this.#disconnect();
    await this.pool.wipeFiles();
    this.sequence = this.#openLedger().sequence;
  }

  #openLedger() {
    try {
      this.#connect();
      createLedger(this.connections[0], this.savings);
      // So that each knows the schema: while the file is locked, none could learn of a new one.
      for (const db of this.connections) db.selectValue('SELECT count(*) FROM main.meta');
    } catch (error) {
      return { sequence: null, problems: [String(error)] };
    }
    return judgeLedger(this.connections[0], this.savings, this.seed);
  }

  /** Every slot is named or free, none in quarantine, none lost. */
  async #accountingProblems() {
    const { pool } = this;
    const problems = [];
    for (const { name, reason } of pool.quarantine().list()) {
      problems.push(`quarantine: ${name}: ${reason}`);
    }
    for (const name of pool.getFileNames()) {
      if (![wantedNames, superJournalNames, duplicateNames].some((it) => it.test(name)))
        problems.push(`unexpected file ${name}`);
    }
    const [capacity, files] = [pool.getCapacity(), pool.getFileCount()];
    const free = await pool.reduceCapacity(capacity);
    if (files + free !== capacity) {
      problems.push(`of ${capacity} slots, ${files} have files and ${free} are free`);
    }
    const slots = (await slotNames(this.directory)).length;
    if (slots !== files) problems.push(`${slots} slots are left for ${files} files`);
    await pool.reserveMinimumCapacity(leastCapacity);
    return problems;
  }

  /** Copies hold `checking` and entries; of `savings` only where it is in the same file. */
  #judgeCopies() {
    const copies = { current: null, setAside: [] };
    const problems = [];
    for (const name of this.pool.getFileNames()) {
      const isDuplicate = duplicateNames.test(name);
      if (name !== '/copy.db' && !isDuplicate) continue;
      const db = new this.pool.OpfsSAHPoolDb(name);
      const found = judgeLedger(db, this.savings === 'main' ? 'main' : null, this.seed);
      db.close();
      if (isDuplicate) copies.setAside.push(found.sequence);
      else copies.current = found.sequence;
      problems.push(...found.problems.map((problem) => `${name}: ${problem}`));
    }
    return { copies, problems };
  }

  #removeLeftovers() {
    const leftovers = this.pool
      .getFileNames()
      .filter((name) => superJournalNames.test(name) || duplicateNames.test(name));
    for (const name of leftovers) this.pool.unlink(name);
    return leftovers;
  }

  /** Opens two connections. */
  #connect() {
    for (let count = 0; count < 2; ++count) {
      const db = new this.pool.OpfsSAHPoolDb('ledger.db');
      this.connections.push(db);
      db.exec('PRAGMA auto_vacuum = incremental; PRAGMA temp_store = file');
      if (this.savings === 'other') db.exec("ATTACH 'savings.db' AS other");
      this.#setEverywhere(db, 'journal_mode', this.journalMode);
      this.#setEverywhere(db, 'cache_size', cachePages);
      db.exec(`PRAGMA temp.cache_size = ${cachePages}; PRAGMA wal_autocheckpoint = 60`);
    }
  }

  #setEverywhere(db, pragma, value) {
    for (const schema of new Set(['main', this.savings])) {
      db.exec(`PRAGMA ${schema}.${pragma} = ${value}`);
    }
  }

  #disconnect() {
    for (const db of this.connections) db.close();
    this.connections = [];
  }

  /** Reports to the test's process and returns when it knows; whether to go on is its answer. */
  #report(event) {
    const request = new XMLHttpRequest();
    request.open('POST', this.reportTo, false);
    request.send(JSON.stringify({ directory: this.directory, life: this.life, ...event }));
    return request.responseText === 'go on';
  }

  /** Writes until the end of the worker, or until a report is answered otherwise. */
  async run() {
    try {
      do {
        if (this.journalMode !== 'off' && this.random(3) === 0) await this.#chore();
      } while (this.#transact());
      this.#disconnect();
      this.pool.pauseVfs();
      this.#report({ stopped: true });
    } catch (error) {
      this.#report({ failed: `${error.message}\n${error.stack}` });
    }
  }

  #transact() {
    const [writer, reader] =
      this.random(2) === 0 ? this.connections : [...this.connections].reverse();
    const levels = this.journalMode === 'wal' ? ['normal', 'full', 'extra'] : ['full', 'extra'];
    this.#setEverywhere(writer, 'synchronous', levels[this.random(levels.length)]);
    const number = this.sequence + 1;
    const looksOn = this.random(4) === 0;
    transact(writer, this.savings, this.seed, number, {
      canUndo: this.journalMode !== 'off',
      beforeCommit: () => {
        if (looksOn) this.#lookOn(reader);
        if (this.journalMode === 'off') this.#dwell(writer);
      },
    });
    this.sequence = number;
    this.hasCommitted = true;
    return this.#report({ committed: number });
  }

  /**
   * Keeps the control in the middle of its second transaction, part of it written, until it dies or
   * is told to stop: it must be broken however seldom a slow machine lets it run.
   */
  #dwell(writer) {
    while (this.hasCommitted && this.#report({})) {
      // More than the page cache and what the VFS keeps back hold together, so that every round
      // writes to the file.
      writer.exec('INSERT INTO main.entry(bytes) VALUES(zeroblob(700000))');
      writer.exec('DELETE FROM main.entry WHERE rowid = last_insert_rowid()');
      writer.exec('UPDATE main.checking SET padding = hex(randomblob(250))');
      writer.exec('UPDATE main.savings SET padding = hex(randomblob(250))');
    }
  }

  /** Another connection sees the last commit, or is told to wait. */
  #lookOn(reader) {
    let seen;
    try {
      seen = reader.selectValue('SELECT sequence FROM main.meta');
    } catch (error) {
      if (error.resultCode !== this.sqlite3.capi.SQLITE_BUSY) throw error;
      return;
    }
    // Without a journal there is no isolation either.
    if (seen !== this.sequence && this.journalMode !== 'off')
      throw new Error(`a reader sees ${seen} before its commit, not ${this.sequence}`);
  }

  /** Something that changes nothing of the ledger. */
  async #chore() {
    const [db] = this.connections;
    const chores = [
      () => this.#rollBack(db),
      () => this.#rollBack(db),
      () => db.exec(`VACUUM ${['main', this.savings][this.random(2)]}`),
      () => db.exec('PRAGMA incremental_vacuum(5)'),
      () => this.#checkpoint(db),
      () => this.#checkpoint(db),
      () => this.#copy(db),
      () => this.#copy(db),
      () => this.#removeCopy(),
      () => this.#useTemporaryTable(db),
      () => this.pool.addCapacity(1 + this.random(3)),
      () => this.#reduceCapacity(),
      () => this.#pause(),
    ];
    await chores[this.random(chores.length)]();
  }

  /** A transaction that is written in part, and then undone. */
  #rollBack(db) {
    db.exec('BEGIN; UPDATE main.meta SET sequence = -1');
    db.exec('UPDATE main.checking SET balance = -7, padding = hex(randomblob(400))');
    db.exec(`DELETE FROM ${this.savings}.savings`);
    db.exec('INSERT INTO main.entry(bytes) VALUES(randomblob(50000)); ROLLBACK');
  }

  #checkpoint(db) {
    const mode = ['PASSIVE', 'FULL', 'RESTART', 'TRUNCATE'][this.random(4)];
    db.exec(`PRAGMA wal_checkpoint(${mode})`);
  }

  /** Replaces copy.db by an export, taken in the middle of a transaction that must not be in it. */
  async #copy(db) {
    const isInTransaction = this.random(2) === 0;
    if (isInTransaction) db.exec('BEGIN; UPDATE main.checking SET balance = -9');
    const image = this.pool.exportFile('ledger.db');
    if (isInTransaction) db.exec('ROLLBACK');
    this.#report({ copying: this.sequence });
    if (this.random(2) === 0) {
      this.pool.importDb('copy.db', image);
    } else {
      let sent = 0;
      await this.pool.importDb('copy.db', async () => {
        await null;
        return sent < image.length ? image.subarray(sent, (sent += 40_000)) : undefined;
      });
    }
    this.#report({ copied: this.sequence });
  }

  #removeCopy() {
    this.#report({ copying: null });
    this.pool.unlink('copy.db');
    this.#report({ copied: null });
  }

  #useTemporaryTable(db) {
    db.exec('CREATE TEMP TABLE t AS SELECT * FROM main.entry; DELETE FROM t; DROP TABLE t');
  }

  async #reduceCapacity() {
    await this.pool.reduceCapacity(Math.max(0, this.pool.getCapacity() - leastCapacity));
  }

  async #pause() {
    this.#disconnect();
    this.pool.pauseVfs();
    await this.pool.unpauseVfs();
    this.#connect();
  }
}
