// Ledgers that are written in a browser, one for each journal mode and each in a worker and a pool
// of its own, while browser, renderer, tab or worker end without a warning; after each end all are
// judged, and go on with the same pools.
//
// Beside them goes a ledger without a journal, the control: it must be found broken, or the run has
// shown nothing.
import { setTimeout as delay } from 'node:timers/promises';
import { randomNumbers } from '../pages/random.mjs';
import { Reports } from './reports.mjs';

const journalModes = ['delete', 'truncate', 'persist', 'wal', 'off'];
const controlMode = 'off';
/** The longest that ledgers are written before they die, once each has committed something. */
const longestLife = 500;
const reportDeadline = 60_000;

/** The ways to die that leave the browser running. */
export const smallDeaths = ['renderer', 'tab', 'reload', 'worker'];

/** Runs in the worker: opens the ledger and says what is in it. */
async function startLedger({ sqlite3, ledger, kept }, plan) {
  kept.ledger = new ledger.Ledger(sqlite3, plan);
  return kept.ledger.start();
}

/** Runs in the worker: what it starts goes on without an answer. */
function runLedger({ kept }) {
  // Not before the answer to this call is on its way: the worker hardly listens from then on.
  setTimeout(() => kept.ledger.run(), 0);
}

/** One ledger as the test knows it, over all its lives. */
class LedgerHistory {
  constructor(journalMode, reports) {
    this.journalMode = journalMode;
    this.directory = `ledger-${journalMode}`;
    this.isControl = journalMode === controlMode;
    this.knowledge = reports.of(this.directory);
    this.begin(0, null);
  }

  /** What is found now is what must be found again. */
  begin(sequence, copy) {
    this.transactionsJudged = sequence;
    this.knowledge.committed = sequence;
    this.knowledge.copies = new Set([copy]);
  }

  /** All that is wrong with what a start has found. */
  problems({ sequence, copies, problems }) {
    const { committed, copies: allowedCopies } = this.knowledge;
    const all = [...problems];
    // One more than was reported: it was in flight.
    if (sequence !== committed && sequence !== committed + 1)
      all.push(`transaction ${sequence} is the last, but ${committed} had been committed`);
    for (const copy of [copies.current, ...copies.setAside]) {
      if (!allowedCopies.has(copy))
        all.push(`a copy is of transaction ${copy}, not of ${[...allowedCopies].join(' or ')}`);
    }
    return all;
  }
}

export class CrashRun {
  #reports = new Reports();
  #histories = journalModes.map((mode) => new LedgerHistory(mode, this.#reports));
  #workers = new Map();
  #life = 0;

  outcome = {
    /** How often each way to die was died. */
    deaths: {},
    /** Transactions that were found again, in all ledgers but the control. */
    transactions: 0,
    violations: [],
    /** Deaths after which the control was broken. */
    controlViolated: 0,
    /** Files that deaths left over and that are no fault; see Ledger.start(). */
    leftovers: [],
  };

  /**
   * @param {import('../support/session.mjs').Session} session started
   * @param {number} seed of what is written and of the moments of death
   */
  constructor(session, seed) {
    this.session = session;
    this.seed = seed;
    this.random = randomNumbers(seed);
  }

  /** Opens all ledgers for the first time. */
  async begin() {
    await this.#reports.listen();
    await this.#beginLife();
  }

  /**
   * Lets the ledgers be written for a while, ends them by `death`, 'browser' or one of smallDeaths,
   * and judges what is left.
   */
  async round(death) {
    await this.#write();
    await delay(this.random(longestLife));
    await this.#die(death);
    this.outcome.deaths[death] = (this.outcome.deaths[death] ?? 0) + 1;
    await this.#beginLife();
  }

  /** Ends the writing in good order, after which the control must be whole too. */
  async end() {
    await this.#write();
    this.#reports.isStopping = true;
    await this.#waitFor(({ isStopped }) => isStopped);
    await this.session.closePages();
    await this.#beginLife({ isControlWhole: true });
    await this.session.closePages();
  }

  close() {
    this.#reports.close();
  }

  async #beginLife({ isControlWhole = false } = {}) {
    ++this.#life;
    this.page = await this.session.openPage();
    await Promise.all(
      this.#histories.map(async (history) => {
        const worker = await this.page.startWorker();
        this.#workers.set(history.directory, worker);
        const found = await worker.evaluate(startLedger, {
          directory: history.directory,
          journalMode: history.journalMode,
          seed: this.seed,
          life: this.#life,
          reportTo: this.#reports.url,
        });
        const problems = history.problems(found);
        if (history.isControl && problems.length > 0 && !isControlWhole) {
          ++this.outcome.controlViolated;
          await worker.evaluate(({ kept }) => kept.ledger.beginAnew());
          history.begin(0, null);
        } else {
          this.#noteJudgement(history, found, problems);
        }
        history.knowledge.beginLife(this.#life);
      }),
    );
  }

  #noteJudgement(history, found, problems) {
    const { journalMode } = history;
    const { outcome } = this;
    outcome.violations.push(
      ...problems.map((problem) => `life ${this.#life}, ${journalMode}: ${problem}`),
    );
    outcome.leftovers.push(...found.leftovers);
    if (!history.isControl) outcome.transactions += found.sequence - history.transactionsJudged;
    history.begin(found.sequence, found.copies.current);
  }

  /** Starts the writing, and waits until each ledger has committed something. */
  async #write() {
    await Promise.all([...this.#workers.values()].map((worker) => worker.evaluate(runLedger)));
    await this.#waitFor(({ commits }) => commits > 0);
  }

  /** Waits until that holds for what is known of each ledger. */
  async #waitFor(predicate) {
    const deadline = Date.now() + reportDeadline;
    for (;;) {
      const failed = this.#histories.find(({ knowledge }) => knowledge.failed);
      if (failed) throw new Error(`${failed.journalMode} failed: ${failed.knowledge.failed}`);
      if (this.#histories.every(({ knowledge }) => predicate(knowledge))) return;
      if (Date.now() > deadline) throw new Error('a ledger reports nothing');
      await delay(5);
    }
  }

  async #die(death) {
    const { session, page } = this;
    // What a worker may have failed with so far must not look like the end of it.
    await this.#waitFor(() => true);
    if (death === 'browser') await session.crashAndRestart();
    else if (death === 'renderer') await session.killRenderers();
    else if (death === 'tab') await session.closePages();
    else if (death === 'reload') await page.reload();
    else await Promise.all([...this.#workers.values()].map((worker) => worker.terminate()));
    if (death !== 'browser') await session.closePages();
    this.#workers.clear();
  }
}
