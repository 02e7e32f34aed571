// What a workload has at hand in the worker.

const databaseName = 'bench.db';
const pageBytes = 4096;

export class Context {
  #connections = new Set();

  /**
   * @param {object} options
   * @param {import('../contenders.mjs').Contender} options.contender
   * @param {object} options.params the workload's parameters
   * @param {object} options.engine the contender's engine, started
   * @param {object} options.facts what the counting pass has found out
   */
  constructor({ contender, params, engine, facts }) {
    this.contender = contender;
    this.params = params;
    this.engine = engine;
    this.facts = facts;
    this.databaseName = databaseName;
  }

  /** Opens the database with the contender's settings; all else is the same for everyone. */
  async open() {
    const connection = await this.engine.connect(databaseName);
    this.#connections.add(connection);
    await connection.exec(this.#settings());
    return connection;
  }

  #settings() {
    const { exclusive, journal, durability } = this.contender;
    const settings = [`page_size = ${pageBytes}`];
    if (exclusive) settings.push('locking_mode = exclusive');
    if (journal === 'wal' || journal === 'delete') settings.push(`journal_mode = ${journal}`);
    settings.push(
      `synchronous = ${durability === 'normal' ? 'NORMAL' : 'FULL'}`,
      `cache_size = -${this.params.cacheKiB}`,
      'temp_store = MEMORY',
    );
    return settings.map((setting) => `PRAGMA ${setting};`).join('');
  }

  async close(connection) {
    this.#connections.delete(connection);
    await connection.close();
  }

  /** Gets what is in a log into the database and opens it anew, so that nothing is cached. */
  async reopen(connection) {
    if (this.contender.journal === 'wal') await connection.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    if (this.contender.journal === 'own') await connection.exec('PRAGMA wal_checkpoint = truncate');
    await this.close(connection);
    return this.open();
  }

  async end() {
    for (const connection of [...this.#connections]) await this.close(connection);
    await this.engine.close();
  }
}

/** Lets everything run that waits for the event loop. */
export function nextTask() {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
